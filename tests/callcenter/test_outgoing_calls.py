"""A call that we place: a wish first, then two voices, then an outcome."""

import pytest
from sqlalchemy.orm import Session

from callcenter import calls
from callcenter.call_states import STEPS
from callcenter.calls import CallState, Direction, Outcome
from callcenter.carriers.base import LegState
from callcenter.operators import State
from registry.kit.errors import Conflict, Invalid
from registry.kit.states import move
from registry.staff import Staff
from tests.callcenter import room
from tests.callcenter.room import state_of


def test_a_number_is_dialled_by_a_wish_that_is_written_first(session: Session, anna: Staff) -> None:
    room.at_desk(session, anna)
    room.ring(session, "CA0")
    call = calls.place(
        session, to="081 555 0102", purpose="contact", case_id=None, person_id=None,
        operator_id=anna.id,
    )  # fmt: skip
    assert (call.state, call.direction) == (CallState.WANTED, Direction.OUTGOING)
    assert {calls.PLACE, calls.SOFTPHONE} <= room.due(session, call.id)
    assert room.operator(session, anna.id).state is State.TALKING
    assert calls.waiting(session)[0].state is CallState.WAITING
    with pytest.raises(Conflict, match="on the phone"):
        calls.place(
            session, to=room.MARIA, purpose="x", case_id=None, person_id=None, operator_id=anna.id
        )
    with pytest.raises(Invalid):
        calls.place(
            session, to="pronto", purpose="x", case_id=None, person_id=None, operator_id=anna.id
        )


def test_an_outgoing_call_talks_when_both_are_there(session: Session, anna: Staff) -> None:
    call = outgoing(session, anna)
    room.line(session, call, "CA1", LegState.RINGING)
    assert (call.state, call.sid) == (CallState.RINGING, "CA1"), (
        "news names a leg we never heard of"
    )
    room.line(session, call, "CA1", LegState.IN_PROGRESS)
    assert state_of(call) is CallState.ANSWERED
    room.told(session, call, "join", "CA1", 1)
    room.voice(session, call, anna.id, "CA2")
    room.told(session, call, "join", "CA2", 2)
    assert state_of(call) is CallState.TALKING
    room.told(session, call, "leave", "CA2", 3)
    assert state_of(call) is CallState.ANSWERED
    with room.later(31):
        room.sweep(session)
    assert (call.state, call.ended_because) == (CallState.ENDED, "operator_lost")


@pytest.mark.parametrize(
    ("state", "because"),
    [(LegState.BUSY, "busy"), (LegState.NO_ANSWER, "no_answer"), (LegState.FAILED, "failed")],
)
def test_a_number_that_does_not_answer_says_why(
    session: Session, anna: Staff, state: LegState, because: str
) -> None:
    call = outgoing(session, anna)
    room.line(session, call, "CA1", state)
    room.line(session, call, "CA1", LegState.RINGING)
    assert (call.state, call.ended_because) == (CallState.ENDED, because)


def test_the_outcome_of_an_alarms_call_is_the_alarms(session: Session, anna: Staff) -> None:
    call = outgoing(session, anna, alarm=True)
    room.line(session, call, "CA1", LegState.NO_ANSWER)
    assert (call.state, call.outcome) == (CallState.CLOSED, Outcome.NOT_REACHED)
    assert room.operator(session, anna.id).state is State.IDLE


def outgoing(session: Session, anna: Staff, *, alarm: bool = False) -> calls.Call:
    """A call that the worker is placing."""
    call = calls.place(
        session,
        to=room.MARIA,
        purpose="home",
        case_id=None,
        person_id=None,
        operator_id=anna.id,
        alarm_id=anna.id if alarm else None,
    )
    move(call, CallState.PLACING, STEPS)
    return call
