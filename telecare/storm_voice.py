"""What a home hears that rings in a storm: its call waits like any other, with kinder words."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter import calls, reassuring, turns
from callcenter.call_events import CallArrived
from callcenter.call_states import CallState, Direction
from callcenter.calls import Call
from registry.journal import Event
from registry.kit import i18n
from registry.kit.db import get
from registry.people import Person
from telecare import outages, unit_lines
from telecare.outages import OutageBegan
from telecare.unit_calls import HomeOnTheLine

WAITING = (CallState.RINGING, CallState.WAITING, CallState.OFFERED)


def rings(session: Session, event: Event) -> None:
    """A home is on the line. Its alarm stays where it is in the queue: this is only said."""
    if isinstance(event, (CallArrived, HomeOnTheLine)) and outages.open_(session):
        _comfort(session, get(session, Call, event.call_id))


def began(session: Session, event: Event) -> None:
    """Those who were waiting already when it became a storm."""
    if isinstance(event, OutageBegan):
        wanted = select(Call).where(Call.direction == Direction.INCOMING, Call.state.in_(WAITING))
        for call in session.scalars(wanted.order_by(Call.arrived_at)).all():
            _comfort(session, call)


def _comfort(session: Session, call: Call) -> None:
    if call.direction is not Direction.INCOMING or not _is_home(session, call):
        return
    turns.take(session)
    held = calls.get_call(session, call.id)
    if held.state in WAITING:
        person = session.get(Person, held.person_id) if held.person_id else None
        spoken = [person.language, *person.other_languages] if person else []
        reassuring.want(session, held, language=i18n.spoken(*spoken))


def _is_home(session: Session, call: Call) -> bool:
    """Not everybody who rings: only who is on an alarm, or whose home has a unit."""
    if call.alarm_id is not None:
        return True
    units, _ = unit_lines.homes(session, call.number) if call.number else (set(), set())
    return bool(units)
