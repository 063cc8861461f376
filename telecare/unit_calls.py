"""The home's own call: it finds its alarm, and whoever holds the alarm is asked to speak."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from callcenter import calls, queues, tones, turns
from callcenter.call_events import CallAnswered, CallArrived
from callcenter.call_states import CallState, Direction
from callcenter.calls import Call
from callcenter.offers import OfferState
from callcenter.tones import Tones
from registry import journal
from registry.journal import Event
from registry.kit import clock
from registry.kit.db import get, locked
from registry.kit.errors import Invalid, WrongState
from telecare import alarms, taken, unit_lines
from telecare.alarms import (
    TO_ANSWER,
    Alarm,
    AlarmClaimed,
    AlarmHandedBack,
    AlarmRaised,
    AlarmState,
)
from telecare.voice_profiles import Command

# A unit rings within a minute of its signal: a call of an unknown number may be its own.
TOGETHER = timedelta(seconds=60)
# A unit that believes its call has failed dials again, though its alarm may be closed by then.
DIALS_AGAIN = timedelta(minutes=10)
LIVE = (
    CallState.RINGING,
    CallState.WAITING,
    CallState.OFFERED,
    CallState.ANSWERED,
    CallState.TALKING,
)


@dataclass(frozen=True, kw_only=True)
class HomeOnTheLine(journal.Event):
    """A call was put on its alarm; `how`: by its "number", or "chosen" by an operator."""

    alarm_id: UUID
    call_id: UUID
    how: str


def arrived(session: Session, event: Event) -> None:
    """Somebody rings: if it is a home that has called for help, the call belongs to that alarm."""
    if not isinstance(event, CallArrived):
        return
    call = get(session, Call, event.call_id)
    if call.number is None or call.alarm_id is not None or call.over:
        return
    units, people = unit_lines.homes(session, call.number)
    alarm = _newest_open(session, units, people)
    if alarm is not None:
        attach(session, locked(session, Alarm, alarm.id), call.id, how="number")
    elif units:
        _known_home(session, call.id, _just_closed(session, units))


def raised(session: Session, event: Event) -> None:
    """The call may come before its signal."""
    if not isinstance(event, AlarmRaised):
        return
    wanted = select(Call).where(
        Call.direction == Direction.INCOMING,
        Call.state.in_(LIVE),
        Call.alarm_id.is_(None),
        Call.number.is_not(None),
    )
    found = list(session.scalars(wanted.order_by(Call.arrived_at)))
    if not found:
        return
    alarm = locked(session, Alarm, event.alarm_id)
    numbers = unit_lines.numbers(session, alarm)
    for call in found:
        if call.number in numbers and alarm.state is not AlarmState.CLOSED:
            attach(session, alarm, call.id, how="number")


def attach(session: Session, alarm: Alarm, call_id: UUID, *, how: str) -> None:
    """Put a call on its alarm, which the caller holds; whoever holds it is asked to speak first.

    Nobody who already speaks with the home is interrupted: the alarm becomes theirs if it is
    nobody's. Raises WrongState for a line that is down, or that belongs to another alarm.
    """
    alarms.put_on_a_case(session, alarm)
    turns.take(session)
    call = calls.get_call(session, call_id)
    if call.alarm_id == alarm.id:
        return
    if call.over or call.alarm_id is not None:
        raise WrongState("This call is over, or belongs to another alarm")
    call.alarm_id, call.purpose = alarm.id, taken.HOME
    call.person_id = call.person_id or alarm.person_id
    call.case_id = call.case_id or alarm.case_id
    call.priority = min(call.priority, alarm.lane.letter)
    call.last_tones = unit_lines.keys(session, alarm.device_id).get(Command.CLEAR_DOWN, "")
    journal.record(
        session,
        HomeOnTheLine(
            alarm_id=alarm.id,
            call_id=call.id,
            how=how,
            case_id=alarm.case_id,
            person_id=alarm.person_id,
        ),
    )
    if alarm.state in TO_ANSWER and call.operator_id is not None:
        alarms.claim(session, alarm, call.operator_id)
    _ask_first(session, call, alarm.operator_id)


def answered(session: Session, event: Event) -> None:
    """Whoever speaks with the home has its alarm, unless a colleague holds it."""
    if not isinstance(event, CallAnswered):
        return
    alarm_id = get(session, Call, event.call_id).alarm_id
    alarm = locked(session, Alarm, alarm_id) if alarm_id else None
    if alarm is not None and alarm.state in TO_ANSWER:
        alarms.claim(session, alarm, event.operator_id)


def changed_hands(session: Session, event: Event) -> None:
    """The home waits on the line while its alarm is taken or put back."""
    if not isinstance(event, (AlarmClaimed, AlarmHandedBack)):
        return
    alarm = locked(session, Alarm, event.alarm_id)
    holder = alarm.operator_id if alarm.state is AlarmState.CLAIMED else None
    wanted = select(Call.id).where(
        Call.alarm_id == alarm.id,
        Call.direction == Direction.INCOMING,
        Call.state.in_([CallState.RINGING, CallState.WAITING, CallState.OFFERED]),
    )
    for call_id in session.scalars(wanted).all():
        turns.take(session)
        _ask_first(session, calls.get_call(session, call_id), holder)


def waiting(session: Session, alarm_id: UUID) -> Call | None:
    """The home's call that nobody has taken yet."""
    wanted = select(Call).where(
        Call.alarm_id == alarm_id,
        Call.direction == Direction.INCOMING,
        Call.state.in_([CallState.RINGING, CallState.WAITING, CallState.OFFERED]),
    )
    return session.scalar(wanted.order_by(Call.arrived_at.desc()).limit(1))


def candidates(session: Session, alarm: Alarm) -> Sequence[Call]:
    """Calls that may be this home's: nobody's yet, and come about when the alarm did."""
    wanted = select(Call).where(
        Call.direction == Direction.INCOMING,
        Call.state.in_(LIVE),
        Call.alarm_id.is_(None),
        Call.person_id.is_(None) | (Call.person_id == alarm.person_id),
        Call.arrived_at > alarm.raised_at - TOGETHER,
    )
    return session.scalars(wanted.order_by(Call.arrived_at)).all()


def command(session: Session, alarm: Alarm, what: Command, operator_id: UUID) -> Tones:
    """Tell the unit on the line what to do. WrongState without a line, Invalid without the keys."""
    digits = unit_lines.keys(session, alarm.device_id).get(what, "")
    if not digits or what is Command.CLEAR_DOWN:
        raise Invalid("This unit has no such command", field="command")
    wanted = select(Call).where(
        Call.alarm_id == alarm.id,
        Call.operator_id == operator_id,
        Call.purpose == taken.HOME,
        Call.state == CallState.TALKING,
    )
    call = session.scalar(wanted)
    if call is None:
        raise WrongState("Nobody is on the line yet")
    return tones.want(session, call, what=what, digits=digits, operator_id=operator_id)


def _ask_first(session: Session, call: Call, holder: UUID | None) -> None:
    if call.for_operator == holder and holder is None:
        return
    call.for_operator = holder
    if holder is not None and call.offered_to not in {None, holder}:
        calls.unoffer(session, call, OfferState.WITHDRAWN)
    session.flush()
    queues.match(session)


def _known_home(session: Session, call_id: UUID, closed: Alarm | None) -> None:
    """A unit without an open alarm: gravest all the same, and on the case of what was closed."""
    turns.take(session)
    call = calls.get_call(session, call_id)
    call.priority = "A"
    if closed is not None and call.case_id is None:
        call.case_id, call.person_id = closed.case_id, call.person_id or closed.person_id


def _newest_open(session: Session, units: set[UUID], people: set[UUID]) -> Alarm | None:
    wanted = select(Alarm).where(
        or_(Alarm.device_id.in_(units), Alarm.person_id.in_(people)),
        Alarm.state != AlarmState.CLOSED,
    )
    return session.scalar(wanted.order_by(Alarm.raised_at.desc(), Alarm.id.desc()).limit(1))


def _just_closed(session: Session, units: set[UUID]) -> Alarm | None:
    wanted = select(Alarm).where(
        Alarm.device_id.in_(units), Alarm.closed_at > clock.now() - DIALS_AGAIN
    )
    return session.scalar(wanted.order_by(Alarm.closed_at.desc()).limit(1))
