"""An accepted call: the voice comes, the caller is pulled in, or somebody is missing."""

import pytest
from sqlalchemy.orm import Session

from callcenter import answering, calls, offers
from callcenter.calls import CallState
from callcenter.operators import State
from registry.kit.errors import Conflict, WrongState
from registry.staff import Staff
from tests.callcenter import room
from tests.callcenter.room import state_of


def test_accepting_opens_a_case_and_sends_the_voice_but_does_not_move_the_caller(
    session: Session, anna: Staff
) -> None:
    room.at_desk(session, anna)
    call = room.ring(session, "CA1")
    room.accepts(session, call, anna.id)
    room.accepts(session, call, anna.id)
    assert state_of(call) is CallState.ANSWERED
    assert call.case_id is not None
    assert calls.SOFTPHONE in room.due(session, call.id)
    assert answering.PULL not in room.due(session, call.id)
    assert room.kinds(session).count("call_answered") == 1


def test_a_call_that_is_offered_or_taken_cannot_be_taken_again(
    session: Session, anna: Staff, bruno: Staff
) -> None:
    room.at_desk(session, anna)
    call = room.ring(session, "CA1")
    with pytest.raises(Conflict, match="being offered"):
        answering.accept(session, call, bruno.id)
    room.accepts(session, call, anna.id)
    with pytest.raises(Conflict, match="already has"):
        answering.accept(session, call, bruno.id)


def test_an_operator_may_help_themselves_to_a_waiting_call(
    session: Session, anna: Staff, bruno: Staff
) -> None:
    first, second = room.ring(session, "CA1"), room.ring(session, "CA2")
    room.at_desk(session, anna)
    assert first.offered_to == anna.id
    room.accepts(session, second, anna.id)
    assert second.state is CallState.ANSWERED
    assert first.state is CallState.WAITING
    with pytest.raises(Conflict, match="on the phone"):
        answering.accept(session, first, anna.id)
    room.hangs_up(session, first)
    with pytest.raises(WrongState, match="no longer waits"):
        answering.accept(session, first, bruno.id)


def test_the_caller_is_pulled_only_when_the_voice_is_there(session: Session, anna: Staff) -> None:
    room.at_desk(session, anna)
    call = room.ring(session, "CA1")
    room.accepts(session, call, anna.id)
    room.voice(session, call, anna.id, "CA2")
    assert answering.PULL not in room.due(session, call.id)
    room.told(session, call, "join", "CA2", 1)
    assert answering.PULL in room.due(session, call.id)
    assert call.talking_at is None
    room.told(session, call, "join", "CA1", 2)
    assert state_of(call) is CallState.TALKING
    assert room.operator(session, anna.id).state is State.TALKING


def test_an_operator_who_never_joins_loses_the_call_to_the_next(
    session: Session, anna: Staff, bruno: Staff
) -> None:
    room.at_desk(session, anna)
    call = room.ring(session, "CA1")
    room.accepts(session, call, anna.id)
    room.at_desk(session, bruno)
    with room.later(16):
        room.sweep(session)
    assert call.offered_to == bruno.id
    assert call.operator_id is None
    assert room.operator(session, anna.id).state is State.IDLE


def test_a_caller_who_hangs_up_ends_the_offer_in_the_same_step(
    session: Session, anna: Staff
) -> None:
    room.at_desk(session, anna)
    call = room.ring(session, "CA1")
    with room.later(8):
        room.hangs_up(session, call)
    assert state_of(call) is CallState.ABANDONED
    assert offers.live(session, call.id) is None
    assert room.operator(session, anna.id).state is State.IDLE
    assert call.call_back
    assert {calls.CALL_BACK, calls.HANG_UP} <= room.due(session, call.id)
    assert calls.to_call_back(session) == [call]


def test_who_accepted_is_free_again_when_the_caller_goes_before_the_voice_comes(
    session: Session, anna: Staff
) -> None:
    room.at_desk(session, anna)
    call = room.ring(session, "CA1")
    room.accepts(session, call, anna.id)
    room.hangs_up(session, call)
    assert state_of(call) is CallState.ABANDONED
    assert room.operator(session, anna.id).state is State.IDLE
