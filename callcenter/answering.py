"""From a waiting caller to an operator's voice: offered, accepted, joined, or passed on."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from callcenter import calls, legs, offers, operators, turns
from callcenter.call_events import (
    CallAnswered,
    CallConnected,
    CallOffered,
    CallPassedOn,
    CallWaitsLong,
)
from callcenter.call_states import QUEUED, STEPS, CallState, Direction
from callcenter.calls import Call
from callcenter.legs import CallLeg, Part
from callcenter.offers import CallOffer, OfferState
from callcenter.operators import State
from callcenter.routing import COORDINATOR_AFTER
from registry import deadlines, journal
from registry.kit import clock
from registry.kit.db import get
from registry.kit.errors import Conflict, WrongState
from registry.kit.states import move

PULL = "callcenter.pull_caller"
REQUEUE = "callcenter.requeue_caller"
REJOINS = "callcenter.operator_rejoins"

# How long somebody we rang is kept on the line for an operator whose own line broke.
REJOIN_WITHIN = timedelta(seconds=30)


def offer(session: Session, call: Call, operator_id: UUID) -> CallOffer:
    """Ask this operator; whoever has the turn has seen that both are free."""
    made = offers.make(session, call.id, operator_id)
    move(call, CallState.OFFERED, STEPS)
    call.offered_to = operator_id
    call.offered_at = made.made_at
    call.offered_until = made.made_at + offers.ANSWER_WITHIN
    operators.become(operators.of(session, operator_id), State.OFFERED)
    journal.record(
        session,
        CallOffered(
            call_id=call.id,
            operator_id=operator_id,
            case_id=call.case_id,
            person_id=call.person_id,
        ),
    )
    return made


def accept(session: Session, call: Call, operator_id: UUID) -> None:
    """The operator says yes to what they were offered, or takes a call that waits.

    Saying it twice is no error; a call that is with somebody else is.
    """
    turns.take(session)
    if call.operator_id == operator_id and call.state in {CallState.ANSWERED, CallState.TALKING}:
        return
    if call.operator_id is not None and not call.over:
        raise Conflict("A colleague already has this call")
    if call.offered_to not in {None, operator_id}:
        raise Conflict("This call is being offered to a colleague")
    made = offers.live(session, call.id) or _take(session, call, operator_id)
    offers.accept(session, made)
    move(call, CallState.ANSWERED, STEPS)
    call.operator_id = operator_id
    call.answered_at = clock.now()
    calls.no_longer_offered(call)
    operators.answers(session, operator_id)
    calls.open_case(session, call)
    deadlines.set_(session, calls.SOFTPHONE, call.id, clock.now())
    journal.record(
        session,
        CallAnswered(
            call_id=call.id,
            operator_id=operator_id,
            case_id=call.case_id,
            person_id=call.person_id,
        ),
    )
    calls.settle_operator(session, operator_id)


def decline(session: Session, call: Call, operator_id: UUID) -> None:
    """Not me: the caller goes to the next operator at once."""
    turns.take(session)
    if call.state is not CallState.OFFERED or call.offered_to != operator_id:
        raise WrongState("This call is no longer offered to you")
    _pass_on(session, call, operator_id, OfferState.DECLINED, "declined")


def offer_due(session: Session, offer_id: UUID) -> None:
    """The time to answer is over: nobody spoke, so the next one is asked."""
    turns.take(session)
    made = get(session, CallOffer, offer_id)
    if made.state is OfferState.OFFERED:
        operators.missed(session, operators.of(session, made.operator_id))
        call = calls.get_call(session, made.call_id)
        _pass_on(session, call, made.operator_id, OfferState.EXPIRED, "expired")


def operator_joins(session: Session, offer_id: UUID) -> None:
    """They accepted and their voice never came: the caller is not left with nobody."""
    turns.take(session)
    made = get(session, CallOffer, offer_id)
    if made.state is OfferState.ACCEPTED:
        call = calls.get_call(session, made.call_id)
        _pass_on(session, call, made.operator_id, OfferState.LOST, "not_joined")


def operator_left(session: Session, operator_id: UUID, because: str = "absent") -> None:
    """Their console is gone, or they are needed elsewhere: what was offered goes on.

    A voice already there stays.
    """
    made = offers.live_of_operator(session, operator_id)
    if made is not None and made.state is OfferState.OFFERED:
        call = calls.get_call(session, made.call_id)
        _pass_on(session, call, operator_id, OfferState.WITHDRAWN, because)


def call_waits(session: Session, call_id: UUID) -> None:
    """Look after a caller every ten seconds until they are with somebody, or gone."""
    turns.take(session)
    call = calls.get_call(session, call_id)
    if call.over or call.state is CallState.TALKING:
        return
    waited = (clock.now() - call.arrived_at).total_seconds()
    if waited >= COORDINATOR_AFTER and call.long_wait_at is None and call.state in QUEUED:
        call.long_wait_at = clock.now()
        journal.record(session, CallWaitsLong(call_id=call.id, person_id=call.person_id))
    deadlines.set_(session, calls.WAITS, call.id, clock.now() + calls.WAIT_STEP)


def settle(session: Session, call: Call) -> None:
    """Let the call follow from who is in its conference."""
    session.flush()
    voices = legs.of_part(session, call.id, Part.OPERATOR)
    caller = next(iter(legs.of_part(session, call.id, Part.CALLER)), None)
    operator_in = any(leg.inside for leg in voices)
    if call.over:
        _settle_late(session, call, caller, voices)
    elif call.state is CallState.ANSWERED and operator_in:
        offers.end(session, call.id, OfferState.KEPT)
        if caller is not None and caller.inside:
            _talk(session, call, caller, voices)
        elif call.direction is Direction.INCOMING:
            deadlines.set_(session, PULL, call.id, clock.now())
    elif call.state is CallState.TALKING and not operator_in:
        _lost(session, call)


def operator_rejoins(session: Session, call_id: UUID) -> None:
    """Somebody we rang was left alone on the line for too long."""
    turns.take(session)
    call = calls.get_call(session, call_id)
    alone = call.state is CallState.ANSWERED and call.direction is Direction.OUTGOING
    voices = legs.of_part(session, call_id, Part.OPERATOR)
    if alone and not any(leg.inside for leg in voices):
        calls.end(session, call, because="operator_lost")


def _take(session: Session, call: Call, operator_id: UUID) -> CallOffer:
    """An operator helps themselves to a waiting call."""
    if call.state is not CallState.WAITING:
        raise WrongState("This call no longer waits")
    if calls.speaking(session, operator_id):
        raise Conflict("You are already on the phone. Hang up first")
    other = offers.live_of_operator(session, operator_id)
    if other is not None:
        calls.unoffer(session, calls.get_call(session, other.call_id), OfferState.WITHDRAWN)
    return offers.make(session, call.id, operator_id)


def _pass_on(
    session: Session, call: Call, operator_id: UUID, how: OfferState, because: str
) -> None:
    calls.unoffer(session, call, how)
    journal.record(
        session,
        CallPassedOn(
            call_id=call.id, operator_id=operator_id, because=because, case_id=call.case_id
        ),
    )


def _talk(session: Session, call: Call, caller: CallLeg, voices: list[CallLeg]) -> None:
    move(call, CallState.TALKING, STEPS)
    call.talking_at = call.talking_at or _together_since(caller, voices)
    journal.record(
        session,
        CallConnected(
            call_id=call.id,
            operator_id=call.operator_id,
            case_id=call.case_id,
            person_id=call.person_id,
        ),
    )
    if call.operator_id is not None:
        calls.settle_operator(session, call.operator_id)


def _lost(session: Session, call: Call) -> None:
    """The operator's line broke. The other side stays, and is not called back but kept."""
    operator_id = call.operator_id
    if call.direction is Direction.OUTGOING:
        move(call, CallState.ANSWERED, STEPS)
        deadlines.keep(session, REJOINS, call.id, clock.now() + REJOIN_WITHIN)
        return
    move(call, CallState.WAITING, STEPS)
    call.operator_id = None
    call.answered_at = None
    deadlines.keep(session, calls.WAITS, call.id, clock.now() + calls.WAIT_STEP)
    deadlines.set_(session, REQUEUE, call.id, clock.now())
    if operator_id is not None:
        happened = CallPassedOn(call_id=call.id, operator_id=operator_id, because="line_lost")
        journal.record(session, happened)
        calls.settle_operator(session, operator_id)


def _settle_late(
    session: Session, call: Call, caller: CallLeg | None, voices: list[CallLeg]
) -> None:
    """News after the end: the two may have spoken after all, or somebody may still be inside."""
    spoke = [leg for leg in voices if leg.joined_at is not None]
    if call.state is CallState.ABANDONED and caller is not None and caller.joined_at and spoke:
        call.talking_at = _together_since(caller, spoke)
        call.operator_id = spoke[-1].operator_id
        calls.end(session, call, because="caller_hung_up", at=call.ended_at)
    if any(leg.inside for leg in voices):
        deadlines.set_(session, calls.HANG_UP, call.id, clock.now())


def _together_since(caller: CallLeg, voices: list[CallLeg]) -> datetime:
    joined = [leg.joined_at for leg in [caller, *voices] if leg.joined_at is not None]
    return max(joined)
