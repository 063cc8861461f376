"""What a phone asked for, remembered so that asking twice does it once."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry.kit import clock
from registry.kit.db import Base


class Command(Base):
    """One thing done for one person of the staff, under the name their phone gave it."""

    __tablename__ = "team_commands"

    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    key: Mapped[UUID] = mapped_column(primary_key=True)
    done_at: Mapped[datetime]


def once(session: Session, staff_id: UUID | None, key: UUID) -> bool:
    """True the first time. The same key at the same moment waits for the first to finish."""
    written = session.execute(
        insert(Command)
        .values(staff_id=staff_id, key=key, done_at=clock.now())
        .on_conflict_do_nothing()
        .returning(Command.key)
    )
    return written.first() is not None
