"""JSON of a person's file: facts changed one after the other, parts added, ended, taken off."""

from datetime import date, time
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response, status
from pydantic import BaseModel, BeforeValidator, Field

from registry import access, codes, file_parts, file_versions, once, people
from registry.access import Compartment, Right
from registry.audiences import Audience
from registry.codes import CodeList
from registry.door import Me, allow
from registry.file_parts import Part
from registry.headers import Key, Wanted
from registry.kit import clock
from registry.kit.db import get
from registry.kit.http import InTransaction
from registry.people import Alert, NearPerson, Phone
from registry.people_api import (
    AddressOut,
    Age,
    AlertOut,
    Language,
    Name,
    NearOut,
    PersonOut,
    PhoneOut,
    held,
    tagged,
)
from registry.places import Address, AddressKind
from registry.staff import Office

router = APIRouter(tags=["registry"])
WRITES = [allow(Right.WRITE_PEOPLE)]
Text = Annotated[str, Field(max_length=4000)]
# A form sends an empty choice as an empty text.
Reserved = Annotated[Compartment | None, BeforeValidator(lambda said: said or None)]


class PersonChange(BaseModel):
    """Only what is sent is changed. Who reserves files may say so, and who keeps them."""

    given_name: Name | None = None
    family_name: Name | None = None
    known_as: Name | None = None
    birth_year: Annotated[int, Field(ge=0, le=9999)] | None = None
    birth_date: date | None = None
    declared_age: Age | None = None
    language: Language | None = None
    other_languages: Annotated[list[Language], Field(max_length=12)] | None = None
    interpreter: bool | None = None
    barriers: Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=20)] | None = (
        None
    )
    restricted: bool | None = None
    kept_by: UUID | None = None


class PhoneIn(BaseModel):
    number: Annotated[str, Field(max_length=40)]
    label: Name = ""


class SafeIn(BaseModel):
    """All of it together: what is not sent is not to be minded."""

    no_call_back: bool = False
    no_voicemail: bool = False
    neutral_sender: bool = False
    safe_from: time | None = None
    safe_until: time | None = None
    code_word: Annotated[str, Field(max_length=40)] = ""


class AddressIn(BaseModel):
    kind: AddressKind = AddressKind.RESIDENCE
    street: Name
    town: Name
    latitude: Annotated[float, Field(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Field(ge=-180, le=180)] | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    habits: Annotated[str, Field(max_length=400)] = ""
    how_to_get_in: Text = ""


class Ending(BaseModel):
    on: date | None = None


class AlertIn(BaseModel):
    kind: Annotated[str, Field(max_length=40)] = "other"
    text: Annotated[str, Field(min_length=1, max_length=120)]
    reason: Annotated[str, Field(max_length=400)] = ""
    audience: Audience = Audience.EVERYONE
    until: date | None = None
    compartment: Reserved = None


class NearIn(BaseModel):
    name: Name
    phone: Annotated[str, Field(max_length=40)]
    relation: Name = ""
    holds_keys: bool = False
    caregiver: bool = False
    formal: bool = False


@router.patch("/people/{person_id}", dependencies=WRITES)
def change_person(
    person_id: UUID,
    facts: PersonChange,
    session: InTransaction,
    me: Me,
    answer: Response,
    if_match: Wanted,
) -> PersonOut:
    """`If-Match` is the ETag that was read; 412 with `changes` when somebody was faster."""
    person = held(session, person_id, me)
    file_versions.check(session, person, if_match)
    said = facts.model_dump(exclude_unset=True)
    people.change(session, person, **checked(session, me, said))
    return tagged(answer, person, me)


def checked(session: InTransaction, me: Me, said: dict[str, Any]) -> dict[str, Any]:
    """The facts, when this one of the staff may say them and every code is in force."""
    if not said.keys().isdisjoint({"restricted", "kept_by"}):
        access.require(me, Right.READ_RESTRICTED)
    if said.get("kept_by") is not None:
        get(session, Office, said["kept_by"])
    facts = {name: said[name] for name in said if said[name] is not None or name in MAY_BE_EMPTY}
    if "barriers" in facts:
        today = clock.now().date()
        facts["barriers"] = codes.check(session, CodeList.BARRIER, facts["barriers"], today)
    return facts


MAY_BE_EMPTY = frozenset({"birth_year", "birth_date", "declared_age", "kept_by"})


@router.post(
    "/people/{person_id}/phones",
    dependencies=WRITES,
    response_model=PhoneOut,
    status_code=status.HTTP_201_CREATED,
)
def add_phone(person_id: UUID, new: PhoneIn, session: InTransaction, me: Me) -> Phone:
    """A number that the file has already is answered as it is."""
    return people.add_phone(session, held(session, person_id, me), new.number, new.label)


@router.post(
    "/people/{person_id}/phones/{phone_id}/safe", dependencies=WRITES, response_model=PhoneOut
)
def set_safe_contact(
    person_id: UUID, phone_id: UUID, said: SafeIn, session: InTransaction, me: Me
) -> Phone:
    person = held(session, person_id, me)
    return file_parts.set_safe_contact(session, person, phone_id, **said.model_dump())


@router.post(
    "/people/{person_id}/addresses", dependencies=WRITES, status_code=status.HTTP_201_CREATED
)
def add_address(
    person_id: UUID, new: AddressIn, session: InTransaction, me: Me, key: Key = None
) -> AddressOut:
    person = held(session, person_id, me)
    made_id, first = once.made(session, me.login, key, f"address {person_id}")
    if not first:
        return AddressOut.of(get(session, Address, made_id), me)
    made = people.add_address(session, person, id=made_id, **new.model_dump())
    return AddressOut.of(made, me)


@router.post("/people/{person_id}/addresses/{address_id}/end", dependencies=WRITES)
def end_address(
    person_id: UUID, address_id: UUID, when: Ending, session: InTransaction, me: Me
) -> AddressOut:
    """Today, unless another day is said."""
    person = held(session, person_id, me)
    on = when.on or clock.now().date()
    return AddressOut.of(file_parts.end_address(session, person, address_id, on), me)


@router.post("/people/{person_id}/alerts", dependencies=WRITES, status_code=status.HTTP_201_CREATED)
def add_alert(
    person_id: UUID, new: AlertIn, session: InTransaction, me: Me, key: Key = None
) -> AlertOut:
    person = held(session, person_id, me)
    made_id, first = once.made(session, me.login, key, f"alert {person_id}")
    if not first:
        return AlertOut.of(get(session, Alert, made_id), me)
    made = people.add_alert(session, person, id_=made_id, **new.model_dump())
    return AlertOut.of(made, me)


@router.post(
    "/people/{person_id}/near",
    dependencies=WRITES,
    response_model=NearOut,
    status_code=status.HTTP_201_CREATED,
)
def add_near(
    person_id: UUID, new: NearIn, session: InTransaction, me: Me, key: Key = None
) -> NearPerson:
    person = held(session, person_id, me)
    made_id, first = once.made(session, me.login, key, f"near {person_id}")
    if not first:
        return get(session, NearPerson, made_id)
    return people.add_contact(session, person, id=made_id, **new.model_dump())


@router.post(
    "/people/{person_id}/{part}/{part_id}/remove",
    dependencies=WRITES,
    status_code=status.HTTP_204_NO_CONTENT,
)
def remove_part(person_id: UUID, part: Part, part_id: UUID, session: InTransaction, me: Me) -> None:
    """For what was written by mistake; what was true and is over has an end instead."""
    file_parts.remove(session, held(session, person_id, me), part, part_id)
