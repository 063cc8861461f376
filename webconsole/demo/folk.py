"""Those who live in Borgo Campione: read from `people.csv`, with their homes and their units.

Everybody is invented, and says so by name. Their telephone numbers belong to a district code and
to a mobile prefix that nobody has been given, so they ring nowhere, whatever dials them.
"""

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from registry import people
from registry.people import Person
from registry.places import AddressKind
from telecare import devices, subscribers
from telecare.devices import Device

PEOPLE = Path(__file__).with_name("people.csv")
TOWN = "Borgo Campione"
FIRST_ACCOUNT = 7001
DIGITS_OF_BS8521 = 12
ONCE_A_DAY = 86_400  # seconds between two signs of life
KEYS = "chiavi"
KEYS_OF = {"aes": 32, "scaip": 32, "sos": 15}  # characters; the others have none
PROTOCOLS = {
    "scaip": devices.SCAIP,
    "app": devices.JSON,
    "bs8521": devices.BS8521,
    "lines": devices.RECEIVER_LINES,
    "sos": devices.SOS_ACCESS,
}


@dataclass(frozen=True)
class Resident:
    """A line of the file, and what it became."""

    person: Person
    unit: Device | None


def settle(session: Session) -> list[Resident]:
    """Open a file for everybody, in the order of the list; units stand in the homes."""
    with PEOPLE.open(encoding="utf-8", newline="") as source:
        lines = list(csv.DictReader(source, delimiter=";"))
    residents: list[Resident] = []
    for line in lines:
        person = _person(session, line)
        account = str(FIRST_ACCOUNT + len(residents))
        unit = _unit(session, person, account, line["unit"]) if line["unit"] else None
        residents.append(Resident(person, unit))
    return residents


def key_of(account: str) -> str:
    """The sample key of an account, the same at every start: the town has no secrets."""
    return hashlib.blake2b(f"{TOWN} {account}".encode(), digest_size=16).hexdigest().upper()


def _person(session: Session, line: dict[str, str]) -> Person:
    person = people.create(
        session,
        given_name=line["given_name"],
        family_name=line["family_name"],
        birth_year=int(line["birth_year"]) if line["birth_year"] else None,
        language=line["language"],
        restricted=line["restricted"] == "yes",
    )
    if line["phone"]:
        mobile = line["phone"].startswith("3")
        people.add_phone(session, person, line["phone"], "cellulare" if mobile else "casa")
    people.add_address(
        session,
        person,
        kind=AddressKind(line["address"]),
        street=line["street"],
        town=TOWN,
        latitude=float(line["latitude"]),
        longitude=float(line["longitude"]),
        how_to_get_in=line["how_to_get_in"],
    )
    for alert in _cells(line["alerts"]):
        kind, _, text = alert.partition("/")
        people.add_alert(session, person, kind=kind, text=text)
    for near in _cells(line["near"]):
        relation, name, phone, *more = near.split("/")
        people.add_contact(
            session, person, name=name, phone=phone, relation=relation, holds_keys=KEYS in more
        )
    return person


def _cells(written: str) -> list[str]:
    return [each.strip() for each in written.split("|") if each.strip()]


def _unit(session: Session, person: Person, account: str, kind: str) -> Device:
    """`kind`: plain and aes speak SIA DC-09, scaip SIP with a password, app JSON with a token.

    bs8521 is a string of digits in SIP, in which an account has twelve of them. lines is an old
    unit on the telephone behind a hardware receiver, sos a transmitter of SOS Access.
    """
    device = devices.add(
        session,
        account=account.zfill(DIGITS_OF_BS8521) if kind == "bs8521" else account,
        protocol=PROTOCOLS.get(kind, devices.DC09),
        key=key_of(account)[: KEYS_OF.get(kind, 0)],
        heartbeat_s=ONCE_A_DAY,
        label=f"Unità {account}",
    )
    subscribers.assign(session, device, person, person.addresses[0])
    return device
