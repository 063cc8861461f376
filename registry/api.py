"""JSON of the registry: people, cases and who I am."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request, status
from pydantic import BaseModel, Field

from registry import (
    bookings_api,
    cases_api,
    directory_api,
    people,
    people_api,
    requests_api,
)
from registry.access import Compartment, Right
from registry.door import Me, allow
from registry.kit.http import InTransaction
from registry.people import NearPerson, Phone
from registry.people_api import AddressOut, AlertOut, Name, NearOut, Out, PersonOut, PhoneOut, held
from registry.places import Address, AddressKind

router = APIRouter(tags=["registry"])
router.include_router(people_api.router)
router.include_router(cases_api.router)
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
