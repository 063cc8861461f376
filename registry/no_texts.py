"""Who wants no texts: written down once, and nothing is sent any more."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import journal
from registry.access import Actor
from registry.kit import clock
from registry.kit.db import Base
from registry.people import Person


@dataclass(frozen=True, kw_only=True)
class TextsChosen(journal.Event):
    """The person wants texts, or none."""

    wanted: bool


class NoTexts(Base):
    """That somebody said no, and who wrote it down."""

    __tablename__ = "no_texts"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), primary_key=True)
    since: Mapped[datetime] = mapped_column(default=clock.now)
    written_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))


def choose(session: Session, person: Person, actor: Actor, *, wanted: bool) -> None:
    """What the person said; again changes nothing."""
    if wanted is wants(session, person.id):
        return
    if wanted:
        session.delete(session.get_one(NoTexts, person.id))
    else:
        values = {"person_id": person.id, "since": clock.now(), "written_by": actor.staff_id}
        session.execute(insert(NoTexts).values(values).on_conflict_do_nothing())
    session.flush()
    journal.record(session, TextsChosen(person_id=person.id, wanted=wanted))


def wants(session: Session, person_id: UUID) -> bool:
    """True unless they said no."""
    return session.get(NoTexts, person_id) is None
