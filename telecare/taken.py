"""A step taken: what was done for an alarm, when, by whom, with what outcome."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from callcenter.call_events import CallClosed
from callcenter.call_states import Outcome
from callcenter.calls import Call
from registry import deadlines, journal
from registry.journal import Event
from registry.kit import clock
from registry.kit.db import Base, Id, locked, new_id
from registry.kit.errors import Invalid
from registry.staff import Staff
from telecare import plans
from telecare.alarms import Alarm, AlarmState
from telecare.plans import What

CALL_AGAIN = "telecare.call_again"
HOME, CONTACT = "alarm_home", "alarm_contact"  # purposes of calls made for an alarm


class How(StrEnum):
    """What came of a step."""

    DONE = "done"
    REACHED = "reached"
    NOT_REACHED = "not_reached"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WAITING = "waiting"
    DUE = "due"
    NOT_NEEDED = "not_needed"


@dataclass(frozen=True, kw_only=True)
class StepTaken(journal.Event):
    alarm_id: UUID
    what: str
    outcome: str


class Taken(Base):
    """Rows are added and never changed: the list is what was done, in order."""

    __tablename__ = "alarm_steps"

    id: Mapped[Id]
    alarm_id: Mapped[UUID] = mapped_column(ForeignKey(Alarm.id), index=True)
    # Which plan held, and its version; none: the built-in one.
    plan_id: Mapped[UUID | None]
    version: Mapped[int]
    # The step's place in the plan, when it was taken from there.
    position: Mapped[int | None]
    what: Mapped[What]
    how: Mapped[How]
    near_id: Mapped[UUID | None]
    call_id: Mapped[UUID | None] = mapped_column(unique=True)
    staff_id: Mapped[UUID | None] = mapped_column(ForeignKey(Staff.id))
    at: Mapped[datetime] = mapped_column(default=clock.now)
    # For a call to be made again: when.
    due_at: Mapped[datetime | None]


def take(
    session: Session,
    alarm: Alarm,
    *,
    what: What,
    how: How,
    position: int | None = None,
    near_id: UUID | None = None,
    call_id: UUID | None = None,
    staff_id: UUID | None = None,
    due_at: datetime | None = None,
    at: datetime | None = None,
) -> None:
    """Write it down; news of the same call twice is one row."""
    plan = plans.for_alarm(session, alarm.kind, alarm.person_id)
    row = {
        "id": new_id(),
        "alarm_id": alarm.id,
        "plan_id": plan.id,
        "version": plan.version,
        "position": position,
        "what": what,
        "how": how,
        "near_id": near_id,
        "call_id": call_id,
        "staff_id": staff_id,
        "at": at or clock.now(),
        "due_at": due_at,
    }
    made = insert(Taken).values(row).on_conflict_do_nothing(index_elements=["call_id"])
    if session.scalar(made.returning(Taken.id)) is not None:
        journal.record(
            session,
            StepTaken(
                alarm_id=alarm.id,
                what=what,
                outcome=how,
                case_id=alarm.case_id,
                person_id=alarm.person_id,
            ),
        )


def tick(session: Session, alarm: Alarm, position: int, how: How, staff_id: UUID) -> None:
    """An operator says that a step of the plan is done, or not needed.

    "Call again" sets a deadline, so that nobody has to remember it.
    """
    steps = plans.for_alarm(session, alarm.kind, alarm.person_id).steps
    if not 0 <= position < len(steps):
        raise Invalid("The plan has no such step", field="position")
    if how not in {How.DONE, How.NOT_NEEDED}:
        raise Invalid("A step is done, or not needed", field="how")
    step = steps[position]
    due = None
    if step.what is What.CALL_AGAIN and how is How.DONE:
        how, due = How.WAITING, clock.now() + timedelta(minutes=step.minutes)
        deadlines.set_(session, CALL_AGAIN, alarm.id, due)
    take(
        session,
        alarm,
        what=step.what,
        how=how,
        position=position,
        staff_id=staff_id,
        due_at=due,
    )


def call_again(session: Session, alarm_id: UUID) -> None:
    """The time to call again has come; on a closed alarm nothing is left to do."""
    alarm = locked(session, Alarm, alarm_id)
    if alarm.state is not AlarmState.CLOSED:
        take(session, alarm, what=What.CALL_AGAIN, how=How.DUE)


def call_closed(session: Session, event: Event) -> None:
    """A call that an operator made for an alarm is over: that step was taken."""
    if not isinstance(event, CallClosed) or event.alarm_id is None:
        return
    call = session.get(Call, event.call_id)
    if call is None or call.purpose not in {HOME, CONTACT}:
        return
    alarm = locked(session, Alarm, event.alarm_id)
    reached = event.outcome == Outcome.REACHED
    take(
        session,
        alarm,
        what=What.TALK_HOME if call.purpose == HOME else What.CALL_CONTACTS,
        how=How.REACHED if reached else How.NOT_REACHED,
        call_id=call.id,
        staff_id=call.operator_id,
        at=call.ended_at,
    )


def of_alarm(session: Session, alarm_id: UUID) -> list[Taken]:
    """What was done, in order."""
    wanted = select(Taken).where(Taken.alarm_id == alarm_id).order_by(Taken.at, Taken.id)
    return list(session.scalars(wanted))
