"""A target of one's own contract: within how many seconds, how many per cent, by which clock.

Which clock is named, because the same promise reads better or worse by where it starts to count.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from callcenter.call_states import Direction
from callcenter.calls import Call
from dispatch.interventions import Intervention
from registry import journal
from registry.kit import clock
from registry.kit.db import Base, Id
from registry.kit.errors import Invalid, WrongState
from registry.staff import Staff
from telecare import response
from telecare.alarms import Alarm
from telecare.faults import Fault

LONGEST = timedelta(days=90)


class Clock(StrEnum):
    """From which moment to which."""

    SIGNAL_TO_OPERATOR = "signal_to_operator"
    SIGNAL_TO_VOICE = "signal_to_voice"
    CALL_TO_VOICE = "call_to_voice"
    DECISION_TO_ARRIVAL = "decision_to_arrival"
    FAULT_TO_REPAIR = "fault_to_repair"


@dataclass(frozen=True, kw_only=True)
class TargetWritten(journal.Event):
    target_id: UUID


@dataclass(frozen=True, kw_only=True)
class TargetEnded(journal.Event):
    target_id: UUID


class ContractTarget(Base):
    """Never changed, only ended: a report of last year shows what was promised last year."""

    __tablename__ = "contract_targets"
    __table_args__ = (
        CheckConstraint("within_s > 0", name="target_within"),
        CheckConstraint("percent > 0 AND percent <= 100", name="target_percent"),
    )

    id: Mapped[Id]
    name: Mapped[str]
    by: Mapped[Clock]
    within_s: Mapped[int]
    percent: Mapped[float]
    since: Mapped[datetime] = mapped_column(default=clock.now)
    ended_at: Mapped[datetime | None]
    written_by: Mapped[UUID | None] = mapped_column(ForeignKey(Staff.id))


@dataclass(frozen=True, kw_only=True)
class Measured:
    """How a target was kept: what is not over yet and not late yet does not count."""

    target: ContractTarget
    counted: int
    reached: int

    @property
    def percent(self) -> float | None:
        return round(100 * self.reached / self.counted, 2) if self.counted else None

    @property
    def met(self) -> bool | None:
        return None if self.percent is None else self.percent >= self.target.percent


def write(
    session: Session,
    *,
    name: str,
    by: Clock,
    within_s: int,
    percent: float,
    written_by: UUID | None = None,
) -> ContractTarget:
    """A new target, from now on. Raises Invalid, naming the field."""
    if not name.strip():
        raise Invalid("Write what was promised", field="name")
    if not 0 < within_s <= LONGEST.total_seconds():
        raise Invalid("Choose from one second to 90 days", field="within_s")
    if not 0 < percent <= 100:  # noqa: PLR2004 - per cent
        raise Invalid("Write a percentage from 1 to 100", field="percent")
    made = ContractTarget(
        name=name.strip(), by=by, within_s=within_s, percent=percent, written_by=written_by
    )
    session.add(made)
    session.flush()
    journal.record(session, TargetWritten(target_id=made.id))
    return made


def end(session: Session, target: ContractTarget) -> None:
    """It is no longer promised."""
    if target.ended_at is not None:
        raise WrongState("This target has already ended")
    target.ended_at = clock.now()
    journal.record(session, TargetEnded(target_id=target.id))


def in_force(session: Session, since: datetime, until: datetime) -> list[ContractTarget]:
    """Those promised at some time of this stretch."""
    wanted = select(ContractTarget).where(
        ContractTarget.since < until,
        ContractTarget.ended_at.is_(None) | (ContractTarget.ended_at > since),
    )
    return list(session.scalars(wanted.order_by(ContractTarget.since, ContractTarget.id)))


def measured(session: Session, since: datetime, until: datetime) -> list[Measured]:
    """Each target over what began from `since` to before `until` while it was promised."""
    return [_measure(session, each, since, until) for each in in_force(session, since, until)]


def _measure(
    session: Session, target: ContractTarget, since: datetime, until: datetime
) -> Measured:
    first = max(since, target.since)
    last = min(until, target.ended_at or until)
    now = clock.now()
    limit = timedelta(seconds=target.within_s)
    times = TIMES[target.by](session, first, last)
    counted = [each for each in times if each[1] is not None or now - each[0] > limit]
    reached = sum(ended is not None and ended - began <= limit for began, ended in counted)
    return Measured(target=target, counted=len(counted), reached=reached)


Times = Sequence[tuple[datetime, datetime | None]]


def _to_operator(session: Session, since: datetime, until: datetime) -> Times:
    return _rows(session, Alarm.raised_at, Alarm.answered_at, since, until)


def _to_voice(session: Session, since: datetime, until: datetime) -> Times:
    """The first words with the home, whoever has rung whom."""
    spoken = (
        select(func.min(Call.talking_at))
        .where(Call.alarm_id == Alarm.id, Call.purpose == response.HOME_CALL)
        .scalar_subquery()
    )
    return _rows(session, Alarm.raised_at, spoken, since, until)


def _of_calls(session: Session, since: datetime, until: datetime) -> Times:
    """Callers of the lines and homes alike, from the first ring."""
    return _rows(
        session,
        Call.arrived_at,
        Call.talking_at,
        since,
        until,
        Call.direction == Direction.INCOMING,
    )


def _to_arrival(session: Session, since: datetime, until: datetime) -> Times:
    """Teams asked for because of an alarm; the clock starts when it is decided to send one."""
    return _rows(
        session,
        Intervention.requested_at,
        Intervention.arrived_at,
        since,
        until,
        Intervention.source == response.SOURCE,
        # Ended without an arrival: nobody was needed any more.
        Intervention.ended_at.is_(None) | Intervention.arrived_at.is_not(None),
    )


def _to_repair(session: Session, since: datetime, until: datetime) -> Times:
    return _rows(session, Fault.began_at, Fault.ended_at, since, until)


def _rows(
    session: Session, begins: Any, ends: Any, since: datetime, until: datetime, *more: Any
) -> Times:
    wanted = select(begins, ends).where(begins >= since, begins < until, *more)
    return [(began, ended) for began, ended in session.execute(wanted)]


TIMES: Mapping[Clock, Callable[[Session, datetime, datetime], Times]] = {
    Clock.SIGNAL_TO_OPERATOR: _to_operator,
    Clock.SIGNAL_TO_VOICE: _to_voice,
    Clock.CALL_TO_VOICE: _of_calls,
    Clock.DECISION_TO_ARRIVAL: _to_arrival,
    Clock.FAULT_TO_REPAIR: _to_repair,
}
