"""What telecare promises, whatever happens in whatever order."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from callcenter import lines
from registry import deadlines, people
from registry.kit import clock
from registry.kit.errors import Problem
from registry.people import Person
from registry.staff import Staff
from telecare import (
    absences,
    alarms,
    devices,
    escalation,
    faults,
    holding,
    on_call,
    ringing,
    rounds,
)
from telecare import signals as frames
from telecare.absences import Reason
from telecare.alarms import HELD, UNANSWERED, Alarm, AlarmState, Outcome
from telecare.devices import Device
from telecare.faults import Told
from telecare.protocols.base import Kind
from tests.callcenter import room
from tests.telecare.test_alarms import raised
from webconsole import board
from webconsole.words import words

SOME = settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def rosa(session: Session) -> Person:
    person = people.create(session, given_name="Rosa", family_name="Prova")
    people.add_address(session, person, street="Via di Prova 1", town="Pozzuoli")
    people.add_contact(session, person, name="Ugo Prova", phone="081 555 0102")
    lines.add(session, number=room.LINE, name="Linea sociale")
    on_call.add(session, name="Carla Esempio", number="333 555 0190")
    return person


@pytest.fixture
def unit(session: Session, rosa: Person) -> Device:
    return devices.add(session, account="4711", person_id=rosa.id)


def next_round(session: Session, alarm: Alarm) -> None:
    for each in rounds.of_alarm(session, alarm.id):
        ringing.next_(session, each.id)


def away(session: Session, alarm: Alarm) -> None:
    absences.declare(session, db_person(session, alarm), reason=Reason.HOSPITAL)


def db_person(session: Session, alarm: Alarm) -> Person:
    found = session.get(Person, alarm.person_id)
    assert found is not None
    return found


def technical(session: Session, alarm: Alarm) -> None:
    """A fault of the same unit, as the receivers tell it."""
    assert alarm.device_id is not None
    told = [
        Told(alarm.device_id, kind, clock.now(), over=False) for kind in (Kind.MAINS, Kind.LINK)
    ]
    faults.tell(frames.cursor_of(session), told)


def called_off(session: Session, alarm: Alarm) -> None:
    """The unit says cancel."""
    alarm.called_off_at = clock.now()


Happens = Callable[[Session, Alarm, Staff], object]
HAPPENS: dict[str, Happens] = {
    "claim": lambda session, alarm, who: alarms.claim(session, alarm, who.id),
    "hand back": lambda session, alarm, _: alarms.hand_back(session, alarm),
    "unanswered": lambda session, alarm, _: escalation.unanswered(session, alarm.id),
    "holder looked for": lambda session, alarm, _: holding.still_held(session, alarm.id),
    "next call": lambda session, alarm, _: next_round(session, alarm),
    "contacts": lambda session, alarm, who: rounds.by_operator(session, alarm, who.id),
    "cancel": lambda session, alarm, _: called_off(session, alarm),
    "away": lambda session, alarm, _: away(session, alarm),
    "fault": lambda session, alarm, _: technical(session, alarm),
    "close": lambda session, alarm, _: alarms.close(
        session, alarm, outcome=Outcome.TEST, note="prova del tecnico"
    ),
}


@SOME
@given(path=st.lists(st.sampled_from(sorted(HAPPENS)), min_size=1, max_size=12))
def test_until_it_is_closed_an_alarm_has_a_next_deadline_and_is_on_a_screen(
    session: Session, unit: Device, anna: Staff, path: list[str]
) -> None:
    with session.begin_nested() as undone:
        alarm = raised(session, unit)
        now = clock.now()
        for number, step in enumerate(path):
            with time_machine.travel(now + timedelta(seconds=31 * (number + 1)), tick=False):
                try:
                    with session.begin_nested():
                        HAPPENS[step](session, alarm, anna)
                except Problem:
                    session.refresh(alarm)
            kinds = {each.kind for each in deadlines.of(session, alarm.id)}
            if alarm.state is AlarmState.CLOSED:
                assert not kinds & {HELD, UNANSWERED}
                continue
            assert kinds & {HELD, UNANSWERED}
            seen = board.snapshot(session, anna.actor, words("it"))
            shown = [row["id"] for row in [*seen["waiting"], *seen["hand"]]]
            assert shown.count(alarm.id) == 1
        undone.rollback()


def test_a_storm_of_faults_moves_no_press_from_its_place(
    session: Session, unit: Device, anna: Staff
) -> None:
    others = [devices.add(session, account=f"9{n:03d}") for n in range(300)]
    first = raised(session, unit)
    told = [Told(each.id, Kind.MAINS, clock.now(), over=False) for each in others]
    faults.tell(frames.cursor_of(session), told)
    second = raised(session, unit)
    seen = board.snapshot(session, anna.actor, words("it"))
    assert [row["id"] for row in seen["waiting"]] == [first.id, second.id]
