"""Parts of a person's file: how a number is rung, what is over, what was written by mistake."""

from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from registry import people, safe_contacts
from registry.identifiers import Identifier
from registry.kit.db import Base
from registry.kit.errors import Invalid, NotFound
from registry.names import Name
from registry.people import Alert, NearPerson, Person, Phone
from registry.places import Address
from registry.safe_contacts import SafeContact


class Part(StrEnum):
    """What can be taken off a file, as the address of the API says it."""

    PHONES = "phones"
    ADDRESSES = "addresses"
    NAMES = "names"
    IDENTIFIERS = "identifiers"
    ALERTS = "alerts"
    NEAR = "near"


MODELS: dict[Part, type[Base]] = {
    Part.PHONES: Phone,
    Part.ADDRESSES: Address,
    Part.NAMES: Name,
    Part.IDENTIFIERS: Identifier,
    Part.ALERTS: Alert,
    Part.NEAR: NearPerson,
}


def set_safe_contact(session: Session, person: Person, phone_id: UUID, **facts: Any) -> Phone:
    """How this number is rung from now on; when nothing is to be minded, it is like any other."""
    phone: Phone = _of(session, person, Part.PHONES, phone_id)
    profile = safe_contacts.filled(phone.safe or SafeContact(), facts)
    phone.safe = None if profile.empty else profile
    people.changed(session, person, "phones")
    return phone


def end_address(session: Session, person: Person, address_id: UUID, on: date) -> Address:
    """They no longer live there, or are no longer found there."""
    address: Address = _of(session, person, Part.ADDRESSES, address_id)
    if address.valid_from and on < address.valid_from:
        raise Invalid("The end comes before the beginning", field="valid_to")
    address.valid_to = on
    people.changed(session, person, "addresses")
    return address


def remove(session: Session, person: Person, part: Part, part_id: UUID) -> None:
    """Written by mistake: it leaves the file, and the journal keeps who took it off."""
    session.delete(_of(session, person, part, part_id))
    session.flush()
    session.expire(person, ["phones", "addresses", "alerts", "near"])
    if part is Part.NAMES:
        people.change(session, person)
    else:
        people.changed(session, person, part.value)


def _of(session: Session, person: Person, part: Part, part_id: UUID) -> Any:
    found: Any = session.get(MODELS[part], part_id)
    if found is None or found.person_id != person.id:
        raise NotFound("There is no such %(thing)s", thing="part of the file")
    return found
