"""A control room for tests: operators at their desks, callers, and the carrier's news by hand."""

from datetime import datetime, timedelta
from uuid import UUID

import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter import answering, calls, legs, lines, news, operators, queues
from callcenter.calls import Call
from callcenter.carriers.base import LegState
from callcenter.legs import CallLeg, Part
from callcenter.operators import Operator
from registry import deadlines
from registry.deadlines import Deadline
from registry.journal import Entry
from registry.kit import clock
from registry.staff import Staff
from webconsole import wiring

LINE = "+390815550000"
MARIA = "+390815550101"


def later(seconds: float) -> time_machine.travel:
    return time_machine.travel(clock.now() + timedelta(seconds=seconds))


def at_desk(session: Session, person: Staff) -> UUID:
    """The operator's console answers."""
    with queues.turn(session):
        operators.back(session, person.id)
    return person.id


def ring(session: Session, sid: str, number: str = MARIA, *, queued: bool = True) -> Call:
    """Somebody rings and, unless said otherwise, has come as far as the queue."""
    with queues.turn(session):
        call = calls.arrive(session, sid=sid, number=number, line=lines.of(session, LINE))
        legs.add(session, call.id, sid, Part.CALLER)
        if queued:
            news.caller_waits(session, call, "QU1")
    return call


def hangs_up(session: Session, call: Call) -> None:
    line(session, call, call.sid or "", LegState.COMPLETED)


def line(session: Session, call: Call, sid: str, state: LegState) -> None:
    with queues.turn(session):
        news.leg_is(session, call, sid, state, clock.now())


def accepts(session: Session, call: Call, operator_id: UUID) -> None:
    with queues.turn(session):
        answering.accept(session, call, operator_id)


def voice(session: Session, call: Call, operator_id: UUID, sid: str) -> CallLeg:
    """The operator's browser calls out."""
    return legs.add(session, call.id, sid, Part.OPERATOR, operator_id)


def told(
    session: Session, call: Call, event: str, sid: str, sequence: int, at: datetime | None = None
) -> None:
    """An event of the call's conference."""
    with queues.turn(session):
        news.conference(
            session,
            call,
            event=f"participant-{event}",
            sid=sid,
            conference_sid=f"CF{call.id.hex}",
            sequence=sequence,
            at=at or clock.now(),
        )


def talking(session: Session, sid: str, operator_id: UUID) -> Call:
    """A caller and an operator who hear each other."""
    call = ring(session, sid)
    accepts(session, call, operator_id)
    voice(session, call, operator_id, f"{sid}-op")
    told(session, call, "join", f"{sid}-op", 1)
    told(session, call, "join", sid, 2)
    assert call.state is calls.CallState.TALKING
    return call


def state_of(call: Call) -> calls.CallState:
    """The state as it is now, whatever was asserted of it before."""
    return call.state


def due(session: Session, subject_id: UUID) -> set[str]:
    """The kinds of deadlines that are set for the subject."""
    return {each.kind for each in deadlines.of(session, subject_id)}


def sweep(session: Session) -> None:
    """Keep the deadlines that are due and stay inside, as the sweeper does."""
    wanted = select(Deadline).where(
        Deadline.kind.in_(list(wiring.INSIDE)), Deadline.due_at <= clock.now()
    )
    for row in session.scalars(wanted.order_by(Deadline.due_at)).all():
        mine = deadlines.Claim(row.id, row.kind, row.subject_id, row.version)
        wiring.INSIDE[row.kind](session, row.subject_id)
        deadlines.retire(session, mine)
    session.expire_all()


def kinds(session: Session) -> list[str]:
    """What happened, in order, without the first word."""
    found = session.scalars(select(Entry.kind).order_by(Entry.id))
    return [kind.partition(".")[2] for kind in found if kind.startswith("callcenter.")]


def operator(session: Session, operator_id: UUID) -> Operator:
    found = session.get(Operator, operator_id)
    assert found is not None
    return found


def facts(session: Session, kind: str) -> list[dict[str, object]]:
    return [each.facts for each in session.scalars(select(Entry)) if each.kind.endswith(kind)]
