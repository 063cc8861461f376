"""Whoever holds an alarm is not asked to take a call too."""

import pytest
from sqlalchemy.orm import Session

from callcenter import lines
from callcenter.calls import CallState
from registry.staff import Staff
from telecare import alarms
from telecare.alarms import Outcome
from tests.callcenter import room
from tests.telecare.test_alarms import raised


@pytest.fixture(autouse=True)
def line(session: Session) -> None:
    lines.add(session, number=room.LINE, name="Linea sociale")


def test_no_call_is_offered_to_whoever_holds_an_alarm(session: Session, anna: Staff) -> None:
    room.at_desk(session, anna)
    alarm = raised(session)
    alarms.claim(session, alarm, anna.id)
    call = room.ring(session, "CA1")
    assert room.state_of(call) is CallState.WAITING

    alarms.close(session, alarm, outcome=Outcome.TEST, note="prova del tecnico")

    assert (room.state_of(call), call.offered_to) == (CallState.OFFERED, anna.id)


def test_a_call_being_offered_goes_on_to_a_colleague(
    session: Session, anna: Staff, bruno: Staff
) -> None:
    room.at_desk(session, anna)
    call = room.ring(session, "CA1")
    assert call.offered_to == anna.id
    room.at_desk(session, bruno)

    alarms.claim(session, raised(session), anna.id)

    assert (room.state_of(call), call.offered_to) == (CallState.OFFERED, bruno.id)
    (passed,) = room.facts(session, "call_passed_on")
    assert passed["because"] == "occupied"


def test_with_one_of_two_alarms_closed_they_are_still_occupied(
    session: Session, anna: Staff
) -> None:
    room.at_desk(session, anna)
    first, second = raised(session), raised(session)
    alarms.claim(session, first, anna.id)
    alarms.claim(session, second, anna.id)
    call = room.ring(session, "CA1")

    alarms.close(session, first, outcome=Outcome.TEST, note="prova del tecnico")
    assert room.state_of(call) is CallState.WAITING

    alarms.hand_back(session, second)
    assert call.offered_to == anna.id
