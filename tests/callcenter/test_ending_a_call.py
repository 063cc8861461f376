"""How a call ends: hung up, broken, given up; and the outcome that stays owed."""

import pytest
from sqlalchemy.orm import Session

from callcenter import afterwards, answering, calls, operators, queues
from callcenter.calls import CallState, Outcome
from callcenter.operators import State, Status
from registry import contacts
from registry.kit import clock
from registry.kit.errors import Invalid, WrongState
from registry.staff import Staff
from tests.callcenter import room
from tests.callcenter.room import state_of


@pytest.mark.parametrize(("number", "waited"), [(room.MARIA, 4), ("anonymous", 60)])
def test_who_hung_up_at_once_or_hid_their_number_is_not_called_back(
    session: Session, number: str, waited: int
) -> None:
    call = room.ring(session, "CA1", number)
    with room.later(waited):
        room.hangs_up(session, call)
    assert call.final


def test_after_the_call_the_outcome_is_owed(session: Session, anna: Staff) -> None:
    room.at_desk(session, anna)
    call = room.talking(session, "CA1", anna.id)
    room.hangs_up(session, call)
    assert state_of(call) is CallState.ENDED
    assert room.operator(session, anna.id).state is State.WRAP_UP
    waiting = room.ring(session, "CA9")
    assert waiting.state is CallState.WAITING
    with pytest.raises(Invalid, match="outcome"):
        calls.close(session, call, outcome=None, note="")
    with queues.turn(session):
        calls.close(session, call, outcome="information", note="Chiede orari")
    assert call.outcome is Outcome.INFORMATION
    assert waiting.offered_to == anna.id
    assert call.case_id is not None
    contact = contacts.of_case(session, call.case_id)[0]
    assert contact.note == "Chiede orari"
    with pytest.raises(WrongState):
        calls.close(session, call, outcome="information", note="")
    with pytest.raises(WrongState, match="note"):
        calls.write_note(call, "tardi")


def test_the_time_to_write_ends_but_the_outcome_stays_owed(session: Session, anna: Staff) -> None:
    room.at_desk(session, anna)
    call = room.talking(session, "CA1", anna.id)
    with queues.turn(session):
        calls.hang_up(session, call)
    with room.later(181):
        room.sweep(session)
        assert room.operator(session, anna.id).state is State.IDLE
        assert state_of(call) is CallState.ENDED
        assert calls.WRAP_UP in room.due(session, call.id)
    assert room.facts(session, "call_still_open")[0]["state"] == "ended"
    calls.close(session, call, outcome="listening", note="")
    with room.later(7200):
        room.sweep(session)
        afterwards.wrap_up(session, call.id)
        assert calls.WRAP_UP not in room.due(session, call.id)


def test_the_operators_broken_line_does_not_end_the_call(
    session: Session, anna: Staff, bruno: Staff
) -> None:
    room.at_desk(session, anna)
    call = room.talking(session, "CA1", anna.id)
    arrived = call.arrived_at
    room.told(session, call, "leave", "CA1-op", 3)
    assert call.offered_to == anna.id, "who spoke with them is asked first"
    assert call.arrived_at == arrived
    assert answering.REQUEUE in room.due(session, call.id)
    with queues.turn(session):
        answering.decline(session, call, anna.id)
        operators.back(session, bruno.id)
        operators.choose(session, anna.id, Status.PAUSED)
    assert call.offered_to == bruno.id
    room.accepts(session, call, bruno.id)
    room.voice(session, call, bruno.id, "CA3")
    room.told(session, call, "join", "CA3", 4)
    assert state_of(call) is CallState.TALKING, "the caller is still in the conference"
    room.hangs_up(session, call)
    assert (call.state, call.operator_id) == (CallState.ENDED, bruno.id)


def test_a_caller_who_gives_up_after_the_line_broke_was_not_abandoned(
    session: Session, anna: Staff
) -> None:
    room.at_desk(session, anna)
    call = room.talking(session, "CA1", anna.id)
    operators.choose(session, anna.id, Status.PAUSED)
    room.told(session, call, "leave", "CA1-op", 3)
    assert state_of(call) is CallState.WAITING
    room.hangs_up(session, call)
    assert (call.state, call.operator_id) == (CallState.ENDED, anna.id)


def test_who_was_asked_meanwhile_is_free_when_such_a_caller_gives_up(
    session: Session, anna: Staff, bruno: Staff
) -> None:
    room.at_desk(session, anna)
    call = room.talking(session, "CA1", anna.id)
    room.at_desk(session, bruno)
    operators.choose(session, anna.id, Status.PAUSED)
    room.told(session, call, "leave", "CA1-op", 3)
    assert call.offered_to == bruno.id
    room.hangs_up(session, call)
    assert room.operator(session, bruno.id).state is State.IDLE
    assert room.operator(session, anna.id).state is State.WRAP_UP


def test_late_news_shows_that_they_did_speak(session: Session, anna: Staff) -> None:
    room.at_desk(session, anna)
    call = room.ring(session, "CA1")
    room.accepts(session, call, anna.id)
    room.voice(session, call, anna.id, "CA2")
    joined = clock.now()
    with room.later(30):
        room.hangs_up(session, call)
        assert state_of(call) is CallState.ABANDONED
        room.told(session, call, "leave", "CA1", 3, joined)
        room.told(session, call, "join", "CA1", 2, joined)
        room.told(session, call, "join", "CA2", 1, joined)
    assert (call.state, call.operator_id) == (CallState.ENDED, anna.id)
    assert call.talking_at == joined
    assert room.operator(session, anna.id).state is State.WRAP_UP
    # The operator's voice is still inside: it is told to go.
    assert calls.HANG_UP in room.due(session, call.id)
