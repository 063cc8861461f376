"""What a phone asked for, remembered so that asking twice does it once."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ForeignKey, delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry.kit import clock
from registry.kit.db import Base, transaction

# No phone sends again what it was told so long ago.
KEPT = timedelta(days=7)


class Command(Base):
    """One thing done for one person of the staff, under the name their phone gave it."""

    __tablename__ = "team_commands"

    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    key: Mapped[UUID] = mapped_column(primary_key=True)
    done_at: Mapped[datetime] = mapped_column(index=True)


def once(session: Session, staff_id: UUID | None, key: UUID) -> bool:
    """True the first time. The same key at the same moment waits for the first to finish."""
    written = session.execute(
        insert(Command)
        .values(staff_id=staff_id, key=key, done_at=clock.now())
        .on_conflict_do_nothing()
        .returning(Command.key)
    )
    return written.first() is not None


def forget_old() -> None:
    """A chore of the sweeper."""
    with transaction() as session:
        session.execute(delete(Command).where(Command.done_at < clock.now() - KEPT))
