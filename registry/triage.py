"""The triage of a request: is an answer enough, or does the service take it on, and why (REQ 7).

A simple need ends with an answer and never owns a case; a complex one opens a case in the same
step as the decision.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from registry import cases, journal, requests
from registry.access import Actor, Compartment
from registry.cases import Area
from registry.kit import clock
from registry.kit.states import move
from registry.request_states import STEPS, RequestState
from registry.requests import Request

SERVICE_DESK = Area.SOCIAL_SERVICES


@dataclass(frozen=True, kw_only=True)
class RequestTriaged(journal.Event):
    request_id: UUID
    decision: str


@dataclass(frozen=True, kw_only=True)
class RequestAnswered(journal.Event):
    request_id: UUID


@dataclass(frozen=True, kw_only=True)
class RequestWithdrawn(journal.Event):
    request_id: UUID


def find_simple(session: Session, request: Request, actor: Actor, *, reason: str) -> None:
    """An answer is enough: there will be no case."""
    reason = requests.said(reason, "reason")
    move(request, RequestState.SIMPLE, STEPS)
    _decided(session, request, actor, reason, "simple")


def take_on(session: Session, request: Request, actor: Actor, *, reason: str) -> None:
    """The service takes it on: a case opens, in the same step as the decision (REQ 7)."""
    reason = requests.said(reason, "reason")
    if RequestState.TAKEN_ON in STEPS[request.state]:
        case = cases.open_(
            session,
            area=SERVICE_DESK,
            person_id=request.person_id,
            reason=reason,
            compartment=Compartment(request.compartment) if request.compartment else None,
        )
        request.case_id = case.id
    move(request, RequestState.TAKEN_ON, STEPS)
    _ended(request, actor)
    _decided(session, request, actor, reason, "complex")


def answer(session: Session, request: Request, actor: Actor, *, answer: str) -> None:
    """Solved here. Only a request found simple can be answered."""
    _answer(session, request, actor, requests.said(answer, "answer"))


def _answer(session: Session, request: Request, actor: Actor, said: str) -> None:
    move(request, RequestState.ANSWERED, STEPS)
    request.answer = said
    _ended(request, actor)
    session.flush()
    requests.record(session, request, RequestAnswered)


def solve(session: Session, request: Request, actor: Actor, *, reason: str, answer: str) -> None:
    """Found simple and answered at once, as at a desk."""
    said = requests.said(answer, "answer")
    if request.state is not RequestState.SIMPLE:
        find_simple(session, request, actor, reason=reason)
    _answer(session, request, actor, said)


def withdraw(session: Session, request: Request, actor: Actor, *, reason: str) -> None:
    """The person no longer asks; `reason` in words."""
    said = requests.said(reason, "reason")
    move(request, RequestState.WITHDRAWN, STEPS)
    request.answer = said
    _ended(request, actor)
    session.flush()
    requests.record(session, request, RequestWithdrawn)


def _decided(session: Session, request: Request, actor: Actor, reason: str, decision: str) -> None:
    request.triage_reason = reason
    request.triaged_by = actor.staff_id
    request.triaged_at = clock.now()
    session.flush()
    requests.record(session, request, RequestTriaged, decision=decision)


def _ended(request: Request, actor: Actor) -> None:
    request.ended_at = clock.now()
    request.ended_by = actor.staff_id
