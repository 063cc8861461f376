"""What the carrier tells us about legs and conferences.

It is applied so that order and repeats do not matter: each piece of news either moves something
forward or is an explicit no-op.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from callcenter import answering, calls, legs
from callcenter.call_states import STEPS, CallState, Direction
from callcenter.calls import Call
from callcenter.carriers.base import LegState
from callcenter.legs import CallLeg, Part
from registry.kit.states import move

JOIN, LEAVE = "participant-join", "participant-leave"
OVER_BECAUSE = {
    LegState.COMPLETED: "other_hung_up",
    LegState.BUSY: "busy",
    LegState.NO_ANSWER: "no_answer",
    LegState.FAILED: "failed",
    LegState.CANCELED: "canceled",
}


def leg_is(session: Session, call: Call, sid: str, state: LegState, at: datetime) -> None:
    """A line has come so far."""
    leg = legs.by_sid(session, sid) or _adopt(session, call, sid)
    if leg is None or not leg.advance(state):
        return
    if leg.part is Part.CALLER:
        _caller_is(session, call, state, at)
    elif state.over:
        leg.inside = False
        leg.left_at = at
        answering.settle(session, call)


def conference(
    session: Session,
    call: Call,
    *,
    event: str,
    sid: str,
    conference_sid: str,
    sequence: int,
    at: datetime,
) -> None:
    """Somebody joined or left the conference of the call; other events change nothing here."""
    leg = legs.by_sid(session, sid) if sid else None
    if event not in {JOIN, LEAVE} or leg is None:
        return
    if event == JOIN:
        leg.enter(conference_sid=conference_sid, sequence=sequence, at=at)
        call.conference_sid = conference_sid
    else:
        leg.leave(conference_sid=conference_sid, sequence=sequence, at=at)
    answering.settle(session, call)


def caller_connects(session: Session, call: Call, at: datetime) -> None:
    """The caller's line has just been given the document that leads into the conference."""
    leg = legs.by_sid(session, call.sid or "")
    if leg is not None:
        leg.inside = True
        leg.joined_at = leg.joined_at or at
        answering.settle(session, call)


def caller_waits(session: Session, call: Call, queue_sid: str) -> None:
    """The caller is in the queue and hears how long it may take."""
    call.queue_sid = queue_sid or call.queue_sid
    leg = legs.by_sid(session, call.sid or "")
    if leg is not None:
        leg.out()
    if call.state is CallState.RINGING:
        move(call, CallState.WAITING, STEPS)


def caller_gone(session: Session, call: Call, because: str, at: datetime) -> None:
    """Their line is down: nobody is offered to them any more."""
    if call.over:
        return
    if call.direction is Direction.OUTGOING:
        calls.end(session, call, because=because, at=at)
        return
    spoke = [
        leg for leg in legs.of_part(session, call.id, Part.OPERATOR) if leg.joined_at is not None
    ]
    if call.talking_at is None:
        calls.abandon(session, call, at=at)
        answering.settle(session, call)
        return
    if call.operator_id is None and spoke:
        call.operator_id = spoke[-1].operator_id
    calls.end(session, call, because="caller_hung_up", at=at)


def _caller_is(session: Session, call: Call, state: LegState, at: datetime) -> None:
    if state.over:
        caller_gone(session, call, OVER_BECAUSE[state], at)
    elif call.direction is Direction.OUTGOING and not call.over:
        wanted = {LegState.RINGING: CallState.RINGING, LegState.IN_PROGRESS: CallState.ANSWERED}
        to = wanted.get(state, call.state)
        if to in STEPS[call.state]:
            move(call, to, STEPS)
        answering.settle(session, call)


def _adopt(session: Session, call: Call, sid: str) -> CallLeg | None:
    """News of a leg we placed and never heard the sid of: it is the one we were looking for."""
    if call.direction is not Direction.OUTGOING or call.sid is not None or not sid:
        return None
    call.sid = sid
    return legs.add(session, call.id, sid, Part.CALLER)
