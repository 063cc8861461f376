"""An alarm in somebody's hands comes back by itself when they are gone, and only then."""

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy.orm import Session

from callcenter import operators
from callcenter.operators import OperatorAbsent
from registry import deadlines
from registry.kit import clock
from registry.staff import Staff
from telecare import alarms, holding
from telecare.alarms import HELD, LOOK_AGAIN, UNANSWERED, Alarm, AlarmState
from tests.telecare.test_alarms import raised


@pytest.fixture
def held(session: Session, anna: Staff) -> Alarm:
    alarm = raised(session)
    alarms.claim(session, alarm, anna.id)
    return alarm


def kinds(session: Session, alarm: Alarm) -> list[str]:
    return [each.kind for each in deadlines.of(session, alarm.id)]


def test_whoever_holds_it_has_a_next_deadline_too(session: Session, held: Alarm) -> None:
    assert kinds(session, held) == [HELD]


def test_it_stays_with_whoever_is_there(session: Session, held: Alarm, anna: Staff) -> None:
    operators.back(session, anna.id)
    with time_machine.travel(clock.now() + LOOK_AGAIN, tick=False):
        holding.still_held(session, held.id)

        assert (held.state, held.operator_id) == (AlarmState.CLAIMED, anna.id)
        (again,) = deadlines.of(session, held.id)
        assert again.due_at == clock.now() + LOOK_AGAIN


def test_it_waits_again_when_the_holder_is_gone(session: Session, held: Alarm) -> None:
    holding.still_held(session, held.id)

    assert (held.state, held.operator_id) == (AlarmState.WAITING, None)
    assert kinds(session, held) == [UNANSWERED]


def test_a_silent_console_is_looked_at_soon(session: Session, held: Alarm, anna: Staff) -> None:
    with time_machine.travel(clock.now() + timedelta(seconds=5), tick=False):
        holding.holder_left(session, OperatorAbsent(operator_id=anna.id))

        assert [each.due_at for each in deadlines.of(session, held.id)] == [
            clock.now() + holding.GRACE
        ]


def test_a_closed_alarm_is_left_alone(session: Session, held: Alarm) -> None:
    alarms.close(session, held, outcome=alarms.Outcome.TEST, note="prova del tecnico")
    assert kinds(session, held) == []

    holding.still_held(session, held.id)

    assert held.state is AlarmState.CLOSED
