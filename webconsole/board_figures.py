"""The figures of the room: who waits, who answers, how well today."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Float, case, cast, func, select
from sqlalchemy.orm import Session

from callcenter.call_states import Direction
from callcenter.calls import Call
from callcenter.operators import Operator, Status
from registry.kit import clock
from telecare.alarms import Alarm
from webconsole.dress import ZONE

TARGET = timedelta(seconds=60)


def counts(session: Session, waiting_since: Sequence[datetime]) -> dict[str, Any]:
    at_work = select(func.count()).where(Operator.present, Operator.status == Status.AVAILABLE)
    return {
        "waiting": len(waiting_since),
        "oldest_since": min(waiting_since, default=None),
        "operators": session.scalar(at_work),
        "service_today": service_today(session),
        "target_s": round(TARGET.total_seconds()),
    }


def service_today(session: Session) -> float | None:
    """Per cent of today's alarms and calls answered within the target; None before the first."""
    midnight = clock.now().astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    good = answered = 0.0
    for arrived, taken, mine in (
        (Alarm.raised_at, Alarm.answered_at, Alarm.id.is_not(None)),
        (Call.arrived_at, Call.answered_at, Call.direction == Direction.INCOMING),
    ):
        in_time = cast(func.sum(case((taken - arrived <= TARGET, 1), else_=0)), Float)
        row = session.execute(
            select(in_time, func.count()).where(arrived >= midnight, taken.is_not(None), mine)
        ).one()
        good += row[0] or 0.0
        answered += row[1]
    return round(100 * good / answered, 1) if answered else None
