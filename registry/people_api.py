"""JSON of finding people: the one box, the warning at the door, other names and codes."""

from datetime import date, time
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Query, Response, status
from pydantic import BaseModel, ConfigDict, Field

from registry import (
    access,
    audiences,
    duplicates,
    headers,
    identifiers,
    names,
    not_same,
    once,
    people,
    places,
    search,
)
from registry.access import Actor, Compartment, Right
from registry.audiences import Audience
from registry.door import Me, allow
from registry.duplicates import Facts, Similar
from registry.identifiers import Identifier, IdentifierKind
from registry.kit.db import locked
from registry.kit.http import InTransaction
from registry.kit.phone import e164
from registry.matching import Fact, Why
from registry.names import NameKind
from registry.people import Alert, Person
from registry.places import Address, AddressKind
from registry.search import Hit

router = APIRouter(tags=["registry"])
Name = Annotated[str, Field(max_length=120)]
Language = Annotated[str, Field(max_length=12)]
Age = Annotated[int, Field(ge=0, le=130)]


class Out(BaseModel):
    """Answers are read from the models' attributes."""

    model_config = ConfigDict(from_attributes=True)


class SafeOut(Out):
    """How to ring without putting the person in danger."""

    no_call_back: bool
    no_voicemail: bool
    neutral_sender: bool
    safe_from: time | None
    safe_until: time | None
    code_word: str


class PhoneOut(Out):
    id: UUID
    number: str
    label: str
    safe: SafeOut | None


class AddressOut(Out):
    """How to get in is asked for apart, with a reason, where telecare keeps it.

    Of a hidden one that is not for the asker there is the kind alone.
    """

    id: UUID
    kind: AddressKind
    street: str
    town: str
    latitude: float | None
    longitude: float | None
    valid_from: date | None
    valid_to: date | None
    habits: str
    has_way_in: bool

    @classmethod
    def of(cls, address: Address, me: Actor) -> Self:
        shown = cls.model_validate(address)
        if not places.told_to(me, address):
            shown.street = shown.town = shown.habits = ""
            shown.latitude = shown.longitude = None
        return shown


class AlertOut(Out):
    """In a compartment that is not the asker's the text is empty: there is something to ask for."""

    id: UUID
    kind: str
    text: str
    reason: str
    audience: Audience
    until: date | None
    compartment: Compartment | None

    @classmethod
    def of(cls, alert: Alert, me: Actor) -> Self:
        shown = cls.model_validate(alert)
        if not access.sees(me, alert.compartment):
            shown.kind = shown.text = shown.reason = ""
        return shown


class NearOut(Out):
    id: UUID
    position: int
    name: str
    phone: str
    relation: str
    holds_keys: bool
    caregiver: bool
    formal: bool
    other_id: UUID | None


class PersonBrief(Out):
    id: UUID
    name: str
    birth_year: int | None
    age: int | None
    language: str


class PersonFound(PersonBrief):
    """`score` is from 0 to 1; `why` says what speaks for this person."""

    score: float
    why: list[Why]

    @classmethod
    def of(cls, hit: Hit) -> Self:
        brief = PersonBrief.model_validate(hit.person)
        return cls(**brief.model_dump(), score=hit.score, why=list(hit.why))


class PeopleFound(BaseModel):
    """`ask_for`: the fact to ask next, when there are too many namesakes."""

    items: list[PersonFound]
    ask_for: Fact | None = None
    case_id: UUID | None = None


class PersonOut(PersonBrief):
    """`version` is what the ETag says; alerts are those meant for the asker's work."""

    version: int
    given_name: str
    family_name: str
    known_as: str
    birth_date: date | None
    declared_age: int | None
    declared_age_on: date | None
    other_languages: list[str]
    interpreter: bool
    barriers: list[str]
    restricted: bool
    kept_by: UUID | None
    phones: list[PhoneOut]
    addresses: list[AddressOut]
    alerts: list[AlertOut]
    near: list[NearOut]

    @classmethod
    def of(cls, person: Person, me: Actor) -> Self:
        shown = cls.model_validate(person)
        heard = audiences.heard(me, person.alerts)
        shown.alerts = [AlertOut.of(each, me) for each in heard]
        shown.addresses = [AddressOut.of(each, me) for each in person.addresses]
        return shown


class IdentifierIn(BaseModel):
    kind: IdentifierKind
    value: Annotated[str, Field(max_length=60)]
    issuer: Name = ""
    valid_from: date | None = None
    valid_to: date | None = None


class IdentifierOut(Out):
    """`doubts`: what does not fit and may still be right."""

    id: UUID
    kind: IdentifierKind
    value: str
    issuer: str
    valid_from: date | None
    valid_to: date | None
    doubts: list[str] = []

    @classmethod
    def of(cls, identifier: Identifier, person: Person) -> Self:
        shown = cls.model_validate(identifier)
        shown.doubts = identifiers.doubts(
            identifier, person.given_name, person.family_name, person.birth_date
        )
        return shown


class NameIn(BaseModel):
    kind: NameKind
    given_name: Name = ""
    family_name: Name = ""
    valid_from: date | None = None
    valid_to: date | None = None


class NameOut(Out):
    id: UUID
    kind: NameKind
    given_name: str
    family_name: str
    valid_from: date | None
    valid_to: date | None


class PersonFacts(BaseModel):
    """What is known of somebody for whom there may be no file yet."""

    given_name: Name = ""
    family_name: Name = ""
    birth_year: Annotated[int, Field(ge=0, le=9999)] | None = None
    birth_date: date | None = None
    phone: Annotated[str, Field(max_length=40)] | None = None
    identifiers: Annotated[list[IdentifierIn], Field(max_length=8)] = []

    def facts(self) -> Facts:
        return Facts(
            given_name=self.given_name,
            family_name=self.family_name,
            birth_year=self.birth_year,
            birth_date=self.birth_date,
            phones=(e164(self.phone),) if self.phone else (),
            codes=tuple(each.value for each in self.identifiers),
        )


class PersonIn(PersonFacts):
    """`known_as` is what to call somebody whose name is not known yet."""

    language: Language = "it"
    known_as: Name = ""
    declared_age: Age | None = None


class OtherPerson(BaseModel):
    other_id: UUID


@router.get("/people", dependencies=[allow(Right.READ_PEOPLE)])
def find_people(
    session: InTransaction, me: Me, q: Annotated[str, Query(max_length=200)] = ""
) -> PeopleFound:
    """At most 10: by phone, code, case number, or names however misspelt, with a year or an age."""
    if not q.strip():
        return PeopleFound(items=[])
    found = search.find(session, q, me)
    return PeopleFound(
        items=[PersonFound.of(hit) for hit in found.people],
        ask_for=found.ask_for,
        case_id=found.case.id if found.case else None,
    )


@router.post(
    "/people",
    dependencies=[allow(Right.WRITE_PEOPLE)],
    status_code=status.HTTP_201_CREATED,
)
def create_person(
    session: InTransaction,
    me: Me,
    new: PersonIn,
    answer: Response,
    force: bool = False,
    key: headers.Key = None,
) -> PersonOut:
    """409 with `candidates` when there may be a file already; `force` says it is somebody else.

    Sent again with the same Idempotency-Key, it answers with the file made first.
    """
    made_id, first = once.made(session, me.login, key, "person")
    if not first:
        return tagged(answer, people.read(session, made_id, me), me)
    alike = duplicates.similar(session, new.facts(), me)
    if alike and not force:
        raise Similar(alike)
    facts = new.model_dump(exclude={"phone", "identifiers"})
    person = people.create(session, id_=made_id, **facts)
    if new.phone:
        people.add_phone(session, person, new.phone)
    for each in new.identifiers:
        people.add_identifier(session, person, **each.model_dump())
    for hit in alike:
        not_same.tell_apart(session, person.id, hit.person.id)
    return tagged(answer, person, me)


def tagged(answer: Response, person: Person, me: Actor) -> PersonOut:
    """The file, with its version as the ETag."""
    return PersonOut.of(headers.tagged(answer, person), me)


@router.post("/people/similar", dependencies=[allow(Right.READ_PEOPLE)])
def find_similar(session: InTransaction, me: Me, told: PersonFacts) -> PeopleFound:
    """Who may be the person told of, before there is a file; at most 5."""
    hits = duplicates.look(session, told.facts(), me)
    return PeopleFound(items=[PersonFound.of(hit) for hit in hits])


@router.get("/people/similar", dependencies=[allow(Right.READ_PEOPLE)])
def list_similar(session: InTransaction, me: Me, person_id: UUID) -> PeopleFound:
    """Other files that may be of this person, without those already told apart; at most 5."""
    person = people.read(session, person_id, me, why="duplicates")
    hits = duplicates.of(session, person, me)
    return PeopleFound(items=[PersonFound.of(hit) for hit in hits])


@router.post(
    "/people/{person_id}/not-same",
    dependencies=[allow(Right.WRITE_PEOPLE)],
    status_code=status.HTTP_204_NO_CONTENT,
)
def tell_apart(person_id: UUID, other: OtherPerson, session: InTransaction, me: Me) -> None:
    """These are two people: never propose them as one again."""
    one = people.read(session, person_id, me, why="duplicates")
    two = people.read(session, other.other_id, me, why="duplicates")
    not_same.tell_apart(session, one.id, two.id)


@router.get("/people/{person_id}/names", dependencies=[allow(Right.READ_PEOPLE)])
def list_names(person_id: UUID, session: InTransaction, me: Me) -> dict[str, list[NameOut]]:
    """All but the current one."""
    person = people.read(session, person_id, me)
    return {"items": [NameOut.model_validate(each) for each in names.of(session, person.id)]}


@router.post(
    "/people/{person_id}/names",
    dependencies=[allow(Right.WRITE_PEOPLE)],
    response_model=NameOut,
    status_code=status.HTTP_201_CREATED,
)
def add_name(person_id: UUID, new: NameIn, session: InTransaction, me: Me) -> names.Name:
    return people.add_name(session, held(session, person_id, me), **new.model_dump())


@router.get("/people/{person_id}/identifiers", dependencies=[allow(Right.READ_PEOPLE)])
def list_identifiers(
    person_id: UUID, session: InTransaction, me: Me
) -> dict[str, list[IdentifierOut]]:
    person = people.read(session, person_id, me)
    found = identifiers.of(session, person.id)
    return {"items": [IdentifierOut.of(each, person) for each in found]}


@router.post(
    "/people/{person_id}/identifiers",
    dependencies=[allow(Right.WRITE_PEOPLE)],
    status_code=status.HTTP_201_CREATED,
)
def add_identifier(
    person_id: UUID, new: IdentifierIn, session: InTransaction, me: Me
) -> IdentifierOut:
    """422 for a wrong check character and nothing else; other misfits come back as `doubts`."""
    person = held(session, person_id, me)
    added = people.add_identifier(session, person, **new.model_dump())
    return IdentifierOut.of(added, person)


def held(session: InTransaction, person_id: UUID, me: Me) -> Person:
    """The person, if the asker may know of them, held for the change."""
    person = people.read(session, person_id, me, why="change")
    return locked(session, Person, person.id)
