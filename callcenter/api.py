"""JSON of the call centre: calls, operators, lines and the operator's telephone."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response, status
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter import answering, calls, lines, operators, queues, simulator_api, tasks
from callcenter.call_states import CallState, Direction, Outcome
from callcenter.calls import Call
from callcenter.carriers.twilio import carrier
from callcenter.operators import Operator, State, Status
from registry import access, people, safe_contacts
from registry.access import Right
from registry.door import Me, allow
from registry.kit import clock
from registry.kit.db import locked
from registry.kit.errors import NotAllowed, NotFound
from registry.kit.http import InTransaction
from registry.kit.phone import e164
from registry.people import Person

router = APIRouter(tags=["callcenter"])
router.include_router(simulator_api.router)

ANSWER = [allow(Right.ANSWER_CALLS)]
Text = Annotated[str, Field(max_length=8000)]


def _in_turn(session: InTransaction) -> Iterator[Session]:
    with queues.turn(session):
        yield session


# One decision about calls at a time, and a matching before the commit.
InTurn = Annotated[Session, Depends(_in_turn, scope="function")]


class Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class CallOut(Out):
    id: UUID
    direction: Direction
    state: CallState
    number: str | None
    priority: str
    purpose: str
    line_id: UUID | None
    person_id: UUID | None
    case_id: UUID | None
    alarm_id: UUID | None
    operator_id: UUID | None
    offered_to: UUID | None
    offered_at: datetime | None
    offered_until: datetime | None
    arrived_at: datetime
    answered_at: datetime | None
    talking_at: datetime | None
    ended_at: datetime | None
    closed_at: datetime | None
    wrap_up_until: datetime | None
    ended_because: str
    call_back: bool
    outcome: Outcome | None
    note: str


class CallsOut(BaseModel):
    items: list[CallOut]
    next: UUID | None


class CallIn(BaseModel):
    to: Annotated[str, Field(max_length=40)]
    purpose: Annotated[str, Field(max_length=40, pattern="^[a-z_]+$")] = "call"
    case_id: UUID | None = None
    person_id: UUID | None = None
    # The operator has read how the number is to be rung, and rings all the same.
    sure: bool = False


class CallChange(BaseModel):
    note: Text | None = None
    person_id: UUID | None = None


class Closing(BaseModel):
    outcome: Annotated[str, Field(max_length=40)] = ""
    note: Text | None = None


class StatusIn(BaseModel):
    status: Status


class OperatorOut(Out):
    staff_id: UUID
    name: str
    status: Status
    state: State
    present: bool
    free_since: datetime


class LineOut(Out):
    id: UUID
    number: str
    name: str
    queue: str
    priority: str


class PhoneOut(BaseModel):
    """What a browser needs to be a telephone; `token` is empty with the built-in carrier."""

    mode: str
    identity: str
    token: str
    edge: str | None
    seconds: int


@router.get("/calls", dependencies=ANSWER)
def list_calls(
    session: InTransaction,
    me: Me,
    state: Annotated[list[CallState] | None, Query()] = None,
    direction: Direction | None = None,
    person_id: UUID | None = None,
    case_id: UUID | None = None,
    mine: bool = False,
    after: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> CallsOut:
    """Newest first; `after` is the id of the last one seen."""
    wanted = _visible(me)
    if state:
        wanted = wanted.where(Call.state.in_(state))
    for column, value in (
        (Call.direction, direction),
        (Call.person_id, person_id),
        (Call.case_id, case_id),
        (Call.operator_id, me.staff_id if mine else None),
    ):
        if value is not None:
            wanted = wanted.where(column == value)
    if after is not None:
        wanted = wanted.where(Call.id < after)
    found = list(session.scalars(wanted.order_by(Call.id.desc()).limit(limit)))
    return CallsOut(
        items=[CallOut.model_validate(each) for each in found],
        next=found[-1].id if len(found) == limit else None,
    )


@router.post(
    "/calls", dependencies=ANSWER, response_model=CallOut, status_code=status.HTTP_201_CREATED
)
def place_call(new: CallIn, session: InTurn, me: Me) -> Call:
    """Ring somebody; the carrier dials at once, and the operator's telephone joins.

    409 with `cautions` when the person said that ringing now is not safe; `sure` rings.
    """
    if new.person_id is not None:
        people.read(session, new.person_id, me, why="call")
    if not new.sure:
        safe_contacts.require_safe(session, e164(new.to, field="to"), clock.now())
    call = calls.place(session, operator_id=_operator(me), **new.model_dump(exclude={"sure"}))
    for kind in (calls.PLACE, calls.SOFTPHONE):
        tasks.after_commit(session, kind, call.id)
    return call


@router.get("/calls/{call_id}", dependencies=ANSWER, response_model=CallOut)
def read_call(call_id: UUID, session: InTransaction, me: Me) -> Call:
    return _seen(session, call_id, me)


@router.patch("/calls/{call_id}", dependencies=ANSWER, response_model=CallOut)
def change_call(call_id: UUID, change: CallChange, session: InTransaction, me: Me) -> Call:
    """The note is saved as it is typed, by whoever has the call or coordinates."""
    _seen(session, call_id, me)
    call = locked(session, Call, call_id)
    if call.operator_id not in {me.staff_id, None}:
        access.require(me, Right.COORDINATE)
    if change.person_id is not None:
        people.read(session, change.person_id, me, why="call")
        calls.name_caller(session, call, change.person_id)
    if change.note is not None:
        calls.write_note(call, change.note)
    return call


@router.post("/calls/{call_id}/accept", dependencies=ANSWER, response_model=CallOut)
def accept_call(call_id: UUID, session: InTurn, me: Me) -> Call:
    """Yes to an offer, or help oneself to a call that waits."""
    call = calls.get_call(session, _seen(session, call_id, me).id)
    answering.accept(session, call, _operator(me))
    tasks.after_commit(session, calls.SOFTPHONE, call.id)
    return call


@router.post("/calls/{call_id}/decline", dependencies=ANSWER, response_model=CallOut)
def decline_call(call_id: UUID, session: InTurn, me: Me) -> Call:
    call = calls.get_call(session, _seen(session, call_id, me).id)
    answering.decline(session, call, _operator(me))
    return call


@router.post("/calls/{call_id}/join", dependencies=ANSWER, status_code=status.HTTP_204_NO_CONTENT)
def join_call(call_id: UUID, session: InTransaction, me: Me) -> Response:
    """Let my telephone join (again); with Twilio the browser's own software does it."""
    _mine(_seen(session, call_id, me), me)
    tasks.after_commit(session, calls.SOFTPHONE, call_id)
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@router.post("/calls/{call_id}/hang-up", dependencies=ANSWER, response_model=CallOut)
def hang_up_call(call_id: UUID, session: InTurn, me: Me) -> Call:
    call = calls.get_call(session, _seen(session, call_id, me).id)
    _mine(call, me)
    calls.hang_up(session, call)
    tasks.after_commit(session, calls.HANG_UP, call.id)
    return call


@router.post("/calls/{call_id}/close", dependencies=ANSWER, response_model=CallOut)
def close_call(call_id: UUID, closing: Closing, session: InTurn, me: Me) -> Call:
    """Write the outcome, without which no call is done with."""
    call = calls.get_call(session, _seen(session, call_id, me).id)
    if call.operator_id is not None:
        _mine(call, me)
    else:
        call.operator_id = me.staff_id
    note = call.note if closing.note is None else closing.note
    calls.close(session, call, outcome=closing.outcome, note=note)
    return call


@router.get("/operators", dependencies=ANSWER)
def list_operators(session: InTransaction) -> dict[str, list[OperatorOut]]:
    found = operators.all_(session)
    return {"items": [_shown(operator, person.name) for operator, person in found]}


@router.post("/me/status", dependencies=ANSWER)
def choose_status(new: StatusIn, session: InTurn, me: Me) -> OperatorOut:
    """Whether I want calls; only I change it, or a rule that says so in the journal."""
    return _shown(operators.choose(session, _operator(me), new.status), me.name)


@router.get("/me/phone-token", dependencies=ANSWER)
def read_phone_token(me: Me) -> PhoneOut:
    phone = carrier().softphone(str(_operator(me)))
    return PhoneOut(**phone.__dict__)


@router.get("/lines", dependencies=ANSWER)
def list_lines(session: InTransaction) -> dict[str, list[LineOut]]:
    return {"items": [LineOut.model_validate(each) for each in lines.all_(session)]}


def _visible(me: Me) -> Any:
    """Calls, without those of people whom the asker may not know of."""
    known = access.visible(select(Person.id), Person.restricted, me)
    return select(Call).where(Call.person_id.is_(None) | Call.person_id.in_(known))


def _seen(session: Session, call_id: UUID, me: Me) -> Call:
    found: Call | None = session.scalar(_visible(me).where(Call.id == call_id))
    if found is None:
        raise NotFound("There is no such call")
    return found


def _mine(call: Call, me: Me) -> None:
    """A call is its operator's; a coordinator may end or close one that got stuck."""
    if call.operator_id != me.staff_id:
        access.require(me, Right.COORDINATE)


def _operator(me: Me) -> UUID:
    if me.staff_id is None:
        raise NotAllowed("Only a person can speak on a call")
    return me.staff_id


def _shown(operator: Operator, name: str) -> OperatorOut:
    return OperatorOut.model_validate({**operator.__dict__, "name": name})
