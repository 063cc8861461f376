"""Not the same: pairs of people whom somebody looked at and told apart, never proposed again."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import journal
from registry.kit import clock
from registry.kit.db import Base
from registry.kit.errors import Invalid


@dataclass(frozen=True, kw_only=True)
class ToldApart(journal.Event):
    other_id: UUID


class NotSame(Base):
    """Two files of two people; the smaller id first, so that a pair is kept once."""

    __tablename__ = "not_same"
    __table_args__ = (CheckConstraint("one_id < other_id", name="one_before_other"),)

    one_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), primary_key=True)
    other_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), primary_key=True, index=True)
    staff_id: Mapped[UUID | None]
    at: Mapped[datetime] = mapped_column(default=clock.now)


def tell_apart(session: Session, one: UUID, other: UUID) -> None:
    """Keep that these are two people; once more changes nothing. Raises Invalid for one person."""
    if one == other:
        raise Invalid("A person cannot be told apart from themselves")
    actor = session.info.get("actor")
    first, second = sorted((one, other))
    kept = session.execute(
        insert(NotSame)
        .values(
            one_id=first,
            other_id=second,
            staff_id=actor.staff_id if actor else None,
            at=clock.now(),
        )
        .on_conflict_do_nothing()
        .returning(NotSame.one_id)
    ).scalar()
    if kept is not None:
        journal.record(session, ToldApart(person_id=one, other_id=other))


def told_apart(session: Session, person_id: UUID) -> set[UUID]:
    """Everybody who is known not to be this person."""
    pairs = session.execute(
        select(NotSame.one_id, NotSame.other_id).where(
            or_(NotSame.one_id == person_id, NotSame.other_id == person_id)
        )
    )
    return {each for pair in pairs for each in pair} - {person_id}
