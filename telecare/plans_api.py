"""JSON of plans, of the steps taken for an alarm, of rounds of calls and of who is on call."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response, status
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from registry import people
from registry.access import Actor, Right
from registry.door import Me, allow
from registry.kit.db import locked
from registry.kit.errors import NotAllowed
from registry.kit.http import InTransaction
from telecare import alarms, on_call, plans, ringing, rounds, taken
from telecare.alarms import Alarm
from telecare.on_call import Duty
from telecare.plans import Holding, Step, What
from telecare.protocols.base import Kind
from telecare.rounds import RoundState, Went, Whom
from telecare.subscribers_api import Local
from telecare.taken import How

router = APIRouter(tags=["telecare"])

ANSWER = [allow(Right.ANSWER_ALARMS)]
READ = [allow(Right.ANSWER_ALARMS, Right.READ_SIGNALS)]
WRITE = [allow(Right.COORDINATE)]


class Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class StepIO(Out):
    what: What
    says: Annotated[str, Field(max_length=300)] = ""
    minutes: Annotated[int, Field(ge=0, le=plans.LONGEST_WAIT)] = 0


class HoldingOut(Out):
    """Without an id it is the built-in plan, which nobody can delete."""

    id: UUID | None
    version: int
    kind: str
    personal: bool
    steps: list[StepIO]


class PlanIn(BaseModel):
    kind: Kind | None = None
    person_id: UUID | None = None
    steps: Annotated[list[StepIO], Field(max_length=plans.MOST_STEPS + 1)]


class PlanOf(BaseModel):
    kind: Kind | None = None
    person_id: UUID | None = None


class TickIn(BaseModel):
    position: Annotated[int, Field(ge=0, le=plans.MOST_STEPS)]
    how: How = How.DONE


class TakenOut(Out):
    what: What
    how: How
    position: int | None
    near_id: UUID | None
    call_id: UUID | None
    staff_id: UUID | None
    plan_id: UUID | None
    version: int
    at: datetime
    due_at: datetime | None


class TryOut(Out):
    cycle: int
    name: str
    call_id: UUID
    went: Went | None
    at: datetime
    ended_at: datetime | None


class RoundOut(BaseModel):
    id: UUID
    whom: Whom
    state: RoundState
    cycle: int
    began_at: datetime
    ended_at: datetime | None
    tries: list[TryOut]


class DutyIn(BaseModel):
    name: Annotated[str, Field(max_length=200)]
    number: Annotated[str, Field(max_length=40)]
    position: Annotated[int, Field(ge=1, le=20)] = 1
    starts_at: Local | None = None
    ends_at: Local | None = None


class DutyOut(Out):
    id: UUID
    name: str
    number: str
    position: int
    starts_at: datetime
    ends_at: datetime | None


@router.get("/plans/for", dependencies=READ)
def read_plan(
    session: InTransaction, me: Me, kind: Kind, person_id: UUID | None = None
) -> HoldingOut:
    """The plan that holds for this kind of alarm, of this person."""
    if person_id is not None:
        people.read(session, person_id, me, why="plan")
    return _holding(plans.for_alarm(session, kind, person_id))


@router.post("/plans", dependencies=WRITE, status_code=status.HTTP_201_CREATED)
def write_plan(new: PlanIn, session: InTransaction, me: Me) -> HoldingOut:
    """A new version of the plan of a kind (none: any), of everybody or of one person."""
    if new.person_id is not None:
        people.read(session, new.person_id, me, why="plan")
    made = plans.write(
        session,
        kind=new.kind or plans.ANY,
        person_id=new.person_id,
        steps=[Step(**each.model_dump()) for each in new.steps],
        staff_id=me.staff_id,
    )
    return _holding(plans.held(made))


@router.post("/plans/retire", dependencies=WRITE, status_code=status.HTTP_204_NO_CONTENT)
def retire_plan(which: PlanOf, session: InTransaction) -> Response:
    """Back to the plan behind it, at last the built-in one."""
    plans.retire(session, kind=which.kind or plans.ANY, person_id=which.person_id)
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@router.get("/alarms/{alarm_id}/steps", dependencies=READ)
def list_steps(alarm_id: UUID, session: InTransaction) -> list[TakenOut]:
    """What was done for the alarm, in order."""
    return [TakenOut.model_validate(each) for each in taken.of_alarm(session, alarm_id)]


@router.post("/alarms/{alarm_id}/steps", dependencies=ANSWER, status_code=status.HTTP_201_CREATED)
def tick_step(alarm_id: UUID, tick: TickIn, session: InTransaction, me: Me) -> list[TakenOut]:
    """A step of the plan is done, or not needed."""
    alarm = _mine(session, alarm_id, me)
    taken.tick(session, alarm, tick.position, tick.how, _person(me))
    return [TakenOut.model_validate(each) for each in taken.of_alarm(session, alarm_id)]


@router.get("/alarms/{alarm_id}/rounds", dependencies=READ)
def list_rounds(alarm_id: UUID, session: InTransaction) -> list[RoundOut]:
    """Whom the system rang for the alarm, and what came of each call."""
    return [_round(session, each) for each in rounds.of_alarm(session, alarm_id)]


@router.post(
    "/alarms/{alarm_id}/call-ladder", dependencies=ANSWER, status_code=status.HTTP_201_CREATED
)
def call_ladder(alarm_id: UUID, session: InTransaction, me: Me) -> RoundOut:
    """Let the system ring the contacts in turn, while the home stays on the line."""
    alarm = _mine(session, alarm_id, me)
    return _round(session, rounds.by_operator(session, alarm, _person(me)))


@router.post("/alarms/{alarm_id}/stop-ladder", dependencies=ANSWER)
def stop_ladder(alarm_id: UUID, session: InTransaction, me: Me) -> list[RoundOut]:
    alarm = _mine(session, alarm_id, me)
    ringing.stop(session, alarm)
    return [_round(session, each) for each in rounds.of_alarm(session, alarm_id)]


@router.get("/on-call", dependencies=READ)
def list_on_call(session: InTransaction) -> list[DutyOut]:
    """In force and to come."""
    return [DutyOut.model_validate(each) for each in on_call.coming(session)]


@router.post("/on-call", dependencies=WRITE, status_code=status.HTTP_201_CREATED)
def add_on_call(new: DutyIn, session: InTransaction, me: Me) -> DutyOut:
    """Whom the system rings when an alarm has waited 180 s."""
    duty = on_call.add(session, set_by=me.staff_id, **new.model_dump())
    return DutyOut.model_validate(duty)


@router.post("/on-call/{duty_id}/end", dependencies=WRITE, status_code=status.HTTP_204_NO_CONTENT)
def end_on_call(duty_id: UUID, session: InTransaction) -> Response:
    on_call.end(session, locked(session, Duty, duty_id))
    return Response(status_code=status.HTTP_204_NO_CONTENT)


def _holding(found: Holding) -> HoldingOut:
    return HoldingOut.model_validate(found)


def _round(session: Session, found: rounds.Round) -> RoundOut:
    return RoundOut(
        id=found.id,
        whom=found.whom,
        state=found.state,
        cycle=found.cycle,
        began_at=found.began_at,
        ended_at=found.ended_at,
        tries=[TryOut.model_validate(each) for each in rounds.tries(session, found.id)],
    )


def _person(me: Actor) -> UUID:
    if me.staff_id is None:
        raise NotAllowed("Only a person can take an alarm")
    return me.staff_id


def _mine(session: Session, alarm_id: UUID, me: Actor) -> Alarm:
    alarm = locked(session, Alarm, alarm_id)
    alarms.held_by(session, alarm, _person(me))
    return alarm
