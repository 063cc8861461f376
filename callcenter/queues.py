"""The queue: who waits, and the matching that runs whenever a call arrives or somebody is free."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from callcenter import answering, offers, operators, routing, turns
from callcenter.call_states import QUEUED, CallState
from callcenter.calls import Call
from callcenter.legs import CallLeg, Part
from callcenter.routing import Free, Waiter
from registry.kit import clock

MOST = 500  # waiting calls looked at in one matching
REPEATED_WITHIN = timedelta(hours=1)

Handler = Callable[[Session, UUID], None]


@contextmanager
def turn(session: Session) -> Iterator[None]:
    """Everything that changes calls or operators: take the turn, do it, then match."""
    turns.take(session)
    yield
    session.flush()
    match(session)


def in_turn(handler: Handler) -> Handler:
    """The same for a deadline's function."""

    def kept(session: Session, subject_id: UUID) -> None:
        with turn(session):
            handler(session, subject_id)

    return kept


def match(session: Session) -> int:
    """Offer waiting calls to free operators; returns how many were offered."""
    waiting = _waiting(session)
    first = [call for call in waiting if call.for_operator and _offered_first(session, call)]
    waiting = [call for call in waiting if call not in first]
    free = _free(session) if waiting else []
    if not free:
        return len(first)
    by_id = {call.id: call for call in waiting}
    pairs = routing.pairs(_facts(session, waiting), free)
    for call_id, operator_id in pairs:
        answering.offer(session, by_id[call_id], operator_id)
    return len(first) + len(pairs)


def _offered_first(session: Session, call: Call) -> bool:
    """Ask whoever holds what the call belongs to, before anybody: also while that occupies them."""
    if call.for_operator is None:
        return False
    operator = operators.of(session, call.for_operator)
    if not operator.present or operator.state is not operators.State.IDLE:
        return False
    asked = offers.asked(session, [call.id]).get(call.id, {}).get(operator.staff_id)
    if asked is not None and _ago(clock.now() - asked) < routing.ASK_AGAIN_AFTER:
        return False
    answering.offer(session, call, operator.staff_id)
    return True


def position(session: Session, call: Call) -> int:
    """How many are served before this one, and itself; in the order of a plain queue."""
    ahead = select(func.count()).where(
        Call.state.in_(QUEUED),
        (Call.priority < call.priority)
        | ((Call.priority == call.priority) & (Call.arrived_at < call.arrived_at)),
    )
    return (session.scalar(ahead) or 0) + 1


def operator_back(session: Session, staff_id: UUID) -> None:
    operators.back(session, staff_id)


def operator_absent(session: Session, staff_id: UUID) -> None:
    """Their console has been silent too long: what was offered to them goes on to the next."""
    operators.absent(session, staff_id)
    answering.operator_left(session, staff_id)


def occupy(session: Session, staff_id: UUID, *, occupied: bool) -> None:
    """Somebody takes, or has finished, what is no call: none is offered to them meanwhile."""
    with turn(session):
        operators.occupy(operators.of(session, staff_id), occupied=occupied)
        if occupied:
            answering.operator_left(session, staff_id, "occupied")


def _waiting(session: Session) -> list[Call]:
    wanted = (
        select(Call)
        .where(Call.state == CallState.WAITING)
        .order_by(Call.priority, Call.arrived_at)
        .limit(MOST)
        .with_for_update()
    )
    return list(session.scalars(wanted.execution_options(populate_existing=True)))


def _free(session: Session) -> list[Free]:
    now = clock.now()
    return [
        Free(
            operator_id=each.staff_id,
            idle=(now - each.free_since).total_seconds(),
            reserve=each.status is not operators.Status.AVAILABLE,
        )
        for each in operators.free(session)
    ]


def _facts(session: Session, waiting: list[Call]) -> list[Waiter]:
    now = clock.now()
    ids = [call.id for call in waiting]
    asked = offers.asked(session, ids)
    spoke = _spoke(session, ids)
    repeats = _repeats(session, waiting)
    return [
        Waiter(
            call_id=call.id,
            priority=call.priority,
            waited=(now - call.arrived_at).total_seconds(),
            boosts=routing.DROPPED * (call.talking_at is not None)
            + routing.REPEAT_CALLER * (call.number in repeats),
            last_operator_id=spoke.get(call.id),
            asked={who: _ago(now - when) for who, when in asked.get(call.id, {}).items()}
            if call.talking_at is None
            else {},
        )
        for call in waiting
    ]


def _ago(elapsed: timedelta) -> float:
    return elapsed.total_seconds()


def _spoke(session: Session, call_ids: list[UUID]) -> dict[UUID, UUID]:
    """With whom each caller was speaking when the line broke."""
    wanted = (
        select(CallLeg.call_id, CallLeg.operator_id)
        .where(
            CallLeg.call_id.in_(call_ids),
            CallLeg.part == Part.OPERATOR,
            CallLeg.joined_at.is_not(None),
        )
        .order_by(CallLeg.id)
    )
    return {call_id: who for call_id, who in session.execute(wanted) if who is not None}


def _repeats(session: Session, waiting: list[Call]) -> set[str | None]:
    """Numbers that gave up waiting within the hour and ring again."""
    numbers = [call.number for call in waiting if call.number]
    wanted = select(Call.number).where(
        Call.number.in_(numbers),
        Call.state == CallState.ABANDONED,
        Call.arrived_at > clock.now() - REPEATED_WITHIN,
    )
    return set(session.scalars(wanted))
