"""JSON of planned calls: plans of a person, the list of a day, what came of each call."""

from datetime import date, datetime, time
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response, status
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from registry import listed, people
from registry.access import Actor, Right
from registry.door import Me, allow
from registry.kit.db import locked
from registry.kit.http import InTransaction
from telecare import planned, reassurance
from telecare.planned import By, CallPlan, PlannedCall, PlannedState, Purpose, Result

router = APIRouter(prefix="/planned-calls", tags=["telecare"])

ANSWER = [allow(Right.ANSWER_ALARMS)]
WRITE = [allow(Right.WRITE_PEOPLE)]


class Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class CallPlanIn(BaseModel):
    person_id: UUID
    purpose: Purpose
    by: By = By.OPERATOR
    days: Annotated[str, Field(pattern=r"^[1-7]{0,7}$")]
    at: time
    within_minutes: int = 60
    since: date | None = None
    until: date | None = None


class CallPlanOut(Out):
    id: UUID
    person_id: UUID
    purpose: Purpose
    by: By
    days: str
    at: time
    within_minutes: int
    since: date
    until: date | None


class PlannedOut(Out):
    id: UUID
    person_id: UUID
    purpose: Purpose
    by: By
    state: PlannedState
    due_at: datetime
    until_at: datetime
    operator_id: UUID | None
    tries: int
    call_id: UUID | None
    result: Result | None
    note: str
    done_at: datetime | None
    alarm_id: UUID | None


class DoneIn(BaseModel):
    result: Result
    note: Annotated[str, Field(max_length=2000)] = ""


@router.get("", dependencies=ANSWER)
def list_of_day(session: InTransaction, me: Me, day: date | None = None) -> list[PlannedOut]:
    """Today's unless another day is asked for; without people whom the asker may not know of."""
    found = planned.of_day(session, day or planned.today())
    known = {each.id for each in people.known(session, [one.person_id for one in found], me)}
    listed.note(session, "planned_calls", known)
    return [PlannedOut.model_validate(each) for each in found if each.person_id in known]


@router.post("/plans", dependencies=WRITE, status_code=status.HTTP_201_CREATED)
def write_plan(new: CallPlanIn, session: InTransaction, me: Me) -> CallPlanOut:
    people.read(session, new.person_id, me, why="planned_calls")
    made = planned.plan(session, **new.model_dump())
    return CallPlanOut.model_validate(made)


@router.post("/plans/{plan_id}/end", dependencies=WRITE, status_code=status.HTTP_204_NO_CONTENT)
def end_plan(plan_id: UUID, session: InTransaction, me: Me) -> Response:
    found = locked(session, CallPlan, plan_id)
    people.read(session, found.person_id, me, why="planned_calls")
    planned.end_plan(session, found)
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@router.post("/{planned_id}/call", dependencies=ANSWER, status_code=status.HTTP_201_CREATED)
def call(planned_id: UUID, session: InTransaction, me: Me) -> dict[str, UUID]:
    """Call them now; the operator speaks."""
    return {"call_id": reassurance.call(session, _mine(session, planned_id, me), me).id}


@router.post("/{planned_id}/done", dependencies=ANSWER)
def finish(planned_id: UUID, how: DoneIn, session: InTransaction, me: Me) -> PlannedOut:
    due = _mine(session, planned_id, me)
    reassurance.finish(session, due, how.result, how.note)
    return PlannedOut.model_validate(due)


def _mine(session: Session, planned_id: UUID, me: Actor) -> PlannedCall:
    """Held, when the asker may know of the person."""
    due = locked(session, PlannedCall, planned_id)
    people.read(session, due.person_id, me, why="planned_calls")
    return due
