"""A home that rings in a storm hears recorded reassurance; its press stays before the room."""

from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter import documents, lines, reassuring, sentences
from callcenter.call_states import CallState
from callcenter.calls import Call
from callcenter.reassuring import CallerReassured
from registry import people
from registry.journal import Entry
from registry.kit import clock
from registry.staff import Staff
from telecare import alarms, devices, faults, outages, storm_voice, unit_calls
from telecare.alarms import Alarm, AlarmState
from telecare.devices import Device
from telecare.protocols.base import Kind
from tests.callcenter import room
from tests.callcenter.room import at_desk, ring

ROSA, MARY = "+390815550200", "+390815550201"


@pytest.fixture
def homes(session: Session) -> list[Device]:
    """Rosa's and Mary's home and four others, in one area."""
    lines.add(session, number=room.LINE, name="Linea sociale")
    found = []
    for number in range(6):
        person = people.create(session, given_name="Rosa", family_name=f"Prova {number}")
        person.language = "ro" if number == 1 else "it"
        person.other_languages = ["en"] if number == 1 else []
        people.add_phone(session, person, f"081 555 020{number}")
        account = f"02{number}0"
        found.append(devices.add(session, account=account, area="Borgo Finto", person_id=person.id))
    return found


def storm(session: Session, homes: list[Device]) -> None:
    faults.keep(session, Kind.MAINS, {each.id for each in homes}, set())
    outages.look(session)


def press(session: Session, unit: Device) -> Alarm:
    return alarms.raise_(
        session,
        signal_id=uuid4(),
        position=0,
        account=unit.account,
        device_id=unit.id,
        person_id=unit.person_id,
        kind=Kind.PERSONAL,
        code="1101",
    )


def hear(session: Session) -> None:
    """What the relay would bring, as often as it likes."""
    session.flush()
    for entry in session.scalars(select(Entry).order_by(Entry.id)).all():
        for listener in (unit_calls.arrived, storm_voice.rings, storm_voice.began):
            listener(session, entry.event())


def told(session: Session) -> list[str]:
    wanted = select(Entry.facts["call_id"].astext).where(Entry.kind == CallerReassured.kind)
    return list(session.scalars(wanted))


def test_a_home_that_rings_in_a_storm_is_reassured_and_its_press_stays(
    session: Session, homes: list[Device]
) -> None:
    storm(session, homes)
    alarm = press(session, homes[0])
    call = ring(session, "CA1", ROSA)
    hear(session)
    assert reassuring.say(session, call)
    assert not reassuring.say(session, call), "not over and over"
    with time_machine.travel(clock.now() + timedelta(seconds=61)):
        assert reassuring.say(session, call)
    assert told(session) == [str(call.id)]
    assert (call.state, call.alarm_id, alarm.state) == (
        CallState.WAITING,
        alarm.id,
        AlarmState.WAITING,
    )
    assert alarm in alarms.waiting(session)
    heard = reassuring.of_alarm(session, alarm.id)
    assert heard is not None
    assert heard.times == 2


def test_nobody_hears_a_recording_while_an_operator_is_asked(
    session: Session, homes: list[Device], anna: Staff
) -> None:
    storm(session, homes)
    press(session, homes[0])
    at_desk(session, anna)
    call = ring(session, "CA1", ROSA)
    hear(session)
    assert call.state is CallState.OFFERED
    assert not reassuring.say(session, call)


def test_in_calm_weather_and_for_other_callers_it_is_silent(
    session: Session, homes: list[Device]
) -> None:
    press(session, homes[0])
    calm = ring(session, "CA1", ROSA)
    hear(session)
    assert not reassuring.say(session, calm)
    # It becomes a storm while Rosa waits; whoever rings the helpline hears what they always do.
    storm(session, homes)
    other = ring(session, "CA2", "+390815550299")
    hear(session)
    assert reassuring.say(session, calm)
    assert not reassuring.say(session, other)


def test_it_is_said_in_a_language_of_theirs(session: Session, homes: list[Device]) -> None:
    storm(session, homes)
    calls = [ring(session, "CA1", ROSA), ring(session, "CA2", MARY)]
    hear(session)
    assert [each.language for each in calls] == ["it", "en"]
    said = [wait(each) for each in calls]
    assert "Molte case" in said[0]
    assert 'language="it-IT"' in said[0]
    assert "Many homes" in said[1]
    assert 'language="en-GB"' in said[1]
    assert 'language="it-IT"' not in said[1]


def wait(call: Call) -> str:
    said = documents.wait(call, 3, may_leave=False, reassured=True)
    assert sentences.reassurance(call.language).split(".")[0] in said
    return said
