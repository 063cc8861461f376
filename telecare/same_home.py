"""Several alarms of one unit: each is on the list, nobody is rung twice, and they may end together.

Whoever lies on the floor presses again and again. Each press is an alarm of its own and stays so;
what the house does by itself (ring who is on call, ring the contacts, ask for a team) it does once.
"""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.kit.db import locked
from registry.kit.errors import Invalid
from registry.staff import Staff
from telecare import alarms
from telecare.alarms import TO_ANSWER, Alarm, AlarmState, Outcome

# What is pressed later may be another need: then everything is done anew.
TOGETHER = timedelta(minutes=10)
MOST = 50


def waiting(session: Session, alarm: Alarm) -> list[Alarm]:
    """Those of the same unit that nobody holds, oldest first; of an unknown unit none."""
    return [each for each in _open(session, alarm) if each.state in TO_ANSWER]


def is_cared_for(session: Session, alarm: Alarm) -> bool:
    """Whether another alarm of the unit, as grave and of the same minutes, goes before this one.

    The one that an operator holds does, and so does an older one: its ladder is ahead.
    """
    return any(
        each.lane.letter <= alarm.lane.letter
        and abs(each.raised_at - alarm.raised_at) < TOGETHER
        and (each.state is AlarmState.CLAIMED or _place(each) < _place(alarm))
        for each in _open(session, alarm)
    )


def holders(session: Session, found: Iterable[Alarm]) -> dict[UUID, str]:
    """By unit, who holds another of its alarms."""
    units = {each.device_id for each in found if each.device_id is not None}
    if not units:
        return {}
    accounts = {each.account for each in found}
    rows = session.execute(
        select(Alarm.device_id, Staff.name)
        .join(Staff, Staff.id == Alarm.operator_id)
        .where(
            Alarm.account.in_(accounts),
            Alarm.state == AlarmState.CLAIMED,
            Alarm.device_id.in_(units),
        )
    )
    return {unit: name for unit, name in rows if unit is not None}


def close(
    session: Session,
    alarm: Alarm,
    operator_id: UUID,
    *,
    outcome: Outcome,
    note: str,
    others: Iterable[UUID] = (),
) -> None:
    """End the alarm that the operator holds, and with it those of the same unit they have seen.

    What a colleague has taken meanwhile is left to them. Raises Invalid for an alarm of another
    unit.
    """
    since = alarm.claimed_at
    for each in sorted(set(others) - {alarm.id}):
        other = locked(session, Alarm, each)
        if alarm.device_id is None or other.device_id != alarm.device_id:
            raise Invalid("This alarm comes from another unit: close it by itself", field="others")
        if other.state not in TO_ANSWER:
            continue
        # Somebody was with this home when it came, or soon after.
        if since is not None and other.answered_at is None:
            other.answered_at = max(other.raised_at, since)
        alarms.claim(session, other, operator_id)
        alarms.close(session, other, outcome=outcome, note=note)
    alarms.close(session, alarm, outcome=outcome, note=note)


def _open(session: Session, alarm: Alarm) -> list[Alarm]:
    if alarm.device_id is None:
        return []
    wanted = select(Alarm).where(
        Alarm.account == alarm.account,
        Alarm.state != AlarmState.CLOSED,
        Alarm.device_id == alarm.device_id,
        Alarm.id != alarm.id,
    )
    return list(session.scalars(wanted.order_by(Alarm.raised_at, Alarm.id).limit(MOST)))


def _place(alarm: Alarm) -> tuple[object, ...]:
    return alarm.raised_at, alarm.id
