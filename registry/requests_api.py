"""JSON of requests, and of the codes in which they are told."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response, status
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from registry import codes, listed, once, people, requests, triage, versions
from registry.access import Actor, Compartment, Right
from registry.codes import CodeList
from registry.contacts import Channel
from registry.door import Me, allow
from registry.headers import Key, Match, Wanted, tagged
from registry.kit import clock
from registry.kit.http import InTransaction
from registry.request_states import RequestState
from registry.requests import AsksAs, Request

# ruff: noqa: FAST003 - the dependency that holds the request takes it from the address
router = APIRouter(tags=["registry"])
Words = Annotated[str, Field(min_length=1, max_length=4000)]
Word = Annotated[str, Field(max_length=40)]


class Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class CodeOut(Out):
    code: str
    italian: str
    english: str


class RequestIn(BaseModel):
    channel: Channel
    expressed: Words
    expressed_need: Word | None = None
    person_id: UUID | None = None
    applicant_id: UUID | None = None
    asks_as: AsksAs = AsksAs.SELF
    barriers: Annotated[list[Word], Field(max_length=20)] = []
    access_point_id: UUID | None = None
    call_id: UUID | None = None
    compartment: Compartment | None = None


class RequestChange(BaseModel):
    """Only what is sent is changed. `person_id` names whom it is about, once."""

    person_id: UUID | None = None
    recognised: Annotated[str, Field(max_length=4000)] | None = None
    recognised_needs: Annotated[list[Word], Field(max_length=20)] | None = None
    barriers: Annotated[list[Word], Field(max_length=20)] | None = None
    compartment: Compartment | None = None


class Decision(StrEnum):
    SIMPLE = "simple"
    COMPLEX = "complex"


class Triage(BaseModel):
    decision: Decision
    reason: Words


class Answer(BaseModel):
    answer: Words


class Withdrawal(BaseModel):
    reason: Words


class RequestOut(Out):
    """Of a request in a compartment that is not the asker's there are no words and no codes."""

    id: UUID
    number: int
    state: RequestState
    version: int
    received_at: datetime
    channel: Channel
    access_point_id: UUID | None
    staff_id: UUID | None
    call_id: UUID | None
    person_id: UUID | None
    applicant_id: UUID | None
    asks_as: AsksAs
    expressed: str
    expressed_need: str | None
    recognised: str
    recognised_needs: list[str]
    barriers: list[str]
    triage_reason: str | None
    triaged_by: UUID | None
    triaged_at: datetime | None
    answer: str
    ended_at: datetime | None
    case_id: UUID | None
    compartment: Compartment | None

    @classmethod
    def of(cls, session: Session, request: Request, me: Actor) -> Self:
        """Without its words for whoever lacks the compartment."""
        shown = cls.model_validate(request)
        if not requests.sees(session, request, me):
            shown.expressed = shown.recognised = shown.answer = ""
            shown.expressed_need = shown.triage_reason = None
            shown.recognised_needs, shown.barriers = [], []
        return shown


@router.get("/codes/{name}", dependencies=[allow(Right.READ_CASES)])
def list_codes(name: CodeList, session: InTransaction) -> dict[str, list[CodeOut]]:
    """The codes of a list that are in force today."""
    found = codes.in_force(session, name, clock.now().date())
    return {"items": [CodeOut.model_validate(each) for each in found]}


@router.get("/requests", dependencies=[allow(Right.READ_CASES)])
def list_requests(
    session: InTransaction,
    me: Me,
    state: Annotated[list[RequestState] | None, Query()] = None,
    person_id: UUID | None = None,
    after: Annotated[int, Query(ge=0, le=2**31 - 1)] | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> dict[str, Any]:
    """Newest first; `after` is the number of the last one seen."""
    found = requests.listed(
        session, me, states=state or (), person_id=person_id, after=after, limit=limit
    )
    listed.note(session, "requests", (each.person_id for each in found))
    return {
        "items": [RequestOut.of(session, each, me) for each in found],
        "next": found[-1].number if len(found) == limit else None,
    }


@router.post(
    "/requests",
    dependencies=[allow(Right.WRITE_CASES)],
    status_code=status.HTTP_201_CREATED,
)
def receive(
    new: RequestIn, session: InTransaction, me: Me, answer: Response, key: Key = None
) -> RequestOut:
    """Sent again with the same Idempotency-Key, it answers with the request made first."""
    made_id, first = once.made(session, me.login, key, "request")
    if not first:
        return _tagged(session, answer, requests.read(session, made_id, me), me)
    for person_id in {new.person_id, new.applicant_id}:
        if person_id is not None:
            people.read(session, person_id, me, why="request")
    made = requests.receive(session, me, id_=made_id, **new.model_dump())
    return _tagged(session, answer, made, me)


@router.get("/requests/{request_id}", dependencies=[allow(Right.READ_CASES)])
def read(request_id: UUID, session: InTransaction, me: Me, answer: Response) -> RequestOut:
    found = requests.read(session, request_id, me)
    if found.person_id is not None:
        people.read(session, found.person_id, me, why="request")
    return _tagged(session, answer, found, me)


@router.patch("/requests/{request_id}", dependencies=[allow(Right.WRITE_CASES)])
def change(
    request_id: UUID,
    facts: RequestChange,
    session: InTransaction,
    me: Me,
    answer: Response,
    if_match: Wanted,
) -> RequestOut:
    """`If-Match` is the ETag that was read; 412 when somebody has changed it since."""
    request = requests.held(session, request_id, me)
    versions.check(if_match, request.version)
    said = facts.model_dump(exclude_none=True)
    if about := said.pop("person_id", None):
        requests.name_person(session, request, people.read(session, about, me, why="request"))
    if said:
        requests.change(session, request, **said)
    return _tagged(session, answer, request, me)


@dataclass(frozen=True, kw_only=True)
class Changing:
    """A request held for a change, as whoever asked knew it, and the answer to them."""

    session: Session
    request: Request
    me: Actor
    answer: Response

    def told(self) -> RequestOut:
        """The request as it is now, with its version as the ETag."""
        return _tagged(self.session, self.answer, self.request, self.me)


def _changing(
    request_id: UUID, session: InTransaction, me: Me, answer: Response, if_match: Match = None
) -> Changing:
    request = requests.held(session, request_id, me)
    versions.check(if_match, request.version)
    return Changing(session=session, request=request, me=me, answer=answer)


Held = Annotated[Changing, Depends(_changing)]


@router.post("/requests/{request_id}/triage", dependencies=[allow(Right.WRITE_CASES)])
def decide(told: Triage, held: Held) -> RequestOut:
    """Simple: an answer is enough. Complex: a case opens."""
    simple = told.decision is Decision.SIMPLE
    found = triage.find_simple if simple else triage.take_on
    found(held.session, held.request, held.me, reason=told.reason)
    return held.told()


@router.post("/requests/{request_id}/answer", dependencies=[allow(Right.WRITE_CASES)])
def give_answer(told: Answer, held: Held) -> RequestOut:
    triage.answer(held.session, held.request, held.me, answer=told.answer)
    return held.told()


@router.post("/requests/{request_id}/withdraw", dependencies=[allow(Right.WRITE_CASES)])
def withdraw(told: Withdrawal, held: Held) -> RequestOut:
    triage.withdraw(held.session, held.request, held.me, reason=told.reason)
    return held.told()


def _tagged(session: Session, answer: Response, request: Request, me: Actor) -> RequestOut:
    return RequestOut.of(session, tagged(answer, request), me)
