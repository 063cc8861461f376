"""JSON of finding people: the one box, the warning at the door, other names and codes."""

from datetime import date
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Query, status
from pydantic import BaseModel, ConfigDict, Field

from registry import access, duplicates, identifiers, names, not_same, people, search
from registry.access import Actor, Compartment, Right
from registry.door import Me, allow
from registry.duplicates import Facts, Similar
from registry.identifiers import Identifier, IdentifierKind
from registry.kit.db import locked
from registry.kit.http import InTransaction
from registry.kit.phone import e164
from registry.matching import Fact, Why
from registry.names import NameKind
from registry.people import Person
from registry.places import AddressKind
from registry.search import Hit

router = APIRouter(tags=["registry"])
Name = Annotated[str, Field(max_length=120)]


class Out(BaseModel):
    """Answers are read from the models' attributes."""

    model_config = ConfigDict(from_attributes=True)


class PhoneOut(Out):
    id: UUID
    number: str
    label: str


class AddressOut(Out):
    """How to get in is asked for apart, with a reason, where telecare keeps it."""

    id: UUID
    kind: AddressKind
    street: str
    town: str
    latitude: float | None
    longitude: float | None
    has_way_in: bool


class AlertOut(Out):
    """In a compartment that is not the asker's the text is empty: there is something to ask for."""

    id: UUID
    kind: str
    text: str
    compartment: Compartment | None


class NearOut(Out):
    id: UUID
    position: int
    name: str
    phone: str
    relation: str
    holds_keys: bool


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
    given_name: str
    family_name: str
    birth_date: date | None
    restricted: bool
    phones: list[PhoneOut]
    addresses: list[AddressOut]
    alerts: list[AlertOut]
    near: list[NearOut]

    @classmethod
    def of(cls, person: Person, me: Actor) -> Self:
        shown = cls.model_validate(person)
        for alert in shown.alerts:
            if not access.sees(me, alert.compartment):
                alert.kind, alert.text = "", ""
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
    language: Annotated[str, Field(max_length=12)] = "it"


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
    response_model=PersonOut,
    status_code=status.HTTP_201_CREATED,
)
def create_person(session: InTransaction, me: Me, new: PersonIn, force: bool = False) -> Person:
    """409 with `candidates` when there may be a file already; `force` says it is somebody else."""
    facts = new.facts()
    alike = duplicates.similar(session, facts, me)
    if alike and not force:
        raise Similar(alike)
    person = people.create(session, **new.model_dump(exclude={"phone", "identifiers"}))
    if new.phone:
        people.add_phone(session, person, new.phone)
    for each in new.identifiers:
        identifiers.add(session, person.id, **each.model_dump())
    for hit in alike:
        not_same.tell_apart(session, person.id, hit.person.id)
    return person


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
    added = identifiers.add(session, person.id, **new.model_dump())
    return IdentifierOut.of(added, person)


def held(session: InTransaction, person_id: UUID, me: Me) -> Person:
    """The person, if the asker may know of them, held for the change."""
    people.read(session, person_id, me, why="change")
    return locked(session, Person, person_id)
