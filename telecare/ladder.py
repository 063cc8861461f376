"""The contact ladder of a home: whom to call in which order, at what hours, in what language."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from uuid import UUID

from sqlalchemy import ForeignKey, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from dispatch.rota import HOME_ZONE
from registry import journal, people
from registry.kit.db import Base
from registry.kit.errors import Invalid, NotFound
from registry.kit.phone import e164
from registry.people import NearPerson, Person

EVERY_DAY = "1234567"  # ISO weekdays, Monday is 1
MIDNIGHT = time(0)


@dataclass(frozen=True, kw_only=True)
class LadderChanged(journal.Event):
    what: str


class Reach(Base):
    """When and how somebody near can be called; without a row at any hour, in Italian."""

    __tablename__ = "contact_reach"

    near_id: Mapped[UUID] = mapped_column(
        ForeignKey(NearPerson.id, ondelete="CASCADE"), primary_key=True
    )
    days: Mapped[str] = mapped_column(default=EVERY_DAY)
    # Local time of the centre; the same twice means at any hour, an end before its start
    # means over midnight.
    starts: Mapped[time] = mapped_column(default=MIDNIGHT)
    ends: Mapped[time] = mapped_column(default=MIDNIGHT)
    language: Mapped[str] = mapped_column(default="it")
    # They agreed to be called by the system itself, with a key to press.
    by_system: Mapped[bool] = mapped_column(default=True)


@dataclass(frozen=True, kw_only=True)
class Rung:
    """One contact of the ladder, with all that is known of how to reach them."""

    near: NearPerson
    days: str = EVERY_DAY
    starts: time = MIDNIGHT
    ends: time = MIDNIGHT
    language: str = "it"
    by_system: bool = True

    @property
    def always(self) -> bool:
        return self.days == EVERY_DAY and self.starts == self.ends

    def reachable(self, at: datetime) -> bool:
        """Whether this is an hour at which they said they can be called."""
        local = at.astimezone(HOME_ZONE)
        hour, day = local.time().replace(tzinfo=None), local.isoweekday()
        if self.starts == self.ends:
            return str(day) in self.days
        if self.starts < self.ends:
            return str(day) in self.days and self.starts <= hour < self.ends
        if hour >= self.starts:
            return str(day) in self.days
        # After midnight the stretch still belongs to the day on which it began.
        return hour < self.ends and str((day - 2) % 7 + 1) in self.days


def of(session: Session, person: Person) -> list[Rung]:
    """The whole ladder, in the order in which they are called."""
    known = {
        each.near_id: each
        for each in session.scalars(
            select(Reach).where(Reach.near_id.in_([near.id for near in person.near]))
        )
    }
    return [_rung(near, known.get(near.id)) for near in sorted(person.near, key=_place)]


def callable_now(rungs: Sequence[Rung], at: datetime) -> list[Rung]:
    """Those whom the system may call at this moment, in order."""
    return [each for each in rungs if each.by_system and each.reachable(at)]


def add(
    session: Session, person: Person, *, name: str, phone: str, relation: str, holds_keys: bool
) -> NearPerson:
    """Somebody more, at the end of the ladder."""
    if not name.strip():
        raise Invalid("Write the name of the contact", field="name")
    last = max((each.position for each in person.near), default=0)
    return people.add_contact(
        session,
        person,
        name=name.strip(),
        phone=_number(phone),
        relation=relation.strip(),
        position=last + 1,
        holds_keys=holds_keys,
    )


def set_reach(
    session: Session,
    person: Person,
    near_id: UUID,
    *,
    days: str,
    starts: time,
    ends: time,
    language: str,
    by_system: bool,
) -> None:
    """Write when and how a contact can be called. Raises Invalid without any day."""
    near = _one(person, near_id)
    kept = "".join(day for day in EVERY_DAY if day in days)
    if not kept:
        raise Invalid("Choose at least one day", field="days")
    found = session.get(Reach, near.id) or Reach(near_id=near.id)
    found.days, found.starts, found.ends = kept, starts, ends
    found.language, found.by_system = language, by_system
    session.add(found)
    _changed(session, person, "reach")


def arrange(session: Session, person: Person, near_ids: Sequence[UUID]) -> None:
    """Put the contacts in this order; those left out follow as they were."""
    by_id = {each.id: each for each in person.near}
    if not by_id.keys() >= set(near_ids):
        raise NotFound("There is no such %(thing)s", thing="contact")
    first = [by_id[each] for each in dict.fromkeys(near_ids)]
    rest = [each for each in sorted(person.near, key=_place) if each not in first]
    for position, each in enumerate([*first, *rest], start=1):
        each.position = position
    _changed(session, person, "order")


def remove(session: Session, person: Person, near_id: UUID) -> None:
    """Take somebody off the ladder."""
    near = _one(person, near_id)
    found = session.get(Reach, near.id)
    if found is not None:
        session.delete(found)
        session.flush()
    person.near.remove(near)
    session.delete(near)
    _changed(session, person, "removed")


def hold(session: Session, person: Person) -> None:
    """One hand at a time on one ladder, to the end of the transaction."""
    number = int.from_bytes(person.id.bytes[-8:], "big", signed=True)
    session.execute(select(func.pg_advisory_xact_lock(number)))
    session.refresh(person, ["near"])


def _rung(near: NearPerson, reach: Reach | None) -> Rung:
    if reach is None:
        return Rung(near=near)
    return Rung(
        near=near,
        days=reach.days,
        starts=reach.starts,
        ends=reach.ends,
        language=reach.language,
        by_system=reach.by_system,
    )


def _place(near: NearPerson) -> tuple[int, UUID]:
    return near.position, near.id


def _number(phone: str) -> str:
    return e164(phone, field="phone")


def _one(person: Person, near_id: UUID) -> NearPerson:
    for each in person.near:
        if each.id == near_id:
            return each
    raise NotFound("There is no such %(thing)s", thing="contact")


def _changed(session: Session, person: Person, what: str) -> None:
    session.flush()
    journal.record(session, LadderChanged(person_id=person.id, what=what))
