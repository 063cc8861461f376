"""The home's own call finds its alarm; the operator commands the unit; nobody loses a voice."""

from datetime import timedelta
from uuid import UUID

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter import calls
from callcenter.call_states import CallState
from callcenter.calls import Call
from callcenter.operators import State
from callcenter.tones import Tones
from registry import people
from registry.journal import Entry
from registry.kit import clock
from registry.kit.errors import Invalid, WrongState
from registry.people import Person
from registry.staff import Staff
from telecare import alarms, devices, unit_calls, unit_lines, voice_profiles
from telecare.alarms import Alarm, AlarmState, Outcome
from telecare.devices import Device
from telecare.protocols.base import Kind
from telecare.voice_profiles import Command
from tests.callcenter import room
from tests.callcenter.room import at_desk, ring

HOME, SIM = "+390815550131", "+393335550131"


@pytest.fixture
def rosa(session: Session) -> Person:
    person = people.create(session, given_name="Rosa", family_name="Provastella")
    people.add_phone(session, person, HOME)
    return person


@pytest.fixture
def unit(session: Session, rosa: Person) -> Device:
    made = devices.add(session, account="4711", protocol=devices.SCAIP, person_id=rosa.id)
    unit_lines.write(session, made, number=SIM, profile_id=None)
    return made


def press(session: Session, unit: Device) -> Alarm:
    return alarms.raise_(
        session,
        signal_id=UUID(int=7),
        position=0,
        account=unit.account,
        device_id=unit.id,
        person_id=unit.person_id,
        kind=Kind.PERSONAL,
        code="10",
    )


def hear(session: Session) -> None:
    """What the relay would bring, as often as it likes."""
    session.flush()
    for entry in session.scalars(select(Entry).order_by(Entry.id)).all():
        for listener in (unit_calls.arrived, unit_calls.raised, unit_calls.answered,
                         unit_calls.changed_hands):  # fmt: skip
            listener(session, entry.event())


@pytest.mark.parametrize("number", [SIM, HOME])
def test_the_unit_rings_after_its_signal_and_is_put_on_its_alarm(
    session: Session, unit: Device, number: str
) -> None:
    alarm = press(session, unit)
    call = ring(session, "CA1", number)
    hear(session)
    assert (call.alarm_id, call.priority, call.purpose) == (alarm.id, "A", "alarm_home")
    assert call.case_id == alarm.case_id
    assert call.last_tones == "0"


def test_the_unit_may_ring_before_its_signal_comes(session: Session, unit: Device) -> None:
    call = ring(session, "CA1", SIM)
    hear(session)
    assert (call.alarm_id, call.priority) == (None, "A")
    alarm = press(session, unit)
    hear(session)
    assert call.alarm_id == alarm.id


def test_a_hidden_number_that_rang_long_before_is_not_offered(
    session: Session, unit: Device
) -> None:
    ring(session, "CA1", "")
    with time_machine.travel(clock.now() + unit_calls.TOGETHER + timedelta(seconds=1)):
        assert unit_calls.candidates(session, press(session, unit)) == []


def test_whoever_holds_the_alarm_is_asked_for_the_call_before_anybody(
    session: Session, unit: Device, anna: Staff, bruno: Staff
) -> None:
    at_desk(session, anna)
    alarm = press(session, unit)
    alarms.claim(session, alarm, anna.id)
    at_desk(session, bruno)
    call = ring(session, "CA1", SIM)
    assert call.offered_to == bruno.id, "nobody knows yet whose call it is"
    hear(session)
    assert call.offered_to == anna.id
    assert room.operator(session, bruno.id).state is State.IDLE


def test_when_the_holder_does_not_answer_a_colleague_is_asked(
    session: Session, unit: Device, anna: Staff, bruno: Staff
) -> None:
    at_desk(session, anna)
    alarm = press(session, unit)
    alarms.claim(session, alarm, anna.id)
    call = ring(session, "CA1", SIM)
    hear(session)
    assert call.offered_to == anna.id
    at_desk(session, bruno)
    with room.later(16):
        room.sweep(session)
    assert call.offered_to == bruno.id
    assert alarm.operator_id == anna.id


def test_whoever_answers_the_home_has_its_alarm(
    session: Session, unit: Device, anna: Staff
) -> None:
    at_desk(session, anna)
    alarm = press(session, unit)
    call = ring(session, "CA1", SIM)
    hear(session)
    room.accepts(session, call, anna.id)
    hear(session)
    assert (alarm.state, alarm.operator_id) == (AlarmState.CLAIMED, anna.id)


def test_an_alarm_taken_while_the_home_waits_brings_the_call(
    session: Session, unit: Device, anna: Staff, bruno: Staff
) -> None:
    alarm = press(session, unit)
    call = ring(session, "CA1", SIM)
    hear(session)
    at_desk(session, bruno)
    assert call.offered_to == bruno.id
    at_desk(session, anna)
    alarms.claim(session, alarm, anna.id)
    hear(session)
    assert call.offered_to == anna.id
    assert unit_calls.waiting(session, alarm.id) is call


def test_nobody_who_already_speaks_is_interrupted(
    session: Session, unit: Device, anna: Staff, bruno: Staff
) -> None:
    at_desk(session, bruno)
    call = room.talking(session, "CA1", bruno.id)
    at_desk(session, anna)
    alarm = press(session, unit)
    alarms.claim(session, alarm, anna.id)
    unit_calls.attach(session, alarm, call.id, how="chosen")
    assert (call.state, call.operator_id) == (CallState.TALKING, bruno.id)
    assert alarm.operator_id == anna.id


def test_an_unknown_number_is_offered_to_choose_and_a_known_one_of_others_is_not(
    session: Session, unit: Device
) -> None:
    alarm = press(session, unit)
    withheld = ring(session, "CA1", "")
    other = people.create(session, given_name="Ugo", family_name="Prova")
    people.add_phone(session, other, room.MARIA)
    ring(session, "CA2", room.MARIA)
    hear(session)
    assert unit_calls.candidates(session, alarm) == [withheld]
    unit_calls.attach(session, alarm, withheld.id, how="chosen")
    assert unit_calls.candidates(session, alarm) == []
    again = press_again(session, unit)
    with pytest.raises(WrongState):
        unit_calls.attach(session, again, withheld.id, how="chosen")


def press_again(session: Session, unit: Device) -> Alarm:
    return alarms.raise_(
        session,
        signal_id=UUID(int=8),
        position=0,
        account=unit.account,
        device_id=unit.id,
        person_id=unit.person_id,
        kind=Kind.FALL,
        code="5",
    )


def test_a_unit_that_dials_again_comes_to_the_same_case(
    session: Session, unit: Device, anna: Staff
) -> None:
    at_desk(session, anna)
    alarm = press(session, unit)
    alarms.claim(session, alarm, anna.id)
    alarms.close(session, alarm, outcome=Outcome.HELPED_BY_VOICE, note="Tutto bene")
    call = ring(session, "CA1", SIM)
    hear(session)
    assert (call.alarm_id, call.case_id, call.priority) == (None, alarm.case_id, "A")


def test_a_home_that_hangs_up_is_called_back_for_its_alarm_and_not_twice(
    session: Session, unit: Device
) -> None:
    press(session, unit)
    call = ring(session, "CA1", SIM)
    hear(session)
    with room.later(30):
        room.hangs_up(session, call)
    assert (call.state, call.call_back) == (CallState.ABANDONED, False)


def talking(session: Session, unit: Device, anna: Staff) -> tuple[Alarm, Call]:
    at_desk(session, anna)
    alarm = press(session, unit)
    call = ring(session, "CA1", SIM)
    hear(session)
    room.accepts(session, call, anna.id)
    room.voice(session, call, anna.id, "OP1")
    room.told(session, call, "join", "OP1", 1)
    room.told(session, call, "join", "CA1", 2)
    hear(session)
    return alarm, call


def test_commands_are_the_keys_of_the_units_profile(
    session: Session, unit: Device, anna: Staff
) -> None:
    alarm, call = talking(session, unit, anna)
    made = unit_calls.command(session, alarm, Command.LISTEN, anna.id)
    assert (made.digits, made.call_id) == ("7", call.id)
    swapped = voice_profiles.write(session, "Casa 3", {Command.SOFTER: "3", Command.LOUDER: "1"})
    unit_lines.write(session, unit, number=SIM, profile_id=swapped.id)
    assert unit_calls.command(session, alarm, Command.LOUDER, anna.id).digits == "1"
    for missing in (Command.DOOR, Command.CLEAR_DOWN):
        with pytest.raises(Invalid):
            unit_calls.command(session, alarm, missing, anna.id)
    assert len(session.scalars(select(Tones)).all()) == 2


def test_without_a_voice_there_is_nobody_to_command(
    session: Session, unit: Device, anna: Staff
) -> None:
    alarm, call = talking(session, unit, anna)
    calls.hang_up(session, call)
    with pytest.raises(WrongState):
        unit_calls.command(session, alarm, Command.TALK, anna.id)


def test_a_unit_of_which_nothing_is_known_gets_no_keys(session: Session) -> None:
    other = devices.add(session, account="0815")
    assert unit_lines.keys(session, other.id) == {}
    assert unit_lines.keys(session, None) == {}


def test_a_profile_has_a_name_and_keys_that_exist(session: Session) -> None:
    with pytest.raises(Invalid):
        voice_profiles.write(session, " ", {})
    with pytest.raises(Invalid):
        voice_profiles.write(session, "Casa 3", {Command.DOOR: "door"})
    first = voice_profiles.write(session, "Casa 3", {Command.DOOR: "9"})
    assert voice_profiles.write(session, "Casa 3", {Command.DOOR: "5"}) is first
    assert first.keys == {Command.DOOR: "5"}
