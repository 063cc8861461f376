"""A call from its first ring to its outcome."""

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from callcenter import afterwards, answering, calls, legs, offers, operators, queues
from callcenter.call_states import STEPS
from callcenter.calls import CallState, Direction, Outcome
from callcenter.carriers.base import LegState
from callcenter.legs import Part
from callcenter.operators import State, Status
from registry import contacts, people
from registry.journal import Entry
from registry.kit import clock
from registry.kit.errors import Conflict, Invalid, WrongState
from registry.kit.states import move
from registry.staff import Staff
from tests.callcenter import room
from tests.callcenter.room import state_of

MARIA = "+390815550101"


def later(seconds: float) -> time_machine.travel:
    return time_machine.travel(clock.now() + timedelta(seconds=seconds))


def test_the_callers_file_opens_with_the_call(session: Session) -> None:
    maria = people.create(session, given_name="Maria", family_name="Esposito")
    people.add_phone(session, maria, "081 555 0101")
    call = room.ring(session, "CA1", MARIA)
    assert call.person_id == maria.id
    assert call.number == MARIA
    assert room.facts(session, "call_arrived")[0]["call_id"] == str(call.id)


def test_a_number_that_two_share_opens_nobodys_file(session: Session) -> None:
    for name in ("Maria", "Carmela"):
        someone = people.create(session, given_name=name)
        people.add_phone(session, someone, MARIA)
    assert room.ring(session, "CA1", MARIA).person_id is None


def test_a_restricted_person_is_not_named_by_the_house(session: Session) -> None:
    hidden = people.create(session, given_name="Nives", restricted=True)
    people.add_phone(session, hidden, MARIA)
    assert room.ring(session, "CA1", MARIA).person_id is None


@pytest.mark.parametrize("number", ["", "anonymous", "+", "client:x"])
def test_a_withheld_number_is_no_number(session: Session, number: str) -> None:
    assert room.ring(session, "CA1", number).number is None


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
    with later(5):
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
    with later(14):
        room.sweep(session)
        assert call.offered_to == anna.id
    with later(16):
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
    with later(16):
        room.sweep(session)
        assert room.operator(session, anna.id).status is Status.AVAILABLE
    with later(40):
        room.sweep(session)
        assert call.offered_to == anna.id
    with later(60):
        room.sweep(session)
    assert room.operator(session, anna.id).status is Status.PAUSED
    assert room.facts(session, "operator_paused")[0]["reason"] == "missed_offers"
    assert state_of(call) is CallState.WAITING


def test_an_absent_operators_offer_goes_on(session: Session, anna: Staff, bruno: Staff) -> None:
    operators.seen(session, anna.id)
    room.sweep(session)
    call = room.ring(session, "CA1")
    assert call.offered_to == anna.id
    with later(10):
        operators.seen(session, bruno.id)
        room.sweep(session)
    with later(14):
        room.sweep(session)
        assert call.offered_to == anna.id
    with later(15.5):
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
    with later(16):
        room.sweep(session)
    assert call.offered_to == bruno.id
    assert call.operator_id is None
    assert room.operator(session, anna.id).state is State.IDLE


def test_a_caller_who_hangs_up_ends_the_offer_in_the_same_step(
    session: Session, anna: Staff
) -> None:
    room.at_desk(session, anna)
    call = room.ring(session, "CA1")
    with later(8):
        room.hangs_up(session, call)
    assert state_of(call) is CallState.ABANDONED
    assert offers.live(session, call.id) is None
    assert room.operator(session, anna.id).state is State.IDLE
    assert call.call_back
    assert {calls.CALL_BACK, calls.HANG_UP} <= room.due(session, call.id)
    assert calls.to_call_back(session) == [call]


@pytest.mark.parametrize(("number", "waited"), [(MARIA, 4), ("anonymous", 60)])
def test_who_hung_up_at_once_or_hid_their_number_is_not_called_back(
    session: Session, number: str, waited: int
) -> None:
    call = room.ring(session, "CA1", number)
    with later(waited):
        room.hangs_up(session, call)
    assert call.final


def test_who_accepted_is_free_again_when_the_caller_goes_before_the_voice_comes(
    session: Session, anna: Staff
) -> None:
    room.at_desk(session, anna)
    call = room.ring(session, "CA1")
    room.accepts(session, call, anna.id)
    room.hangs_up(session, call)
    assert state_of(call) is CallState.ABANDONED
    assert room.operator(session, anna.id).state is State.IDLE


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
    with later(181):
        room.sweep(session)
        assert room.operator(session, anna.id).state is State.IDLE
        assert state_of(call) is CallState.ENDED
        assert calls.WRAP_UP in room.due(session, call.id)
    assert room.facts(session, "call_still_open")[0]["state"] == "ended"
    calls.close(session, call, outcome="listening", note="")
    with later(7200):
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
    with later(30):
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


def test_a_coordinator_is_asked_only_when_somebody_waits_long(session: Session) -> None:
    carla = Staff(login="carla", name="Carla Neri", roles=["coordinator", "operator"])
    session.add(carla)
    session.flush()
    room.at_desk(session, carla)
    call = room.ring(session, "CA1")
    assert state_of(call) is CallState.WAITING
    with later(61):
        room.sweep(session)
        assert call.offered_to == carla.id
    assert "call_waits_long" in room.kinds(session)


def test_every_waiting_call_is_looked_at_again(session: Session) -> None:
    call = room.ring(session, "CA1", queued=False)
    for seconds in (11, 22, 33):
        with later(seconds):
            room.sweep(session)
            assert calls.WAITS in room.due(session, call.id)
    room.hangs_up(session, call)
    with later(60):
        room.sweep(session)
        assert calls.WAITS not in room.due(session, call.id)


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
            session, to=MARIA, purpose="x", case_id=None, person_id=None, operator_id=anna.id
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
    with later(31):
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


def test_naming_the_caller_names_the_case(session: Session, anna: Staff) -> None:
    room.at_desk(session, anna)
    call = room.ring(session, "CA1")
    room.accepts(session, call, anna.id)
    maria = people.create(session, given_name="Maria")
    calls.name_caller(session, call, maria.id)
    assert call.person_id == maria.id
    told = session.scalars(select(Entry.kind).where(Entry.case_id == call.case_id))
    assert "registry.person_named" in list(told)


def test_news_of_strangers_changes_nothing(session: Session) -> None:
    call = room.ring(session, "CA1")
    room.line(session, call, "CA7", LegState.COMPLETED)
    room.told(session, call, "join", "CA7", 1)
    assert state_of(call) is CallState.WAITING
    assert session.scalar(select(func.count()).select_from(legs.CallLeg)) == 1
    legs.add(session, call.id, "CA1", Part.CALLER)


def outgoing(session: Session, anna: Staff, *, alarm: bool = False) -> calls.Call:
    """A call that the worker is placing."""
    call = calls.place(
        session,
        to=MARIA,
        purpose="home",
        case_id=None,
        person_id=None,
        operator_id=anna.id,
        alarm_id=anna.id if alarm else None,
    )
    move(call, CallState.PLACING, STEPS)
    return call
