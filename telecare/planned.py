"""A planned call: company, a check, a medicine, heat or cold; missed, it becomes an alarm."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    UniqueConstraint,
    func,
    or_,
    select,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from callcenter.operators import Operator
from dispatch.rota import HOME_ZONE
from registry import deadlines, journal
from registry.kit import clock
from registry.kit.db import Base, Id
from registry.kit.errors import Invalid
from registry.kit.sealed import SealedText
from registry.kit.states import move
from registry.people import Person
from registry.staff import Staff
from telecare import absences, alarms
from telecare.alarms import Alarm
from telecare.devices import Device
from telecare.protocols.base import Kind

# Kinds of deadlines; bound in webconsole/wiring.py.
PREPARE = "telecare.prepare_planned"
RING = "telecare.ring_planned"
MISSED = "telecare.planned_missed"
PREPARE_EVERY = timedelta(minutes=10)
the_house = UUID(int=0)  # preparing the day is one duty of the whole house
CODE = "planned_call"
SHORTEST, LONGEST = 15, 12 * 60  # minutes in which a call has to succeed


class Purpose(StrEnum):
    COMPANY = "company"
    CHECK = "check"
    MEDICATION = "medication"
    HEAT = "heat"
    COLD = "cold"
    # Many units are down at once: whoever lives behind one is called.
    OUTAGE = "outage"


class By(StrEnum):
    OPERATOR = "operator"
    # The system rings and asks for a key; without one an operator follows.
    SYSTEM = "system"


class PlannedState(StrEnum):
    TO_DO = "to_do"
    RINGING = "ringing"
    DONE = "done"
    MISSED = "missed"
    # The person is away: nobody is rung, and nobody is alarmed.
    SKIPPED = "skipped"


STEPS = {
    PlannedState.TO_DO: {
        PlannedState.RINGING,
        PlannedState.DONE,
        PlannedState.MISSED,
        PlannedState.SKIPPED,
    },
    PlannedState.RINGING: {PlannedState.TO_DO, PlannedState.DONE, PlannedState.MISSED},
    PlannedState.MISSED: {PlannedState.DONE},
    PlannedState.DONE: set[PlannedState](),
    PlannedState.SKIPPED: set[PlannedState](),
}


class Result(StrEnum):
    """What came of it."""

    WELL = "well"
    FOLLOW_UP = "follow_up"
    REFUSED = "refused"
    # An alarm is raised with it, like a pressed button.
    HELP_ASKED = "help_asked"


@dataclass(frozen=True, kw_only=True)
class CallPlanWritten(journal.Event):
    call_plan_id: UUID
    purpose: str


@dataclass(frozen=True, kw_only=True)
class CallPlanEnded(journal.Event):
    call_plan_id: UUID


@dataclass(frozen=True, kw_only=True)
class PlannedCallDone(journal.Event):
    planned_id: UUID
    outcome: str


@dataclass(frozen=True, kw_only=True)
class PlannedCallMissed(journal.Event):
    planned_id: UUID
    alarm_id: UUID


class CallPlan(Base):
    """On which days and at what local time somebody is called, by whom, within how long."""

    __tablename__ = "call_plans"
    __table_args__ = (Index("ix_call_plans_person", "person_id"),)

    id: Mapped[Id]
    person_id: Mapped[UUID] = mapped_column(ForeignKey(Person.id))
    purpose: Mapped[Purpose]
    by: Mapped[By]
    days: Mapped[str]  # ISO weekdays
    at: Mapped[time]
    within_minutes: Mapped[int]
    since: Mapped[date]
    until: Mapped[date | None]
    ended_at: Mapped[datetime | None]


class PlannedCall(Base):
    """One call on one day: at most one per plan and day, and one per campaign and person."""

    __tablename__ = "planned_calls"
    __table_args__ = (
        UniqueConstraint("plan_id", "day"),
        UniqueConstraint("campaign_id", "person_id"),
        CheckConstraint("num_nonnulls(plan_id, campaign_id) = 1", name="planned_call_of_one"),
        Index("ix_planned_calls_day", "day", "due_at"),
    )

    id: Mapped[Id]
    plan_id: Mapped[UUID | None] = mapped_column(ForeignKey(CallPlan.id))
    campaign_id: Mapped[UUID | None] = mapped_column(ForeignKey("campaigns.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey(Person.id))
    day: Mapped[date]
    due_at: Mapped[datetime]
    # Without success by then it is missed, and becomes an alarm.
    until_at: Mapped[datetime]
    purpose: Mapped[Purpose]
    by: Mapped[By]
    state: Mapped[PlannedState] = mapped_column(default=PlannedState.TO_DO)
    operator_id: Mapped[UUID | None] = mapped_column(ForeignKey(Staff.id))
    tries: Mapped[int] = mapped_column(default=0)
    call_id: Mapped[UUID | None] = mapped_column(index=True)
    result: Mapped[Result | None]
    note: Mapped[str] = mapped_column(SealedText("planned_calls.note"), default="")
    done_at: Mapped[datetime | None]
    alarm_id: Mapped[UUID | None]
    # How fragile they were when the campaign began: who comes first (fragility.py).
    weight: Mapped[int] = mapped_column(default=0, server_default="0")
    # Minutes after which somebody not reached is tried again; None: they become an alarm.
    again_minutes: Mapped[int | None]


def plan(
    session: Session,
    person_id: UUID,
    *,
    purpose: Purpose,
    by: By,
    days: str,
    at: time,
    within_minutes: int = 60,
    since: date | None = None,
    until: date | None = None,
) -> CallPlan:
    """Somebody is called from now on. Raises Invalid, naming the field."""
    kept = "".join(day for day in "1234567" if day in days)
    if not kept:
        raise Invalid("Choose at least one day", field="days")
    if not SHORTEST <= within_minutes <= LONGEST:
        raise Invalid("Say within how many minutes, from 15 to 720", field="within_minutes")
    begins = since or today()
    if until is not None and until < begins:
        raise Invalid("The plan has to end after it begins", field="until")
    made = CallPlan(
        person_id=person_id,
        purpose=purpose,
        by=by,
        days=kept,
        at=at,
        within_minutes=within_minutes,
        since=begins,
        until=until,
    )
    session.add(made)
    session.flush()
    deadlines.set_(session, PREPARE, the_house, clock.now())
    journal.record(
        session, CallPlanWritten(call_plan_id=made.id, purpose=purpose, person_id=person_id)
    )
    return made


def end_plan(session: Session, plan_: CallPlan) -> None:
    """Nobody is called any more; what was planned for later today is taken off the list."""
    plan_.ended_at = clock.now()
    wanted = select(PlannedCall).where(
        PlannedCall.plan_id == plan_.id,
        PlannedCall.state == PlannedState.TO_DO,
        PlannedCall.due_at > clock.now(),
    )
    for each in session.scalars(wanted.with_for_update()):
        call_off(session, each)
    journal.record(session, CallPlanEnded(call_plan_id=plan_.id, person_id=plan_.person_id))


def today() -> date:
    return clock.now().astimezone(HOME_ZONE).date()


def prepare(session: Session, subject: UUID) -> None:
    """Write today's list, and come again: what is there already stays as it is."""
    day = today()
    there = select(PlannedCall.plan_id).where(
        PlannedCall.day == day, PlannedCall.plan_id.is_not(None)
    )
    wanted = select(CallPlan).where(
        CallPlan.ended_at.is_(None),
        CallPlan.since <= day,
        or_(CallPlan.until.is_(None), CallPlan.until >= day),
        CallPlan.days.contains(str(day.isoweekday())),
        CallPlan.id.not_in(there),
    )
    plans = session.scalars(wanted.order_by(CallPlan.at, CallPlan.id)).all()
    for each in plans:
        _put_on_the_list(session, each, day)
    deadlines.set_(session, PREPARE, subject, clock.now() + PREPARE_EVERY)


def _put_on_the_list(session: Session, plan_: CallPlan, day: date) -> None:
    due = datetime.combine(day, plan_.at, HOME_ZONE)
    until = due + timedelta(minutes=plan_.within_minutes)
    if until <= clock.now():
        # Written after its hour: the plan begins tomorrow, and nobody is alarmed for today.
        return
    made = PlannedCall(
        plan_id=plan_.id,
        person_id=plan_.person_id,
        day=day,
        due_at=due,
        until_at=until,
        purpose=plan_.purpose,
        by=plan_.by,
        operator_id=_least_loaded(session, day),
    )
    session.add(made)
    session.flush()
    deadlines.set_(session, MISSED, made.id, until)
    if plan_.by is By.SYSTEM:
        deadlines.set_(session, RING, made.id, due)


def _least_loaded(session: Session, day: date) -> UUID | None:
    """Who has the fewest calls on this day: the list is shared evenly."""
    load = (
        select(PlannedCall.operator_id, func.count().label("calls"))
        .where(PlannedCall.day == day)
        .group_by(PlannedCall.operator_id)
        .subquery()
    )
    wanted = (
        select(Operator.staff_id)
        .join(Staff, Staff.id == Operator.staff_id)
        .outerjoin(load, load.c.operator_id == Operator.staff_id)
        .where(Staff.active, ~Operator.reserve)
        .order_by(func.coalesce(load.c.calls, 0), Operator.staff_id)
        .limit(1)
    )
    return session.scalar(wanted)


def done(session: Session, planned: PlannedCall, result: Result, *, note: str = "") -> None:
    """Somebody was spoken with, or pressed the key. A late success of a missed call counts too."""
    if result is Result.FOLLOW_UP and not note.strip():
        raise Invalid("Write what has to be done", field="note")
    move(planned, PlannedState.DONE, STEPS)
    planned.result = result
    planned.note = note.strip()
    planned.done_at = clock.now()
    if result is Result.HELP_ASKED:
        planned.alarm_id = _alarm(session, planned, Kind.PERSONAL, position=1).id
    _over(session, planned)
    journal.record(
        session,
        PlannedCallDone(planned_id=planned.id, outcome=result, person_id=planned.person_id),
    )


def missed(session: Session, planned_id: UUID) -> None:
    """Its time is over: an alarm, unless the person is away or it was done."""
    planned = _held(session, planned_id)
    if planned.state not in {PlannedState.TO_DO, PlannedState.RINGING}:
        return
    if planned.state is PlannedState.TO_DO and away(session, planned):
        move(planned, PlannedState.SKIPPED, STEPS)
        return
    if planned.again_minutes is not None:
        _try_again(session, planned, planned.again_minutes)
        return
    move(planned, PlannedState.MISSED, STEPS)
    alarm = _alarm(session, planned, Kind.INACTIVITY)
    planned.alarm_id = alarm.id
    journal.record(
        session,
        PlannedCallMissed(planned_id=planned.id, alarm_id=alarm.id, person_id=planned.person_id),
    )


def _try_again(session: Session, planned: PlannedCall, minutes: int) -> None:
    """In a storm hundreds are not reached: they are rung until they are."""
    if planned.state is PlannedState.RINGING:
        move(planned, PlannedState.TO_DO, STEPS)
    planned.until_at = clock.now() + timedelta(minutes=minutes)
    deadlines.set_(session, MISSED, planned.id, planned.until_at)
    if planned.by is By.SYSTEM:
        deadlines.set_(session, RING, planned.id, clock.now())


def _alarm(session: Session, planned: PlannedCall, kind: Kind, *, position: int = 0) -> Alarm:
    unit = session.scalar(select(Device).where(Device.person_id == planned.person_id).limit(1))
    return alarms.raise_(
        session,
        signal_id=planned.id,
        position=position,
        account=unit.account if unit else "",
        device_id=unit.id if unit else None,
        person_id=planned.person_id,
        kind=kind,
        code=CODE,
    )


def call_off(session: Session, planned: PlannedCall) -> None:
    """Nobody has to be called any more; what is over already stays as it is."""
    if planned.state is PlannedState.TO_DO:
        move(planned, PlannedState.SKIPPED, STEPS)
        _over(session, planned)


def away(session: Session, planned: PlannedCall) -> bool:
    return planned.person_id in absences.now_away(session, {planned.person_id})


def _over(session: Session, planned: PlannedCall) -> None:
    deadlines.cancel(session, MISSED, planned.id)
    deadlines.cancel(session, RING, planned.id)


def _held(session: Session, planned_id: UUID) -> PlannedCall:
    wanted = select(PlannedCall).where(PlannedCall.id == planned_id).with_for_update()
    return session.scalars(wanted.execution_options(populate_existing=True)).one()


def of_day(session: Session, day: date) -> Sequence[PlannedCall]:
    """In the order in which they are due."""
    wanted = select(PlannedCall).where(PlannedCall.day == day)
    return session.scalars(wanted.order_by(PlannedCall.due_at, PlannedCall.id)).all()


def plans_of(session: Session, person_id: UUID) -> list[CallPlan]:
    """Those in force."""
    wanted = select(CallPlan).where(CallPlan.person_id == person_id, CallPlan.ended_at.is_(None))
    return list(session.scalars(wanted.order_by(CallPlan.at, CallPlan.id)))
