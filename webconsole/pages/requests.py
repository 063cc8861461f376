"""The request desk: what is open, a new request, its answer, and the receipt to take home."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from registry import (
    access_points,
    bookings,
    calendars,
    directory,
    directory_search,
    people,
    requests,
    triage,
    versions,
)
from registry.access import Actor, Right
from registry.access_points import AccessPoint
from registry.calendars import Slot
from registry.codes import CodeList
from registry.contacts import Channel
from registry.directory_search import Found
from registry.door import Me, allow
from registry.kit import i18n
from registry.kit.db import get
from registry.kit.errors import Invalid, NotAllowed, Problem
from registry.kit.http import InTransaction, status_of
from registry.people import Person
from registry.request_states import RequestState
from registry.requests import AsksAs
from registry.staff import Staff
from webconsole import board_people, rendering
from webconsole.pages import forms, older
from webconsole.pages.forms import Trouble
from webconsole.words import words

# ruff: noqa: FAST003 - the dependency that holds the request takes it from the address
router = APIRouter(include_in_schema=False)
PAGE = 50
SEE_OTHER = 303
OPEN = (RequestState.RECEIVED, RequestState.SIMPLE)
Text = Annotated[str, Form(max_length=forms.LONG)]
Short = Annotated[str, Form(max_length=80)]
Many = Annotated[list[str], Form(max_length=40)]


@router.get("/richieste", dependencies=[allow(Right.READ_CASES)])
def list_requests(
    request: Request,
    session: InTransaction,
    me: Me,
    tutte: bool = False,
    before: older.Number = None,
) -> Response:
    states = () if tutte else OPEN
    found = requests.listed(session, me, states=states, after=before, limit=PAGE)
    return rendering.page(
        request,
        "requests/list.html",
        me=me,
        found=found,
        everything=tutte,
        people=board_people.listed(session, (each.person_id for each in found), me, "requests"),
        closed={each.id for each in found if not requests.sees(session, each, me)},
        words=words(i18n.language_of(request)),
        said=forms.said(session, request),
        next_before=found[-1].number if len(found) == PAGE else None,
    )


@router.get("/richieste/nuova", dependencies=[allow(Right.WRITE_CASES)])
def show_new(
    request: Request,
    session: InTransaction,
    me: Me,
    persona: UUID | None = None,
    chiamata: UUID | None = None,
) -> Response:
    person = people.read(session, persona, me, why="request") if persona else None
    typed = {
        "channel": Channel.PHONE if chiamata else Channel.DESK,
        "asks_as": AsksAs.SELF if person else AsksAs.ANONYMOUS,
        "call_id": str(chiamata or ""),
    }
    return _form(request, session, me, person, typed, forms.NONE)


@router.post("/richieste/nuova", dependencies=[allow(Right.WRITE_CASES)])
def receive(
    request: Request,
    session: InTransaction,
    me: Me,
    channel: Annotated[Channel, Form()],
    asks_as: Annotated[AsksAs, Form()],
    expressed: Text = "",
    expressed_need: Short = "",
    person_id: Short = "",
    access_point_id: Short = "",
    call_id: Short = "",
    barriers: Many = [],  # noqa: B006 - FastAPI copies it
) -> Response:
    """A form that cannot be accepted comes back with all that was typed."""
    known = forms.id_or_none(person_id)
    person = people.read(session, known, me, why="request") if known else None
    typed = {
        "channel": channel,
        "asks_as": asks_as,
        "expressed": forms.whole(expressed),
        "expressed_need": expressed_need,
        "access_point_id": access_point_id,
        "call_id": call_id,
        "barriers": barriers,
    }
    try:
        made = requests.receive(
            session,
            me,
            channel=channel,
            asks_as=asks_as,
            expressed=forms.whole(expressed),
            expressed_need=expressed_need or None,
            person_id=person.id if person else None,
            barriers=barriers,
            access_point_id=forms.id_or_none(access_point_id),
            call_id=forms.id_or_none(call_id),
        )
    except Invalid as problem:
        return _form(request, session, me, person, typed, forms.trouble(request, problem))
    return RedirectResponse(f"/richieste/{made.id}", SEE_OTHER)


def _form(
    request: Request,
    session: Session,
    me: Actor,
    person: Person | None,
    typed: Mapping[str, object],
    trouble: Trouble,
) -> Response:
    blank: dict[str, object] = dict.fromkeys(
        ("expressed", "expressed_need", "access_point_id", "call_id"), ""
    )
    return rendering.page(
        request,
        "requests/new.html",
        me=me,
        status=422 if trouble else 200,
        person=person,
        typed={**blank, "barriers": [], **typed},
        trouble=trouble,
        channels=list(Channel),
        askers=list(AsksAs),
        needs=forms.choices(session, request, CodeList.NEED),
        hindrances=forms.choices(session, request, CodeList.BARRIER),
        points=access_points.active(session),
        words=words(i18n.language_of(request)),
    )


@router.get("/richieste/{request_id}", dependencies=[allow(Right.READ_CASES)])
def show_request(
    request_id: UUID,
    request: Request,
    session: InTransaction,
    me: Me,
    q: Annotated[str, Query(max_length=200)] = "",
    servizio: UUID | None = None,
) -> Response:
    """`q` looks in the directory; `servizio` is the sheet chosen for the answer."""
    asked = requests.read(session, request_id, me)
    return _record(request, session, me, asked, q=q, chosen=servizio)


def _record(
    request: Request,
    session: Session,
    me: Actor,
    asked: requests.Request,
    *,
    q: str = "",
    chosen: UUID | None = None,
    typed: dict[str, str] | None = None,
    trouble: Trouble = forms.NONE,
    status: int = 200,
) -> Response:
    wanted = forms.whole(q)
    person = people.read(session, asked.person_id, me, why="request") if asked.person_id else None
    if not requests.sees(session, asked, me):
        return rendering.page(request, "requests/closed.html", me=me, asked=asked, person=person)
    language = i18n.language_of(request)
    found = directory_search.find(session, wanted, limit=8) if wanted else Found([], {})
    return rendering.page(
        request,
        "requests/record.html",
        me=me,
        status=status,
        asked=asked,
        person=person,
        q=wanted,
        looked=found,
        bookable={each.id for each in found.services if calendars.of_service(session, each.id)},
        needs=forms.choices(session, request, CodeList.NEED, asked.received_at.date()),
        typed={"answer": _proposed(session, chosen), "reason": "", "recognised": asked.recognised}
        | (typed or {}),
        booked=[
            (each, get(session, Slot, each.slot_id))
            for each in bookings.of_request(session, asked.id, me)
        ],
        trouble=trouble,
        point=session.get(AccessPoint, asked.access_point_id) if asked.access_point_id else None,
        who={
            each: session.get_one(Staff, each).name
            for each in (asked.staff_id, asked.triaged_by, asked.ended_by)
            if each
        },
        said=forms.said(session, request),
        words=words(language),
    )


def _proposed(session: Session, service_id: UUID | None) -> str:
    """The answer that a sheet of the directory gives, to be completed by hand."""
    if service_id is None:
        return ""
    sheet = directory.read(session, service_id)
    reached = (sheet.address, sheet.phone, sheet.hours)
    documents = "; ".join(sheet.documents)
    lines = (f"{sheet.name}, {sheet.body.name}", *reached, documents, sheet.cost)
    return "\n".join(line for line in lines if line)


@dataclass(frozen=True, kw_only=True)
class Changing:
    """A request held for a change, and the version that whoever sent the form had before them."""

    request: Request
    session: Session
    me: Actor
    asked: requests.Request
    version: str

    def done(self, verb: Callable[..., None], **typed: str) -> Response:
        """Do it and show the request; refused, the page comes back with all that was typed."""
        told = {name: forms.whole(text) for name, text in typed.items()}
        try:
            versions.check(self.version, self.asked.version)
            verb(self.session, self.asked, self.me, **told)
        except Problem as problem:
            return _back(self.request, self.session, self.me, self.asked, told, problem)
        return RedirectResponse(f"/richieste/{self.asked.id}", SEE_OTHER)


def _changing(
    request_id: UUID, request: Request, session: InTransaction, me: Me, version: Short = ""
) -> Changing:
    asked = requests.held(session, request_id, me)
    return Changing(request=request, session=session, me=me, asked=asked, version=version)


Held = Annotated[Changing, Depends(_changing)]


@router.post("/richieste/{request_id}/risposta", dependencies=[allow(Right.WRITE_CASES)])
def answer(held: Held, answer: Text = "", reason: Text = "") -> Response:
    """A simple need, in one step: why it is simple, and the answer."""
    return held.done(triage.solve, answer=answer, reason=reason)


@router.post("/richieste/{request_id}/presa-in-carico", dependencies=[allow(Right.WRITE_CASES)])
def take_on(held: Held, reason: Text = "") -> Response:
    return held.done(triage.take_on, reason=reason)


@router.post("/richieste/{request_id}/ritiro", dependencies=[allow(Right.WRITE_CASES)])
def withdraw(held: Held, reason: Text = "") -> Response:
    return held.done(triage.withdraw, reason=reason)


@router.post("/richieste/{request_id}/bisogno", dependencies=[allow(Right.WRITE_CASES)])
def recognise(
    held: Held,
    recognised: Text = "",
    recognised_needs: Many = [],  # noqa: B006 - FastAPI copies it
) -> Response:
    """How the operator reads it; what the person said stays as it was said (REQ 5)."""

    def change(session: Session, asked: requests.Request, _me: Actor, **said: str) -> None:
        requests.change(session, asked, recognised_needs=recognised_needs, **said)

    return held.done(change, recognised=recognised)


def _back(
    request: Request,
    session: Session,
    me: Actor,
    asked: requests.Request,
    typed: dict[str, str],
    problem: Problem,
) -> Response:
    """The page as it is now, with what was typed and why it was not accepted."""
    trouble = forms.trouble(request, problem)
    return _record(
        request, session, me, asked, typed=typed, trouble=trouble, status=status_of(problem)
    )


@router.get("/richieste/{request_id}/ricevuta", dependencies=[allow(Right.READ_CASES)])
def show_receipt(request_id: UUID, request: Request, session: InTransaction, me: Me) -> Response:
    """For the person to take home: number, day, what came of it, what is booked."""
    asked = requests.read(session, request_id, me)
    if not requests.sees(session, asked, me):
        raise NotAllowed("This is a reserved part of the file, and it is not open to you")
    person = people.read(session, asked.person_id, me, why="receipt") if asked.person_id else None
    return rendering.page(
        request,
        "requests/receipt.html",
        me=me,
        asked=asked,
        person=person,
        point=session.get(AccessPoint, asked.access_point_id) if asked.access_point_id else None,
        booked=[
            (each, get(session, Slot, each.slot_id))
            for each in bookings.of_request(session, asked.id, me)
            if each.state in bookings.LIVE
        ],
        said=forms.said(session, request),
        words=words(i18n.language_of(request)),
    )
