"""What the unit said stands before whoever answers: words, room, place, moment, pictures."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from registry import people
from registry.kit import clock
from registry.kit.db import get, new_id
from registry.people import Person
from registry.staff import Staff
from telecare import alarms, response, rows
from telecare.alarms import Alarm
from telecare.protocols.base import AlarmProtocol, Cut, Kind, Message
from telecare.protocols.dc09_frames import wrap
from telecare.protocols.json_signals import JsonSignals
from telecare.protocols.scaip import Scaip
from telecare.protocols.sia_dc09 import SiaDc09
from telecare.signals import Signal
from tests.telecare.sip_units import mrq
from tests.telecare.test_dc09_blocks import PLACED
from webconsole import board
from webconsole.words import words

IT = words("it")
AT_HOME = (45.391, 12.569)


@pytest.fixture
def rosa(session: Session) -> Person:
    return lives(session)


def lives(session: Session, *, restricted: bool = False) -> Person:
    rosa = people.create(
        session, given_name="Rosa", family_name="Prova", birth_year=1941, restricted=restricted
    )
    north, east = AT_HOME
    people.add_address(
        session, rosa, street="via Finta 1", town="Caorle", latitude=north, longitude=east
    )
    return rosa


def held(
    session: Session, who: Staff, person: Person | None, protocol: AlarmProtocol, raw: bytes
) -> dict[str, Any]:
    """The alarm of one frame, in the hands of an operator, as the board shows it."""
    (cut,) = protocol.framer().feed(raw) if raw.startswith(b"\n") else [Cut(b"", raw)]
    cut.sender = "7001"
    message = protocol.decode(cut, lambda _: None, clock.now())
    signal = stored(session, protocol, message)
    alarm = alarms.raise_(
        session,
        signal_id=signal.id,
        position=0,
        account=message.account,
        device_id=None,
        person_id=person.id if person else None,
        kind=Kind.PERSONAL,
        code="",
    )
    if message.position is not None:
        alarm.latitude, alarm.longitude = message.position
    alarms.claim(session, alarm, who.id)
    (row,) = board.snapshot(session, who.actor, IT)["hand"]
    return dict(row)


def stored(session: Session, protocol: AlarmProtocol, message: Message) -> Signal:
    signal = Signal(
        id=new_id(),
        arrived_at=clock.now(),
        protocol=protocol.name,
        path="tcp",
        peer="",
        raw=b"",
        verdict=message.verdict,
        reason="",
        account=message.account,
        sequence=message.sequence,
        encrypted=message.encrypted,
        kind=Kind.PERSONAL,
        became="alarm",
        decoded=json.loads(rows.decoded(message)),
    )
    session.add(signal)
    session.flush()
    return signal


def test_the_extended_data_of_dc09_are_before_the_operator(
    session: Session, anna: Staff, rosa: Person
) -> None:
    row = held(session, anna, rosa, SiaDc09(), wrap(PLACED))

    assert [each["text"] for each in row["told"]] == [
        "L’apparecchio dice: Vicino al letto · Camera 2 · sensore 001",
        "È successo prima (31/12/2025 14:59), ma è arrivato solo ora",
        "L’apparecchio dice di essere a 45.39093, 12.56872",
        "Immagini o voci per verificare: video.example.invalid · il mittente non è provato",
    ]
    assert row["told"][-1]["href"] == "https://video.example.invalid/34AC"
    assert row["place"]["street"] == "via Finta 1"


def test_scaip_says_in_which_room(session: Session, anna: Staff, rosa: Person) -> None:
    body = mrq(cid="7001", dty="0005", stc="0009", lco="011", did="3")

    row = held(session, anna, rosa, Scaip(), body.encode())

    assert [each["text"] for each in row["told"]] == ["L’apparecchio dice: bagno · sensore 3"]


def test_an_app_far_from_home_is_where_the_team_is_sent(
    session: Session, anna: Staff, rosa: Person
) -> None:
    told_at = clock.now() - timedelta(minutes=9)
    said = {
        "id": "w-1",
        "kind": "wandering",
        "at": told_at.isoformat(),
        "battery": 7,
        "position": {"latitude": 45.5, "longitude": 12.6, "accuracy_m": 15},
    }

    row = held(session, anna, rosa, JsonSignals(), json.dumps(said).encode())

    late, where, battery = row["told"]
    assert late["text"].startswith("È successo prima")
    assert where["text"] == (
        "Non è a casa: l’apparecchio dice di essere a 45.50000, 12.60000 ± 15 m"
    )
    assert where["tone"] == "notice warn"
    assert battery["text"] == "Batteria dell’apparecchio: 7%"
    assert row["place"] == {
        "street": "45.50000, 12.60000",
        "town": "",
        "latitude": 45.5,
        "longitude": 12.6,
        "label": "Dov’è l’apparecchio",
    }


def test_of_nobodys_unit_only_its_own_word_says_where_it_is(session: Session, anna: Staff) -> None:
    row = held(session, anna, None, SiaDc09(), wrap(PLACED))

    assert row["place"]["label"] == "Dov’è l’apparecchio"
    assert "L’apparecchio dice di essere a 45.39093, 12.56872" in [
        each["text"] for each in row["told"]
    ]


def test_of_a_reserved_person_nothing_is_said(session: Session, anna: Staff) -> None:
    row = held(session, anna, lives(session, restricted=True), SiaDc09(), wrap(PLACED))

    assert (row["told"], row["place"]) == ([], None)


def test_the_street_is_told_to_a_team_as_long_as_the_unit_is_at_home(
    session: Session, anna: Staff, rosa: Person
) -> None:
    row = held(session, anna, rosa, SiaDc09(), wrap(PLACED))
    alarm = get(session, Alarm, row["id"])

    at_home = response.ask_for_team(session, alarm, anna.actor, reason="pulsante")
    assert at_home.place.text == "via Finta 1"

    alarm.latitude, alarm.longitude = 45.5, 12.6
    away = response.ask_for_team(session, alarm, anna.actor, reason="pulsante")
    assert (away.place.text, away.latitude) == ("45.50000, 12.60000", 45.5)
