"""After the line is down: the outcome is written, and who gave up is called back."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from callcenter import calls, turns
from callcenter.call_events import CallStillOpen
from callcenter.call_states import CallState
from callcenter.calls import Call
from registry import deadlines, journal
from registry.kit import clock

REMIND_EVERY = timedelta(minutes=30)


def wrap_up(session: Session, call_id: UUID) -> None:
    """The time to write is over: the operator is free again, the missing outcome is told."""
    turns.take(session)
    call = calls.get_call(session, call_id)
    if call.state is not CallState.ENDED:
        return
    _remind(session, call, calls.WRAP_UP)
    if call.operator_id is not None:
        calls.settle_operator(session, call.operator_id)


def call_back(session: Session, call_id: UUID) -> None:
    """Nobody has called them back yet."""
    turns.take(session)
    call = calls.get_call(session, call_id)
    if not call.over or call.final or call.state is not CallState.ABANDONED:
        return
    _remind(session, call, calls.CALL_BACK)


def _remind(session: Session, call: Call, kind: str) -> None:
    happened = CallStillOpen(
        call_id=call.id, state=call.state, case_id=call.case_id, person_id=call.person_id
    )
    journal.record(session, happened)
    deadlines.set_(session, kind, call.id, clock.now() + REMIND_EVERY)
