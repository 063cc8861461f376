"""A person: one file for everything the services know about somebody."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, func, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from registry import access, journal
from registry.access import Actor
from registry.kit import clock
from registry.kit.db import Base, Id
from registry.kit.errors import Invalid, NotFound
from registry.kit.phone import e164
from registry.places import Address, AddressKind

FIRST_YEAR = 1900
ENOUGH = 20  # people shown by a search before it asks for one more fact


@dataclass(frozen=True, kw_only=True)
class PersonCreated(journal.Event):
    pass


@dataclass(frozen=True, kw_only=True)
class PersonChanged(journal.Event):
    what: str


@dataclass(frozen=True, kw_only=True)
class PersonRead(journal.Event):
    why: str


class Person(Base):
    """Somebody, with the names and facts we were told; any of them may be missing."""

    __tablename__ = "people"
    __table_args__ = (Index("ix_people_family_name", func.lower("family_name"), "birth_year"),)

    id: Mapped[Id]
    given_name: Mapped[str] = mapped_column(default="")
    family_name: Mapped[str] = mapped_column(default="")
    birth_year: Mapped[int | None]
    birth_date: Mapped[date | None]
    language: Mapped[str] = mapped_column(default="it")
    # Hidden from everyone without the right: see access.py.
    restricted: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)

    phones: Mapped[list["Phone"]] = relationship(order_by="Phone.id")
    addresses: Mapped[list[Address]] = relationship(order_by=Address.id)
    alerts: Mapped[list["Alert"]] = relationship(order_by="Alert.id")
    near: Mapped[list["NearPerson"]] = relationship(order_by="NearPerson.position")

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}".strip()

    @property
    def age(self) -> int | None:
        """Whole years; from the year alone it may be one too many until the birthday."""
        today = clock.now().date()
        born = self.birth_date
        if born is not None:
            return today.year - born.year - ((today.month, today.day) < (born.month, born.day))
        return today.year - self.birth_year if self.birth_year is not None else None

    @property
    def home(self) -> Address | None:
        """Where a team can go: never a fictitious residence."""
        real = [each for each in self.addresses if each.kind is not AddressKind.FICTITIOUS]
        return real[0] if real else None


class Phone(Base):
    """A number that reaches the person."""

    __tablename__ = "phones"
    __table_args__ = (UniqueConstraint("person_id", "number"),)

    id: Mapped[Id]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    number: Mapped[str] = mapped_column(index=True)
    label: Mapped[str] = mapped_column(default="")


class Alert(Base):
    """What whoever helps must know first: anticoagulants, a dog, hard of hearing."""

    __tablename__ = "alerts"

    id: Mapped[Id]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), index=True)
    kind: Mapped[str]
    text: Mapped[str]


class NearPerson(Base):
    """Kin, neighbours and key holders, in the order in which they are called."""

    __tablename__ = "near_people"

    id: Mapped[Id]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), index=True)
    position: Mapped[int]
    name: Mapped[str]
    phone: Mapped[str]
    relation: Mapped[str] = mapped_column(default="")
    holds_keys: Mapped[bool] = mapped_column(default=False)


def create(
    session: Session,
    *,
    given_name: str = "",
    family_name: str = "",
    birth_year: int | None = None,
    birth_date: date | None = None,
    language: str = "it",
    restricted: bool = False,
) -> Person:
    """A new file. Raises Invalid for a birth year nobody alive can have."""
    if birth_date is not None:
        birth_year = birth_date.year
    if birth_year is not None and not FIRST_YEAR <= birth_year <= clock.now().year:
        raise Invalid(
            "The birth year %(year)s cannot be right", field="birth_year", year=birth_year
        )
    person = Person(
        given_name=given_name.strip(),
        family_name=family_name.strip(),
        birth_year=birth_year,
        birth_date=birth_date,
        language=language,
        restricted=restricted,
        phones=[],
        addresses=[],
        alerts=[],
        near=[],
    )
    session.add(person)
    session.flush()
    journal.record(session, PersonCreated(person_id=person.id))
    return person


def add_phone(session: Session, person: Person, number: str, label: str = "") -> Phone:
    """Raises Invalid when nobody could dial the number; a number already there is kept as it is."""
    written = e164(number)
    for known in person.phones:
        if known.number == written:
            return known
    phone = Phone(person_id=person.id, number=written, label=label)
    person.phones.append(phone)
    _changed(session, person, "phones")
    return phone


def add_address(session: Session, person: Person, **facts: Any) -> Address:
    """`facts` are the columns of Address."""
    address = Address(person_id=person.id, **facts)
    person.addresses.append(address)
    _changed(session, person, "addresses")
    return address


def add_alert(session: Session, person: Person, *, kind: str, text: str) -> Alert:
    alert = Alert(person_id=person.id, kind=kind, text=text)
    person.alerts.append(alert)
    _changed(session, person, "alerts")
    return alert


def add_contact(
    session: Session,
    person: Person,
    *,
    name: str,
    phone: str,
    relation: str = "",
    position: int | None = None,
    holds_keys: bool = False,
) -> NearPerson:
    """Somebody near the person, called in the order of `position` (next free one if None)."""
    near = NearPerson(
        person_id=person.id,
        name=name,
        phone=e164(phone),
        relation=relation,
        position=position if position is not None else len(person.near) + 1,
        holds_keys=holds_keys,
    )
    person.near.append(near)
    _changed(session, person, "near_people")
    return near


def _changed(session: Session, person: Person, what: str) -> None:
    session.flush()
    journal.record(session, PersonChanged(person_id=person.id, what=what))


def read(session: Session, person_id: UUID, actor: Actor, *, why: str = "file") -> Person:
    """Open the file: written in the journal. NotFound also when the actor may not know of it."""
    person = session.scalar(
        access.visible(select(Person).where(Person.id == person_id), Person.restricted, actor)
    )
    if person is None:
        raise NotFound("There is no such %(thing)s", thing="person")
    journal.record(session, PersonRead(person_id=person.id, why=why))
    return person


def by_phone(session: Session, number: str | None, actor: Actor) -> list[Person]:
    """Whose number this is, among those the actor may see."""
    if not number:
        return []
    wanted = select(Person).join(Phone).where(Phone.number == number).order_by(Person.id)
    return list(session.scalars(access.visible(wanted, Person.restricted, actor)))


def find(session: Session, words: str, actor: Actor) -> list[Person]:
    """By number, else by the beginnings of names in any order and a birth year; at most ENOUGH."""
    digits = "".join(letter for letter in words if letter.isdigit())
    if len(digits) > len("1924"):
        try:
            return by_phone(session, e164(words), actor)
        except Invalid:
            return []
    wanted = select(Person)
    for word in words.split():
        if word.isdigit():
            wanted = wanted.where(Person.birth_year == int(word))
        else:
            wanted = wanted.where(
                or_(
                    Person.given_name.istartswith(word, autoescape=True),
                    Person.family_name.istartswith(word, autoescape=True),
                )
            )
    ordered = wanted.order_by(Person.family_name, Person.given_name, Person.id).limit(ENOUGH)
    return list(session.scalars(access.visible(ordered, Person.restricted, actor)))
