"""The keys under which the words about each person are sealed: kept, destroyed, brought back."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from registry.kit import clock
from registry.kit.db import Base


class PersonKey(Base):
    """One wrapped key; its row stays when it is destroyed, so that no copy brings it back."""

    __tablename__ = "subject_keys"
    __table_args__ = (
        Index(
            "ux_subject_keys_made_for",
            "made_for",
            unique=True,
            postgresql_where=text("destroyed_at IS NULL"),
        ),
    )

    id: Mapped[bytes] = mapped_column(primary_key=True)
    # The person, or the case or row where nobody was known; never changes.
    made_for: Mapped[UUID]
    # Whose it is: a merge moves it, and who becomes known takes it over.
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"), index=True)
    wrapped: Mapped[bytes]
    made_at: Mapped[datetime] = mapped_column(default=clock.now)
    destroyed_at: Mapped[datetime | None]
