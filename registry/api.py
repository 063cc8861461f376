"""JSON of the registry: people, cases and who I am."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Query, Request, status
from pydantic import BaseModel, Field

from registry import (
    access,
    bookings_api,
    cases,
    contacts,
    directory_api,
    journal,
    people,
    people_api,
    requests_api,
)
from registry.access import Actor, Compartment, Right
from registry.cases import Area, Case, CaseState
from registry.contacts import Channel, Contact
from registry.door import Me, allow
from registry.kit.db import locked
from registry.kit.http import InTransaction
from registry.people import NearPerson, Phone
from registry.people_api import AddressOut, AlertOut, Name, NearOut, Out, PersonOut, PhoneOut, held
from registry.places import Address, AddressKind

router = APIRouter(tags=["registry"])
router.include_router(people_api.router)
router.include_router(requests_api.router)
router.include_router(directory_api.router)
router.include_router(bookings_api.router)
Text = Annotated[str, Field(max_length=4000)]


class MeOut(Out):
    staff_id: UUID | None
    login: str
    name: str
    roles: list[str]
    rights: list[str]
    team_id: UUID | None
    csrf: str | None = None


class PhoneIn(BaseModel):
    number: Annotated[str, Field(max_length=40)]
    label: Name = ""


class AddressIn(BaseModel):
    kind: AddressKind = AddressKind.RESIDENCE
    street: Name
    town: Name
    latitude: Annotated[float, Field(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Field(ge=-180, le=180)] | None = None
    how_to_get_in: Text = ""


class AlertIn(BaseModel):
    kind: Annotated[str, Field(max_length=40)]
    text: Name
    compartment: Compartment | None = None


class NearIn(BaseModel):
    name: Name
    phone: Annotated[str, Field(max_length=40)]
    relation: Name = ""
    holds_keys: bool = False


class CaseOut(Out):
    """Of a case in a compartment that is not the asker's there is no title and no timeline."""

    id: UUID
    number: int
    person_id: UUID | None
    title: str
    area: Area
    state: CaseState
    opened_at: datetime
    closed_at: datetime | None
    compartment: Compartment | None

    @classmethod
    def of(cls, case: Case, me: Actor) -> Self:
        shown = cls.model_validate(case)
        if not access.sees(me, case.compartment):
            shown.title = ""
        return shown


class CaseIn(BaseModel):
    area: Area
    person_id: UUID | None = None
    title: Name = ""
    compartment: Compartment | None = None


class ContactIn(BaseModel):
    channel: Channel
    outcome: Annotated[str, Field(min_length=1, max_length=40)]
    note: Text = ""


class ContactOut(Out):
    id: UUID
    case_id: UUID | None
    channel: Channel
    outcome: str
    note: str
    at: datetime


class EntryOut(Out):
    at: datetime
    kind: str
    actor_id: UUID | None
    facts: dict[str, Any]


class Reason(BaseModel):
    reason: Annotated[str, Field(min_length=1, max_length=200)]


@router.get("/me", dependencies=[allow()], response_model=MeOut)
def read_me(me: Me, request: Request) -> dict[str, Any]:
    return {
        **me.__dict__,
        "roles": sorted(me.roles),
        "rights": sorted(me.rights),
        "csrf": getattr(request.state, "csrf", None),
    }


@router.get("/people/{person_id}", dependencies=[allow(Right.READ_PEOPLE)])
def read_person(person_id: UUID, session: InTransaction, me: Me) -> PersonOut:
    """Opening a file is written in the journal."""
    return PersonOut.of(people.read(session, person_id, me), me)


@router.post(
    "/people/{person_id}/phones",
    dependencies=[allow(Right.WRITE_PEOPLE)],
    response_model=PhoneOut,
    status_code=status.HTTP_201_CREATED,
)
def add_phone(person_id: UUID, new: PhoneIn, session: InTransaction, me: Me) -> Phone:
    return people.add_phone(session, held(session, person_id, me), new.number, new.label)


@router.post(
    "/people/{person_id}/addresses",
    dependencies=[allow(Right.WRITE_PEOPLE)],
    response_model=AddressOut,
    status_code=status.HTTP_201_CREATED,
)
def add_address(person_id: UUID, new: AddressIn, session: InTransaction, me: Me) -> Address:
    return people.add_address(session, held(session, person_id, me), **new.model_dump())


@router.post(
    "/people/{person_id}/alerts",
    dependencies=[allow(Right.WRITE_PEOPLE)],
    response_model=AlertOut,
    status_code=status.HTTP_201_CREATED,
)
def add_alert(person_id: UUID, new: AlertIn, session: InTransaction, me: Me) -> people.Alert:
    return people.add_alert(session, held(session, person_id, me), **new.model_dump())


@router.post(
    "/people/{person_id}/near",
    dependencies=[allow(Right.WRITE_PEOPLE)],
    response_model=NearOut,
    status_code=status.HTTP_201_CREATED,
)
def add_near(person_id: UUID, new: NearIn, session: InTransaction, me: Me) -> NearPerson:
    return people.add_contact(session, held(session, person_id, me), **new.model_dump())


@router.get("/cases", dependencies=[allow(Right.READ_CASES)])
def list_cases(
    session: InTransaction,
    me: Me,
    person_id: UUID | None = None,
    after: int | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> dict[str, Any]:
    """Newest first; `after` is the number of the last one seen."""
    found = cases.listed(session, me, person_id=person_id, after=after, limit=limit)
    return {
        "items": [CaseOut.of(each, me) for each in found],
        "next": found[-1].number if len(found) == limit else None,
    }


@router.post(
    "/cases",
    dependencies=[allow(Right.WRITE_CASES)],
    response_model=CaseOut,
    status_code=status.HTTP_201_CREATED,
)
def open_case(new: CaseIn, session: InTransaction, me: Me) -> Case:
    if new.person_id is not None:
        held(session, new.person_id, me)
    return cases.open_(session, **new.model_dump())


@router.get("/cases/{case_id}", dependencies=[allow(Right.READ_CASES)])
def read_case(case_id: UUID, session: InTransaction, me: Me) -> CaseOut:
    return CaseOut.of(cases.read(session, case_id, me), me)


@router.get("/cases/{case_id}/timeline", dependencies=[allow(Right.READ_CASES)])
def read_timeline(case_id: UUID, session: InTransaction, me: Me) -> dict[str, list[EntryOut]]:
    case = cases.read(session, case_id, me)
    seen = access.sees(me, case.compartment)
    entries: list[journal.Entry] = cases.timeline(session, case_id) if seen else []
    return {"items": [EntryOut.model_validate(each) for each in entries]}


@router.post(
    "/cases/{case_id}/contacts",
    dependencies=[allow(Right.WRITE_CASES)],
    response_model=ContactOut,
    status_code=status.HTTP_201_CREATED,
)
def record_contact(case_id: UUID, new: ContactIn, session: InTransaction, me: Me) -> Contact:
    case = cases.read(session, case_id, me)
    return contacts.record(
        session,
        case_id=case.id,
        person_id=case.person_id,
        staff_id=me.staff_id,
        **new.model_dump(),
    )


@router.post("/cases/{case_id}/close", dependencies=[allow(Right.WRITE_CASES)])
def close_case(case_id: UUID, why: Reason, session: InTransaction, me: Me) -> CaseOut:
    cases.read(session, case_id, me)
    case = locked(session, Case, case_id)
    cases.close(session, case, reason=why.reason)
    return CaseOut.of(case, me)


@router.post("/cases/{case_id}/reopen", dependencies=[allow(Right.WRITE_CASES)])
def reopen_case(case_id: UUID, why: Reason, session: InTransaction, me: Me) -> CaseOut:
    cases.read(session, case_id, me)
    case = locked(session, Case, case_id)
    cases.reopen(session, case, reason=why.reason)
    return CaseOut.of(case, me)
