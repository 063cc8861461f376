"""Calendars and appointments: what is free, who comes, who is to be reminded."""

from datetime import datetime, time, timedelta
from itertools import groupby
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from registry import booking_lists, bookings, calendars, directory, people, requests
from registry.access import Actor, Right
from registry.bookings import Booking
from registry.calendars import Calendar, Slot
from registry.door import Me, allow
from registry.kit import clock, i18n
from registry.kit.db import get, locked
from registry.kit.errors import Invalid, Problem
from registry.kit.http import InTransaction, status_of
from registry.kit.settings import settings
from registry.people import Person
from webconsole import board_people, person_words, rendering
from webconsole.dress import ZONE
from webconsole.pages import forms
from webconsole.pages.forms import Trouble
from webconsole.words import words

router = APIRouter(include_in_schema=False)
SEE_OTHER = 303
Short = Annotated[str, Form(max_length=300)]
DOES = {
    "venuta": bookings.kept,
    "assente": bookings.no_show,
    "avvisata": bookings.reminded,
}


@router.get("/prenotazioni", dependencies=[allow(Right.READ_CASES)])
def list_calendars(
    request: Request, session: InTransaction, me: Me, persona: UUID | None = None
) -> Response:
    """Reminders first, then who comes today, and the calendars with their next free time.

    With a person the calendars alone: one is chosen to book for them.
    """
    waiting, untold = bookings.to_remind(session, me), booking_lists.untold(session, me)
    today = booking_lists.expected(session, me, _midnight())
    ids = [each.person_id for each in (*waiting, *untold, *today)]
    return rendering.page(
        request,
        "bookings/list.html",
        me=me,
        reminders=_with_slots(session, waiting),
        person=people.read(session, persona, me, why="booking") if persona else None,
        untold=_with_slots(session, untold),
        today=_with_slots(session, today),
        zone=ZONE,
        back="",
        people=board_people.listed(session, ids, me, "bookings"),
        said=person_words,
        calendars=[(each, _next_free(session, each)) for each in calendars.all_(session)],
        words=words(i18n.language_of(request)),
    )


def _midnight() -> datetime:
    """When today is over, where the room is."""
    here = clock.now().astimezone(ZONE)
    return datetime.combine(here.date() + timedelta(days=1), time(), tzinfo=ZONE)


def _with_slots(session: Session, found: list[Booking]) -> list[tuple[Booking, Slot]]:
    return [(each, get(session, Slot, each.slot_id)) for each in found]


def _next_free(session: Session, calendar: Calendar) -> Slot | None:
    return next((slot for slot in calendars.slots(session, calendar.id) if slot.free), None)


@router.get("/prenotazioni/servizio/{service_id}", dependencies=[allow(Right.READ_CASES)])
def of_service(
    service_id: UUID,
    session: InTransaction,
    richiesta: UUID | None = None,
) -> Response:
    """The first calendar of a service."""
    service = directory.read(session, service_id)
    found = calendars.of_service(session, service.id)
    if not found:
        return RedirectResponse(f"/elenco/{service.id}", SEE_OTHER)
    query = f"?richiesta={richiesta}" if richiesta else ""
    return RedirectResponse(f"/prenotazioni/{found[0].id}{query}", SEE_OTHER)


@router.get("/prenotazioni/{calendar_id}", dependencies=[allow(Right.READ_CASES)])
def show_calendar(
    calendar_id: UUID,
    request: Request,
    session: InTransaction,
    me: Me,
    richiesta: UUID | None = None,
    persona: UUID | None = None,
) -> Response:
    """The days ahead; with a person or their request, each free time is one button."""
    asked = requests.read(session, richiesta, me) if richiesta else None
    person_id = asked.person_id if asked else persona
    person = people.read(session, person_id, me, why="booking") if person_id else None
    return _page(request, session, me, calendars.read(session, calendar_id), person, asked)


def _page(
    request: Request,
    session: Session,
    me: Actor,
    calendar: Calendar,
    person: Person | None = None,
    asked: requests.Request | None = None,
    trouble: Trouble = forms.NONE,
    status: int = 200,
) -> Response:
    slots = calendars.slots(session, calendar.id)
    booked = {slot.id: bookings.of_slot(session, slot.id, me) for slot in slots}
    untold = booking_lists.untold(session, me, calendar.id)
    ids = [each.person_id for found in (*booked.values(), untold) for each in found]
    return rendering.page(
        request,
        "bookings/calendar.html",
        me=me,
        status=status,
        calendar=calendar,
        person=person,
        asked=asked,
        days=[(day, list(found)) for day, found in groupby(slots, _day)],
        booked=booked,
        untold=_with_slots(session, untold),
        back=str(calendar.id),
        people=board_people.listed(session, ids, me, "bookings"),
        zone=ZONE,
        feed=f"{settings().public_url}/api/v1/feeds/{calendar.feed}.ics",
        trouble=trouble,
        words=words(i18n.language_of(request)),
    )


def _day(slot: Slot) -> datetime:
    return slot.starts_at.astimezone(ZONE).replace(hour=12, minute=0)


@router.post("/prenotazioni/{calendar_id}", dependencies=[allow(Right.WRITE_CASES)])
def book(
    calendar_id: UUID,
    request: Request,
    session: InTransaction,
    me: Me,
    slot_id: Short,
    person_id: Short,
    request_id: Short = "",
    wait: Short = "",
) -> Response:
    """Somebody quicker is told as such, and the free times are there again."""
    who = forms.id_or_none(person_id)
    wanted = forms.id_or_none(slot_id)
    about = forms.id_or_none(request_id)
    if who is None or wanted is None:
        raise Invalid("Choose the person and the time")
    person = people.read(session, who, me, why="booking")
    asked = requests.read(session, about, me) if about else None
    try:
        bookings.book(session, me, wanted, person.id, request_id=about, wait=bool(wait))
    except Problem as problem:
        calendar = calendars.read(session, calendar_id)
        trouble = forms.trouble(request, problem)
        return _page(
            request, session, me, calendar, person, asked, trouble, status=status_of(problem)
        )
    back = f"/richieste/{asked.id}" if asked else f"/persone/{person.id}"
    return RedirectResponse(back, SEE_OTHER)


@router.post("/orari/{slot_id}/annulla", dependencies=[allow(Right.MANAGE_DIRECTORY)])
def call_off(
    slot_id: UUID, request: Request, session: InTransaction, me: Me, reason: Short = ""
) -> Response:
    """The service cannot keep this time; whoever had it stands on the list of those to be told."""
    slot = locked(session, Slot, slot_id)
    try:
        told = bookings.call_off(session, slot, reason=forms.whole(reason))
    except Problem as problem:
        trouble = forms.trouble(request, problem)
        calendar = slot.calendar
        return _page(request, session, me, calendar, trouble=trouble, status=status_of(problem))
    return RedirectResponse("/prenotazioni" if told else _at(slot.calendar_id), SEE_OTHER)


def _at(calendar_id: UUID) -> str:
    return f"/prenotazioni/{calendar_id}"


@router.post("/prenotazioni/{calendar_id}/orari", dependencies=[allow(Right.MANAGE_DIRECTORY)])
def offer(
    calendar_id: UUID,
    request: Request,
    session: InTransaction,
    me: Me,
    starts_at: Short,
    minutes: Annotated[int, Form(ge=1, le=10_000)],
    capacity: Annotated[int, Form(ge=0, le=10_000)],
    repeat: Annotated[int, Form(ge=0, le=10_000)],
) -> Response:
    calendar = calendars.read(session, calendar_id)
    try:
        at = _local(starts_at)
        calendars.offer(
            session, calendar, starts_at=at, minutes=minutes, capacity=capacity, repeat=repeat
        )
    except Problem as problem:
        trouble = forms.trouble(request, problem)
        return _page(request, session, me, calendar, trouble=trouble, status=status_of(problem))
    return RedirectResponse(_at(calendar.id), SEE_OTHER)


def _local(text: str) -> datetime:
    """A day and hour as the browser writes them, in our own time."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=ZONE)
    except ValueError:
        raise Invalid("Write the day and the hour", field="starts_at") from None


@router.post("/elenco/{service_id}/calendario", dependencies=[allow(Right.MANAGE_DIRECTORY)])
def open_calendar(
    service_id: UUID, session: InTransaction, name: Short, place: Short = ""
) -> Response:
    service = directory.read(session, service_id)
    made = calendars.open_(session, service, name=forms.whole(name), place=forms.whole(place))
    return RedirectResponse(_at(made.id), SEE_OTHER)


@router.post("/appuntamenti/{booking_id}/annulla", dependencies=[allow(Right.WRITE_CASES)])
def cancel(booking_id: UUID, session: InTransaction, me: Me, reason: Short = "") -> Response:
    booking = bookings.held(session, booking_id, me)
    bookings.cancel(session, booking, reason=forms.whole(reason))
    return RedirectResponse(_calendar_of(session, booking), SEE_OTHER)


@router.post("/appuntamenti/{booking_id}/{what}", dependencies=[allow(Right.WRITE_CASES)])
def end(
    booking_id: UUID, what: str, session: InTransaction, me: Me, calendar: Short = ""
) -> Response:
    """`venuta`, `assente`, `avvisata`; back to the calendar where it was said on one."""
    if what not in DOES:
        raise Invalid("A value cannot be stored as it was written")
    booking = bookings.held(session, booking_id, me)
    DOES[what](session, booking)
    return RedirectResponse(
        _calendar_of(session, booking) if calendar else "/prenotazioni", SEE_OTHER
    )


def _calendar_of(session: Session, booking: Booking) -> str:
    return _at(get(session, Slot, booking.slot_id).calendar_id)
