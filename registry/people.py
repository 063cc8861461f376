"""A person: one file for everything the services know about somebody."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship
from sqlalchemy.orm.attributes import set_committed_value

from registry import access, identifiers, journal, listed, names, told, vocabulary
from registry.access import Actor, Compartment
from registry.audiences import Audience
from registry.identifiers import Identifier
from registry.kit import clock
from registry.kit.db import Base, Id, new_id
from registry.kit.errors import NotFound
from registry.kit.phone import e164
from registry.kit.sealed import SealedText
from registry.names import Name, NameKind
from registry.places import NOT_A_PLACE, Address
from registry.safe_contacts import SafeContact
from registry.vocabulary import WordKind


@dataclass(frozen=True, kw_only=True)
class PersonCreated(journal.Event):
    pass


@dataclass(frozen=True, kw_only=True)
class PersonChanged(journal.Event):
    """`version` is the one that the change made: see file_versions.py."""

    what: str
    version: int = 0


@dataclass(frozen=True, kw_only=True)
class PersonIdentified(journal.Event):
    """Somebody whom we called by how they looked now has a name."""


@dataclass(frozen=True, kw_only=True)
class PersonRead(journal.Event):
    """Who opened it as what: roles and office change, and the auditor asks about that day."""

    why: str
    roles: list[str] = field(default_factory=list)
    office_id: UUID | None = None


class Person(Base):
    """Somebody, with the names and facts we were told; any of them may be missing."""

    __tablename__ = "people"
    id: Mapped[Id]
    given_name: Mapped[str] = mapped_column(default="")
    family_name: Mapped[str] = mapped_column(default="")
    # How we call somebody whose name is not known yet: "uomo sui 50, stazione".
    known_as: Mapped[str] = mapped_column(default="")
    birth_year: Mapped[int | None]
    birth_date: Mapped[date | None]
    # An age somebody told or guessed, and the day on which they did.
    declared_age: Mapped[int | None]
    declared_age_on: Mapped[date | None]
    language: Mapped[str] = mapped_column(default="it")
    other_languages: Mapped[list[str]] = mapped_column(default=list)
    interpreter: Mapped[bool] = mapped_column(default=False)
    # Codes of CodeList.BARRIER: what stands between the person and the services (REQ 14).
    barriers: Mapped[list[str]] = mapped_column(default=list)
    # Hidden from everyone without the right: see access.py.
    restricted: Mapped[bool] = mapped_column(default=False)
    # The office whose staff know of this person although the file is reserved.
    kept_by: Mapped[UUID | None] = mapped_column(ForeignKey("offices.id"))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    # One more with each change of anything on the file.
    version: Mapped[int] = mapped_column(default=1)
    # The file of which this one became a part; see merges.py.
    merged_into: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"), index=True)

    phones: Mapped[list["Phone"]] = relationship(order_by="Phone.id")
    addresses: Mapped[list[Address]] = relationship(order_by=Address.id)
    # Those whose day has passed are gone from every list and sheet.
    alerts: Mapped[list["Alert"]] = relationship(
        order_by="Alert.id",
        primaryjoin="and_(Alert.person_id == Person.id,"
        " or_(Alert.until.is_(None), Alert.until >= func.current_date()))",
    )
    near: Mapped[list["NearPerson"]] = relationship(
        order_by="NearPerson.position", foreign_keys="NearPerson.person_id"
    )

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}".strip() or self.known_as

    @property
    def identified(self) -> bool:
        """False while all we know is what to call them."""
        return bool(self.given_name or self.family_name)

    @property
    def age(self) -> int | None:
        """Whole years, as well as they are known."""
        return told.age(self.birth_date, self.birth_year, self.declared_age, self.declared_age_on)

    @property
    def home(self) -> Address | None:
        """Where a team can go: never a fictitious residence, nor an address to be kept hidden."""
        today = clock.now().date()
        real = [
            each for each in self.addresses if each.kind not in NOT_A_PLACE and each.valid_on(today)
        ]
        return real[0] if real else None


class Phone(Base):
    """A number that reaches the person."""

    __tablename__ = "phones"
    __table_args__ = (UniqueConstraint("person_id", "number"),)

    id: Mapped[Id]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    number: Mapped[str] = mapped_column(index=True)
    label: Mapped[str] = mapped_column(default="")
    # How to ring without putting the person in danger; None: like any other number.
    safe: Mapped[SafeContact | None] = relationship(cascade="all, delete-orphan")


class Alert(Base):
    """What whoever helps must know first: anticoagulants, a dog, hard of hearing."""

    __tablename__ = "alerts"

    id: Mapped[Id]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), index=True)
    kind: Mapped[str]
    text: Mapped[str] = mapped_column(SealedText("alerts.text"))
    # Why somebody put it there: for whoever has to decide whether it still holds.
    reason: Mapped[str] = mapped_column(SealedText("alerts.reason"), default="")
    audience: Mapped[Audience] = mapped_column(default=Audience.EVERYONE)
    until: Mapped[date | None]
    compartment: Mapped[str | None]


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
    caregiver: Mapped[bool] = mapped_column(default=False)
    # A service or a professional, not family, friends and neighbours.
    formal: Mapped[bool] = mapped_column(default=False)
    # Their own file, where there is one.
    other_id: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"), index=True)


def create(
    session: Session,
    *,
    given_name: str = "",
    family_name: str = "",
    birth_year: int | None = None,
    birth_date: date | None = None,
    language: str = "it",
    restricted: bool = False,
    id_: UUID | None = None,
    **more: Any,
) -> Person:
    """A new file; `more` are columns. Raises Invalid for a birth year nobody alive can have."""
    birth_year = told.believable(birth_year, birth_date)
    person = Person(
        id=id_ or new_id(),
        given_name=given_name.strip(),
        family_name=family_name.strip(),
        birth_year=birth_year,
        birth_date=birth_date,
        language=language,
        restricted=restricted,
        **told.tidy(more),
        phones=[],
        addresses=[],
        alerts=[],
        near=[],
    )
    session.add(person)
    session.flush()
    _write_keys(session, person)
    journal.record(session, PersonCreated(person_id=person.id))
    return person


def change(session: Session, person: Person, **facts: Any) -> None:
    """Set columns of the file: names, birth, language, restricted. The search keeps in step."""
    facts = told.tidy(facts)
    was_unknown = not person.identified
    if "birth_date" in facts or "birth_year" in facts:
        born = facts.get("birth_date")
        facts |= {"birth_date": born, "birth_year": told.believable(facts.get("birth_year"), born)}
    for name, value in facts.items():
        setattr(person, name, value)
    _write_keys(session, person)
    changed(session, person, "facts")
    if was_unknown and person.identified:
        journal.record(session, PersonIdentified(person_id=person.id))


def rename(
    session: Session,
    person: Person,
    *,
    given_name: str,
    family_name: str,
    was: NameKind = NameKind.FORMER,
    on: date | None = None,
) -> None:
    """A new current name; the one until now is kept as a former, birth or other name."""
    if person.name:
        names.add(
            session,
            person.id,
            kind=was,
            given_name=person.given_name,
            family_name=person.family_name,
            valid_to=on,
        )
    change(session, person, given_name=given_name, family_name=family_name)


def add_name(session: Session, person: Person, *, kind: NameKind, **facts: Any) -> Name:
    """Another name under which the person is found; see names.add."""
    name = names.add(session, person.id, kind=kind, **facts)
    _write_keys(session, person)
    changed(session, person, "names")
    return name


def add_identifier(session: Session, person: Person, **facts: Any) -> Identifier:
    """A code by which some office knows the person; see identifiers.add."""
    found = identifiers.add(session, person.id, **facts)
    changed(session, person, "identifiers")
    return found


def _write_keys(session: Session, person: Person) -> None:
    names.write_keys(session, person.id, person.given_name, person.family_name, person.birth_year)


def add_phone(session: Session, person: Person, number: str, label: str = "") -> Phone:
    """Raises Invalid when nobody could dial the number; a number already there is kept as it is."""
    written = e164(number, field="number")
    for known in person.phones:
        if known.number == written:
            return known
    phone = Phone(person_id=person.id, number=written, label=label)
    person.phones.append(phone)
    changed(session, person, "phones")
    return phone


def add_address(session: Session, person: Person, **facts: Any) -> Address:
    """`facts` are the columns of Address."""
    address = Address(person_id=person.id, **facts)
    person.addresses.append(address)
    vocabulary.learn(session, WordKind.TOWN, {address.town.lower()})
    changed(session, person, "addresses")
    return address


def add_alert(
    session: Session,
    person: Person,
    *,
    kind: str,
    text: str,
    compartment: Compartment | None = None,
    reason: str = "",
    audience: Audience = Audience.EVERYONE,
    until: date | None = None,
    id_: UUID | None = None,
) -> Alert:
    """In a compartment it is read only by those whose work that is; `until` is its last day."""
    alert = Alert(
        id=id_ or new_id(),
        person_id=person.id,
        kind=kind,
        text=text,
        compartment=compartment,
        reason=reason.strip(),
        audience=audience,
        until=until,
    )
    person.alerts.append(alert)
    changed(session, person, "alerts")
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
    **more: Any,
) -> NearPerson:
    """Somebody near the person, called in the order of `position` (next free one if None)."""
    near = NearPerson(
        person_id=person.id,
        name=name,
        phone=e164(phone),
        relation=relation,
        position=position if position is not None else len(person.near) + 1,
        holds_keys=holds_keys,
        **more,
    )
    person.near.append(near)
    changed(session, person, "near_people")
    return near


def changed(session: Session, person: Person, what: str) -> None:
    """A part of the file is another now: the next version, and a line in the journal."""
    session.flush()
    made = session.scalar(
        update(Person)
        .where(Person.id == person.id)
        .values(version=Person.version + 1)
        .returning(Person.version)
        .execution_options(synchronize_session=False)
    )
    set_committed_value(person, "version", made)
    journal.record(session, PersonChanged(person_id=person.id, what=what, version=person.version))


def read(session: Session, person_id: UUID, actor: Actor, *, why: str = "file") -> Person:
    """Open the file: written in the journal. NotFound also when the actor may not know of it.

    One that became part of another opens the other.
    """
    wanted = select(Person).where(Person.id == survivor(session, person_id))
    person = session.scalar(access.visible(wanted, Person.restricted, actor))
    if person is None:
        raise NotFound("There is no such %(thing)s", thing="person")
    listed.on_the_page(session, [person.id])
    journal.record(
        session,
        PersonRead(
            person_id=person.id, why=why, roles=sorted(actor.roles), office_id=actor.office_id
        ),
    )
    return person


def survivor(session: Session, person_id: UUID) -> UUID:
    """Whose file this is part of by now; mostly its own."""
    into = select(Person.merged_into)
    while (onto := session.scalar(into.where(Person.id == person_id))) is not None:
        person_id = onto
    return person_id


def knows(session: Session, person: Person, actor: Actor) -> bool:
    """Whether the actor may know of somebody whom the house has already found."""
    return not person.restricted or bool(known(session, [person.id], actor))


def known(session: Session, ids: Iterable[UUID], actor: Actor) -> list[Person]:
    """Those whom the actor may know of, oldest file first; nothing is written in the journal."""
    wanted = select(Person).where(Person.id.in_(list(ids))).order_by(Person.id)
    return list(session.scalars(access.visible(wanted, Person.restricted, actor)))


def phone_holders(session: Session, number: str) -> list[UUID]:
    """Ids, restricted people's too: for those who go on to ask `known`."""
    return list(session.scalars(select(Phone.person_id).where(Phone.number == number)))


def by_phone(session: Session, number: str | None, actor: Actor) -> list[Person]:
    """Whose number this is, among those the actor may see."""
    if not number:
        return []
    wanted = select(Person).join(Phone).where(Phone.number == number).order_by(Person.id)
    return list(session.scalars(access.visible(wanted, Person.restricted, actor)))
