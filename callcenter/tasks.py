"""What reaches outside: dialling, pulling, hanging up, and asking the carrier what became of it.

Each function keeps one kind of deadline (OUTSIDE in webconsole/wiring.py), is bound to a row, may
run twice, and never asks the carrier for anything inside a transaction.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

import structlog
from celery import shared_task
from sqlalchemy import event
from sqlalchemy.orm import Session

from callcenter import answering, calls, farewell, legs, news, queues, tone_tasks, tones
from callcenter.call_events import CallUncertain
from callcenter.call_states import ON_THE_LINE, STEPS, CallState, Direction
from callcenter.calls import Call
from callcenter.carriers import simulated_town
from callcenter.carriers.account import account
from callcenter.carriers.base import (
    CarrierError,
    CarrierLeg,
    LegState,
    MaybeDone,
    Refused,
    TryAgain,
)
from callcenter.carriers.twilio import carrier
from callcenter.legs import CallLeg, Part
from callcenter.lines import Line
from registry import deadlines, journal
from registry.kit import clock, jobs
from registry.kit.db import get, transaction
from registry.kit.states import move

log = structlog.get_logger()

KEEP_TRYING = timedelta(seconds=60)  # to reach the carrier, before the operator is told
TRY_EVERY = timedelta(seconds=5)
ASK_AFTER = timedelta(seconds=10)  # a call we may have placed: then the carrier is asked
LOOK_EVERY = timedelta(seconds=60)
PULL_EVERY = timedelta(seconds=5)
PULL_AGAIN = timedelta(seconds=0.5)


def soon(kind: str, call_id: str) -> None:
    """Do not wait for the sweeper's next round; losing this costs a second."""
    jobs.send("callcenter.now", kind, call_id)


def after_commit(session: Session, kind: str, call_id: UUID) -> None:
    """The same, once what was decided here is committed."""
    event.listen(session, "after_commit", lambda _: soon(kind, str(call_id)), once=True)


@shared_task(name="callcenter.now")
def now(kind: str, call_id: str) -> None:
    """The same work as the deadline's, at once; whoever comes second finds it done."""
    HINTED[kind](UUID(call_id))


def place_call(call_id: UUID) -> None:
    """Dial. What is written before says that we may have dialled, so a crash never redials."""
    with _turn(call_id) as (session, call):
        if call.state is not CallState.WANTED:
            return
        if call.line_id is None or call.number is None:
            calls.end(session, call, because="no_line")
            return
        move(call, CallState.PLACING, STEPS)
        call.placing_at = clock.now()
        deadlines.set_(session, calls.CHECK, call.id, call.placing_at + ASK_AFTER)
        to, from_ = call.number, get(session, Line, call.line_id).number
    try:
        sid = carrier().place(call_id, to=to, from_=from_)
    except TryAgain:
        _try_later(call_id)
    except MaybeDone as error:
        log.warning("call.maybe_placed", call_id=str(call_id), reason=str(error))
    except Refused as refused:
        log.warning("call.refused", call_id=str(call_id), code=refused.code)
        with _turn(call_id) as (session, call):
            if not call.over:
                calls.end(session, call, because="refused")
    else:
        _placed(call_id, sid)


def check_call(call_id: UUID) -> None:
    """Ask the carrier what became of a live call: news that was lost is made up for here."""
    with transaction() as session:
        call = get(session, Call, call_id)
        line = get(session, Line, call.line_id) if call.line_id else None
    if call.over:
        return
    try:
        found = _ask(call, line)
    except CarrierError as error:
        log.warning("call.not_checked", call_id=str(call_id), reason=str(error))
        found = None
    else:
        with _turn(call_id) as (session, held):
            _learn(session, held, found)
    with _turn(call_id) as (session, held):
        if not held.over:
            deadlines.set_(session, calls.CHECK, call_id, clock.now() + LOOK_EVERY)


def pull_caller(call_id: UUID) -> None:
    """The operator's voice is there: now the caller is led to it."""
    with _turn(call_id) as (session, call):
        caller = _kept_from_a_voice(session, call)
        if caller is None:
            return
        now = clock.now()
        led = caller.pulled_at or now - PULL_EVERY
        recently = now - led < PULL_EVERY
        # Written before: whom two pull at once is led into the conversation and out of it again.
        caller.pulled_at = led if recently else now
        deadlines.set_(session, answering.PULL, call_id, caller.pulled_at + PULL_EVERY)
        if recently:
            return
    try:
        carrier().pull(call_id, sid=caller.sid, queue_sid=call.queue_sid)
    except TryAgain as error:
        log.warning("call.not_pulled_yet", call_id=str(call_id), reason=str(error))
        with _turn(call_id) as (session, _):
            get(session, CallLeg, caller.id).pulled_at = None
            deadlines.set_(session, answering.PULL, call_id, clock.now() + PULL_AGAIN)
    except Refused as refused:
        log.warning("call.not_pulled", call_id=str(call_id), code=refused.code)
        check_call(call_id)


def _kept_from_a_voice(session: Session, call: Call) -> CallLeg | None:
    """The line of somebody who still waits though their operator's voice is there."""
    if call.state is not CallState.ANSWERED or call.direction is not Direction.INCOMING:
        return None
    parts = legs.of_call(session, call.id)
    caller = next((leg for leg in parts if leg.part is Part.CALLER), None)
    voice = any(leg.inside for leg in parts if leg.part is Part.OPERATOR)
    return caller if caller is not None and voice and not caller.inside else None


def requeue_caller(call_id: UUID) -> None:
    """Their operator's line broke: back into the queue, where they hear that somebody comes."""
    with transaction() as session:
        call = get(session, Call, call_id)
        (caller,) = legs.of_part(session, call_id, Part.CALLER) or (None,)
    waits = call.state in {CallState.WAITING, CallState.OFFERED}
    if waits and caller is not None and caller.inside:
        try:
            carrier().requeue(call_id, sid=caller.sid)
        except Refused as refused:
            log.warning("call.not_requeued", call_id=str(call_id), code=refused.code)
            check_call(call_id)


def hang_up(call_id: UUID) -> None:
    """Nobody's line stays up after the end of a call."""
    with transaction() as session:
        call = get(session, Call, call_id)
        parts = legs.of_call(session, call_id)
    if not call.over:
        return
    spared = farewell.say(call, parts)
    for leg in parts:
        cut = call.farewell_at is not None and leg.part is Part.CALLER
        if leg.rank < LegState.COMPLETED.rank and leg.sid != spared and (cut or not leg.left_at):
            _unless_refused(call_id, lambda leg=leg: carrier().hang_up(leg.sid))  # type: ignore[misc]
    conference = call.conference_sid
    # While a unit hears its farewell the conference ends by itself, with its last line.
    if conference is not None and spared is None:
        _unless_refused(call_id, lambda: carrier().end_conference(conference))


def softphone(call_id: UUID) -> None:
    """With the built-in carrier we are the operator's browser too, and join for them.

    With Twilio the browser calls out itself, through its own software.
    """
    if not account().simulated:
        return
    with transaction() as session:
        call = get(session, Call, call_id)
        voices = legs.of_part(session, call_id, Part.OPERATOR)
    there = any(leg.operator_id == call.operator_id and leg.left_at is None for leg in voices)
    if call.state in ON_THE_LINE and call.operator_id is not None and not there:
        simulated_town.town().join(str(call.operator_id), call_id=str(call_id))


HINTED: dict[str, Callable[[UUID], None]] = {
    answering.PULL: pull_caller,
    calls.SOFTPHONE: softphone,
    calls.PLACE: place_call,
    calls.HANG_UP: hang_up,
    tones.SEND: tone_tasks.send,
}


@contextmanager
def _turn(call_id: UUID) -> Iterator[tuple[Session, Call]]:
    with transaction() as session, queues.turn(session):
        yield session, calls.get_call(session, call_id)


def _placed(call_id: UUID, sid: str) -> None:
    with _turn(call_id) as (session, call):
        if call.sid is None:
            call.sid = sid
            legs.add(session, call.id, sid, Part.CALLER)
        if call.over:
            # Hung up while we were dialling: the line must not ring on.
            deadlines.set_(session, calls.HANG_UP, call.id, clock.now())


def _try_later(call_id: UUID) -> None:
    with _turn(call_id) as (session, call):
        if call.state is not CallState.PLACING:
            return
        if clock.now() - call.arrived_at > KEEP_TRYING:
            calls.end(session, call, because="carrier_unreachable")
            return
        move(call, CallState.WANTED, STEPS)
        deadlines.set_(session, calls.PLACE, call.id, clock.now() + TRY_EVERY)


def _ask(call: Call, line: Line | None) -> CarrierLeg | None:
    """What the carrier knows of the call; for one we may have placed, the only one that fits."""
    if call.sid is not None:
        return carrier().look(call.sid)
    if call.placing_at is None or call.number is None or line is None:
        return None
    found = carrier().find(to=call.number, from_=line.number, since=call.placing_at)
    return found[0] if len(found) == 1 else None


def _learn(session: Session, call: Call, found: CarrierLeg | None) -> None:
    if call.over:
        return
    if call.sid is not None:
        # One that the carrier no longer knows is surely not on the line.
        state = found.state if found else LegState.COMPLETED
        news.leg_is(session, call, call.sid, state, clock.now())
    elif found is not None:
        news.leg_is(session, call, found.sid, found.state, clock.now())
    elif call.state is CallState.PLACING:
        move(call, CallState.UNCERTAIN, STEPS)
        journal.record(session, CallUncertain(call_id=call.id, case_id=call.case_id))


def _unless_refused(call_id: UUID, ask: Callable[[], None]) -> None:
    try:
        ask()
    except Refused as refused:
        log.warning("call.not_hung_up", call_id=str(call_id), code=refused.code)
