"""A household: who lives together, from when until when."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import access, journal, people
from registry.access import Actor
from registry.kit import clock
from registry.kit.db import Base, Id, new_id
from registry.kit.errors import Conflict, Invalid, NotFound
from registry.people import Person


class Place(StrEnum):
    """What somebody is in the household, seen from its reference person."""

    REFERENCE = "reference"
    PARTNER = "partner"
    CHILD = "child"
    PARENT = "parent"
    SIBLING = "sibling"
    RELATIVE = "relative"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True)
class HouseholdChanged(journal.Event):
    household_id: UUID
    what: str


class Household(Base):
    """A home shared by some; its people come and go."""

    __tablename__ = "households"

    id: Mapped[Id]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class Stay(Base):
    """One person in one household between two days; no end: still there."""

    __tablename__ = "household_stays"
    __table_args__ = (
        Index(
            "ix_household_stays_now",
            "person_id",
            unique=True,
            postgresql_where=text("valid_to IS NULL"),
        ),
    )

    id: Mapped[Id]
    household_id: Mapped[UUID] = mapped_column(ForeignKey("households.id"), index=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), index=True)
    place: Mapped[Place]
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]


def of(session: Session, person_id: UUID) -> Household | None:
    """Where the person lives now."""
    return session.scalar(
        select(Household)
        .join(Stay, Stay.household_id == Household.id)
        .where(Stay.person_id == person_id, Stay.valid_to.is_(None))
    )


def join(
    session: Session,
    person: Person,
    other: Person,
    *,
    place: Place,
    since: date | None = None,
    id_: UUID | None = None,
) -> Stay:
    """`other` lives with `person` from that day on. Raises Conflict if they live elsewhere now."""
    if person.id == other.id:
        raise Invalid("Choose another person", field="other_id")
    there = of(session, person.id)
    if of(session, other.id) is not None:
        raise Conflict("This person lives in another household: end that stay first")
    if there is None:
        there = Household(id=new_id())
        session.add(there)
        session.flush()
        session.add(Stay(household_id=there.id, person_id=person.id, place=Place.REFERENCE))
    stay = Stay(
        id=id_ or new_id(),
        household_id=there.id,
        person_id=other.id,
        place=place,
        valid_from=since,
    )
    session.add(stay)
    for each in (person, other):
        people.changed(session, each, "household")
    journal.record(
        session, HouseholdChanged(person_id=other.id, household_id=there.id, what="joined")
    )
    return stay


def leave(session: Session, stay_id: UUID, actor: Actor, *, on: date) -> Stay:
    """They live there no longer. Raises Invalid before the stay began."""
    stay = session.get(Stay, stay_id, with_for_update=True, populate_existing=True)
    there = people.known(session, [stay.person_id], actor) if stay else []
    if stay is None or not there:
        raise NotFound("There is no such %(thing)s", thing="household")
    if stay.valid_from and on < stay.valid_from:
        raise Invalid("The end comes before the beginning", field="valid_to")
    stay.valid_to = on
    people.changed(session, there[0], "household")
    journal.record(
        session,
        HouseholdChanged(person_id=stay.person_id, household_id=stay.household_id, what="left"),
    )
    return stay


def together(
    session: Session, person_id: UUID, actor: Actor, *, past: bool = False
) -> list[tuple[Stay, Person]]:
    """Who lives with the person now (or ever did), themselves too, as far as the actor may know."""
    mine = select(Stay.household_id).where(Stay.person_id == person_id)
    if not past:
        mine = mine.where(Stay.valid_to.is_(None))
    wanted = (
        select(Stay, Person)
        .join(Person, Person.id == Stay.person_id)
        .where(Stay.household_id.in_(mine))
        .order_by(Stay.id)
    )
    if not past:
        wanted = wanted.where(Stay.valid_to.is_(None))
    found = session.execute(access.visible(wanted, Person.restricted, actor))
    return [(stay, person) for stay, person in found]
