"""Who is asked to take a call, in what order, and what happens when they do not."""

import pytest
from sqlalchemy.orm import Session

from callcenter import answering, calls, operators, queues
from callcenter.calls import CallState
from callcenter.operators import State, Status
from registry.kit.errors import Invalid, WrongState
from registry.staff import Staff
from tests.callcenter import room
from tests.callcenter.room import state_of


def test_a_call_that_finds_a_free_operator_is_offered_at_once(
    session: Session, anna: Staff
) -> None:
    room.at_desk(session, anna)
    call = room.ring(session, "CA1")
    assert (call.state, call.offered_to) == (CallState.OFFERED, anna.id)
    assert room.operator(session, anna.id).state is State.OFFERED
    assert calls.in_hand(session, anna.id) == [call]
    assert calls.waiting(session) == [call]


def test_an_operator_who_becomes_free_is_offered_who_waits(session: Session, anna: Staff) -> None:
    call = room.ring(session, "CA1")
    assert state_of(call) is CallState.WAITING
    room.at_desk(session, anna)
    assert call.offered_to == anna.id


def test_the_longest_free_operator_is_asked_and_each_only_for_one_call(
    session: Session, anna: Staff, bruno: Staff
) -> None:
    room.at_desk(session, bruno)
    with room.later(5):
        room.at_desk(session, anna)
        first, second, third = (room.ring(session, f"CA{n}") for n in range(3))
    assert first.offered_to == bruno.id
    assert second.offered_to == anna.id
    assert third.state is CallState.WAITING


def test_an_offer_nobody_answers_goes_to_the_next_after_fifteen_seconds(
    session: Session, anna: Staff, bruno: Staff
) -> None:
    room.at_desk(session, anna)
    call = room.ring(session, "CA1")
    room.at_desk(session, bruno)
    with room.later(12):
        room.sweep(session)
        assert call.offered_to == anna.id
    with room.later(16):
        room.sweep(session)
        assert call.offered_to == bruno.id
    assert room.operator(session, anna.id).state is State.IDLE
    assert room.facts(session, "call_passed_on")[0]["because"] == "expired"


def test_a_declined_call_goes_to_the_next_at_once(
    session: Session, anna: Staff, bruno: Staff
) -> None:
    room.at_desk(session, anna)
    call = room.ring(session, "CA1")
    room.at_desk(session, bruno)
    with queues.turn(session):
        answering.decline(session, call, anna.id)
    assert call.offered_to == bruno.id
    with pytest.raises(WrongState, match="no longer offered"):
        answering.decline(session, call, anna.id)


def test_two_missed_offers_in_a_row_pause_the_operator_and_say_so(
    session: Session, anna: Staff
) -> None:
    room.at_desk(session, anna)
    call = room.ring(session, "CA1")
    with room.later(16):
        room.sweep(session)
        assert room.operator(session, anna.id).status is Status.AVAILABLE
    with room.later(40):
        room.sweep(session)
        assert call.offered_to == anna.id
    with room.later(60):
        room.sweep(session)
    assert room.operator(session, anna.id).status is Status.PAUSED
    assert room.facts(session, "operator_paused")[0]["reason"] == "missed_offers"
    assert state_of(call) is CallState.WAITING


def test_whoever_takes_a_call_is_no_longer_on_the_break_a_rule_gave_them(
    session: Session, anna: Staff, bruno: Staff
) -> None:
    for staff in (anna, bruno):
        room.at_desk(session, staff)
    operators.choose(session, bruno.id, Status.PAUSED)
    call = room.ring(session, "CA1")
    for seconds in (16, 40, 60):
        with room.later(seconds):
            room.sweep(session)
    assert room.operator(session, anna.id).status is Status.PAUSED

    answering.accept(session, call, anna.id)
    answering.accept(session, room.ring(session, "CA2"), bruno.id)

    assert room.operator(session, anna.id).status is Status.AVAILABLE
    assert room.operator(session, bruno.id).status is Status.PAUSED


def test_an_absent_operators_offer_goes_on(session: Session, anna: Staff, bruno: Staff) -> None:
    operators.seen(session, anna.id)
    room.sweep(session)
    call = room.ring(session, "CA1")
    assert call.offered_to == anna.id
    with room.later(10):
        operators.seen(session, bruno.id)
        room.sweep(session)
    with room.later(12):
        room.sweep(session)
        assert call.offered_to == anna.id
    with room.later(15.5):
        # The offer's own deadline fires at the same time as the absence: one of them does it.
        room.sweep(session)
        assert call.offered_to == bruno.id
        assert not room.operator(session, anna.id).present
        operators.seen(session, anna.id)
        room.sweep(session)
        assert room.operator(session, anna.id).present


def test_somebody_without_the_right_is_no_operator(session: Session) -> None:
    team = Staff(login="team", name="Squadra 3", roles=["team"])
    session.add(team)
    session.flush()
    operators.seen(session, team.id)
    assert room.due(session, team.id) == set()
    with pytest.raises(Invalid):
        operators.choose(session, team.id, Status.AVAILABLE)


def test_a_paused_operator_is_offered_nothing(session: Session, anna: Staff) -> None:
    room.at_desk(session, anna)
    operators.choose(session, anna.id, Status.PAUSED)
    call = room.ring(session, "CA1")
    assert state_of(call) is CallState.WAITING
    with queues.turn(session):
        operators.choose(session, anna.id, Status.AVAILABLE)
    assert state_of(call) is CallState.OFFERED


def test_a_coordinator_is_asked_only_when_somebody_waits_long(session: Session) -> None:
    carla = Staff(login="carla", name="Carla Neri", roles=["coordinator", "operator"])
    session.add(carla)
    session.flush()
    room.at_desk(session, carla)
    call = room.ring(session, "CA1")
    assert state_of(call) is CallState.WAITING
    with room.later(61):
        room.sweep(session)
        assert call.offered_to == carla.id
    assert "call_waits_long" in room.kinds(session)


def test_every_waiting_call_is_looked_at_again(session: Session) -> None:
    call = room.ring(session, "CA1", queued=False)
    for seconds in (11, 22, 33):
        with room.later(seconds):
            room.sweep(session)
            assert calls.WAITS in room.due(session, call.id)
    room.hangs_up(session, call)
    with room.later(60):
        room.sweep(session)
        assert calls.WAITS not in room.due(session, call.id)
