"""JSON of calendars and bookings, and the feed that other programs read."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, status
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.responses import Response

from registry import booking_lists, bookings, calendars, directory, no_texts, once, people, requests
from registry.access import Right
from registry.bookings import Booking, BookingState
from registry.calendars import Calendar, Slot
from registry.door import Me, allow, public
from registry.headers import Key
from registry.kit import i18n
from registry.kit.db import locked
from registry.kit.http import InTransaction

router = APIRouter(tags=["registry"])
SECRET = "its address is a secret of 192 bits, and nobody's name is in it"  # noqa: S105
Line = Annotated[str, Field(min_length=1, max_length=200)]


class Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class CalendarIn(BaseModel):
    name: Line
    place: Annotated[str, Field(max_length=300)] = ""


class CalendarOut(Out):
    id: UUID
    service_id: UUID
    name: str
    place: str


class SlotsIn(BaseModel):
    """`repeat` slots of `minutes` each, one after the other."""

    starts_at: AwareDatetime
    minutes: Annotated[int, Field(ge=5, le=720)]
    capacity: Annotated[int, Field(ge=1, le=500)] = 1
    repeat: Annotated[int, Field(ge=1, le=100)] = 1


class SlotOut(Out):
    id: UUID
    calendar_id: UUID
    starts_at: datetime
    ends_at: datetime
    capacity: int
    taken: int


class BookingIn(BaseModel):
    """`wait`: in the queue when there is no place."""

    person_id: UUID
    request_id: UUID | None = None
    wait: bool = False


class BookingOut(Out):
    id: UUID
    slot_id: UUID
    person_id: UUID
    request_id: UUID | None
    state: BookingState
    made_at: datetime
    ended_at: datetime | None
    reason: str | None
    remind_since: datetime | None
    reminded_at: datetime | None


class Ending(StrEnum):
    KEPT = "kept"
    NO_SHOW = "no_show"
    REMINDED = "reminded"


class Cancellation(BaseModel):
    reason: Line


class CalledOff(BaseModel):
    """How many are to be told."""

    to_tell: int


DONE = {
    Ending.KEPT: bookings.kept,
    Ending.NO_SHOW: bookings.no_show,
    Ending.REMINDED: bookings.reminded,
}


@router.get("/services/{service_id}/calendars", dependencies=[allow(Right.READ_CASES)])
def list_calendars(service_id: UUID, session: InTransaction) -> dict[str, list[CalendarOut]]:
    found = calendars.of_service(session, directory.read(session, service_id).id)
    return {"items": [CalendarOut.model_validate(each) for each in found]}


@router.post(
    "/services/{service_id}/calendars",
    dependencies=[allow(Right.MANAGE_DIRECTORY)],
    response_model=CalendarOut,
    status_code=status.HTTP_201_CREATED,
)
def open_calendar(service_id: UUID, new: CalendarIn, session: InTransaction) -> Calendar:
    service = directory.read(session, service_id)
    return calendars.open_(session, service, **new.model_dump())


@router.get("/calendars/{calendar_id}/slots", dependencies=[allow(Right.READ_CASES)])
def list_slots(
    calendar_id: UUID,
    session: InTransaction,
    since: AwareDatetime | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 60,
) -> dict[str, list[SlotOut]]:
    """The next first; `since` looks further back or ahead."""
    calendar = calendars.read(session, calendar_id)
    found = calendars.slots(session, calendar.id, since=since, limit=limit)
    return {"items": [SlotOut.model_validate(each) for each in found]}


@router.post(
    "/calendars/{calendar_id}/slots",
    dependencies=[allow(Right.MANAGE_DIRECTORY)],
    status_code=status.HTTP_201_CREATED,
)
def offer_slots(calendar_id: UUID, new: SlotsIn, session: InTransaction) -> dict[str, Any]:
    calendar = calendars.read(session, calendar_id)
    made = calendars.offer(session, calendar, **new.model_dump())
    return {"items": [SlotOut.model_validate(each) for each in made]}


@router.get("/slots/{slot_id}/bookings", dependencies=[allow(Right.READ_CASES)])
def list_bookings(slot_id: UUID, session: InTransaction, me: Me) -> dict[str, list[BookingOut]]:
    found = bookings.of_slot(session, slot_id, me)
    return {"items": [BookingOut.model_validate(each) for each in found]}


@router.post(
    "/slots/{slot_id}/bookings",
    dependencies=[allow(Right.WRITE_CASES)],
    response_model=BookingOut,
    status_code=status.HTTP_201_CREATED,
)
def book(slot_id: UUID, new: BookingIn, session: InTransaction, me: Me, key: Key = None) -> Booking:
    """409 when the last place is gone. The same Idempotency-Key books once."""
    made_id, first = once.made(session, me.login, key, "booking")
    if not first:
        return bookings.held(session, made_id, me)
    people.read(session, new.person_id, me, why="booking")
    if new.request_id is not None:
        requests.read(session, new.request_id, me)
    return bookings.book(session, me, slot_id, id_=made_id, **new.model_dump())


@router.post("/slots/{slot_id}/call-off", dependencies=[allow(Right.MANAGE_DIRECTORY)])
def call_off(slot_id: UUID, why: Cancellation, session: InTransaction) -> CalledOff:
    """The service cannot keep this time; whoever had it stands among those to be told."""
    slot = locked(session, Slot, slot_id)
    return CalledOff(to_tell=bookings.call_off(session, slot, reason=why.reason))


@router.get("/bookings", dependencies=[allow(Right.READ_CASES)])
def list_all(
    session: InTransaction,
    me: Me,
    state: Annotated[list[BookingState] | None, Query()] = None,
    person_id: UUID | None = None,
    to_tell: bool = False,
    after: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> dict[str, Any]:
    """Newest first; `to_tell`: somebody has yet to call or write. `after`: the last one seen."""
    found = booking_lists.listed(
        session,
        me,
        states=state or (),
        person_id=person_id,
        to_tell=to_tell,
        after=after,
        limit=limit,
    )
    return {
        "items": [BookingOut.model_validate(each) for each in found],
        "next": str(found[-1].id) if len(found) == limit else None,
    }


@router.get(
    "/bookings/{booking_id}", dependencies=[allow(Right.READ_CASES)], response_model=BookingOut
)
def read(booking_id: UUID, session: InTransaction, me: Me) -> Booking:
    return booking_lists.read(session, booking_id, me)


@router.post(
    "/bookings/{booking_id}/cancel",
    dependencies=[allow(Right.WRITE_CASES)],
    response_model=BookingOut,
)
def cancel(booking_id: UUID, why: Cancellation, session: InTransaction, me: Me) -> Booking:
    """The place goes to the first who waits."""
    booking = bookings.held(session, booking_id, me)
    bookings.cancel(session, booking, reason=why.reason)
    return booking


@router.post(
    "/bookings/{booking_id}/{ending}",
    dependencies=[allow(Right.WRITE_CASES)],
    response_model=BookingOut,
)
def end(booking_id: UUID, ending: Ending, session: InTransaction, me: Me) -> Booking:
    """The person came, did not come, or was reminded."""
    booking = bookings.held(session, booking_id, me)
    DONE[ending](session, booking)
    return booking


@router.get("/feeds/{secret}.ics", dependencies=[public(SECRET)], response_class=Response)
def read_feed(secret: str, request: Request, session: InTransaction) -> Response:
    """The iCalendar of one calendar: times and how full they are."""
    say = i18n.catalogue(i18n.language_of(request)).gettext
    calendar = calendars.by_feed(session, secret)
    text = calendars.feed(session, calendar, full=say("full"), free=say("taken"))
    return Response(text, media_type="text/calendar; charset=utf-8")


class TextsWanted(BaseModel):
    wanted: bool


@router.put("/people/{person_id}/texts", dependencies=[allow(Right.WRITE_PEOPLE)])
def choose_texts(
    person_id: UUID, told: TextsWanted, session: InTransaction, me: Me
) -> dict[str, bool]:
    """Whether the person wants reminders by text; where not, somebody calls."""
    person = people.read(session, person_id, me, why="request")
    no_texts.choose(session, person, me, wanted=told.wanted)
    return {"wanted": no_texts.wants(session, person_id)}
