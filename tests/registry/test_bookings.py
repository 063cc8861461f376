"""Bookings: one place is one person's, the queue moves up, nobody forgets to remind."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from icalendar import Calendar as Feed
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from registry import booking_lists, bookings, calendars, deadlines, directory, people
from registry.access import HOUSE, Role
from registry.bookings import Booking, BookingState
from registry.calendars import Calendar, Slot
from registry.directory import BodyKind, ServiceArea
from registry.kit import clock, db
from registry.kit.errors import Conflict, Invalid, NotFound, Problem, WrongState
from registry.people import Person

MANY = 50


def desk(session: Session) -> Calendar:
    body = directory.body(session, "Comune", BodyKind.OWN)
    service = directory.add(session, body, name=f"Sportello {uuid4()}", area=ServiceArea.RIGHTS)
    return calendars.open_(session, service, name="Colloqui", place="Via Facsimile 1")


def tomorrow(hours: float = 48) -> datetime:
    return clock.now().replace(microsecond=0) + timedelta(hours=hours)


@pytest.fixture
def slot(session: Session) -> Slot:
    return calendars.offer(session, desk(session), starts_at=tomorrow(), minutes=30)[0]


@pytest.fixture
def nina(session: Session) -> Person:
    return people.create(session, given_name="Nina", family_name="Prova")


@pytest.fixture
def ugo(session: Session) -> Person:
    return people.create(session, given_name="Ugo", family_name="Esempio")


def test_the_last_place_is_taken_once_and_then_one_can_wait(
    session: Session, slot: Slot, nina: Person, ugo: Person
) -> None:
    bookings.book(session, HOUSE, slot.id, nina.id)
    with pytest.raises(Conflict, match="last place"):
        bookings.book(session, HOUSE, slot.id, ugo.id)

    waiting = bookings.book(session, HOUSE, slot.id, ugo.id, wait=True)
    assert (waiting.state, slot.taken) == (BookingState.WAITING, 1)


def test_nobody_has_the_same_place_twice(session: Session, slot: Slot, nina: Person) -> None:
    slot.capacity = 2
    bookings.book(session, HOUSE, slot.id, nina.id)
    with pytest.raises(Conflict, match="already"):
        bookings.book(session, HOUSE, slot.id, nina.id)


def test_who_waits_first_gets_the_place_and_somebody_has_to_tell_them(
    session: Session, slot: Slot, nina: Person, ugo: Person
) -> None:
    held = bookings.book(session, HOUSE, slot.id, nina.id)
    waiting = bookings.book(session, HOUSE, slot.id, ugo.id, wait=True)
    bookings.cancel(session, held, reason="Ha cambiato idea")

    assert (waiting.state, slot.taken) == (BookingState.BOOKED, 1)
    assert bookings.to_remind(session, HOUSE) == [waiting]
    bookings.reminded(session, waiting)
    assert bookings.to_remind(session, HOUSE) == []


def test_a_day_before_somebody_has_to_remind(session: Session, slot: Slot, nina: Person) -> None:
    booking = bookings.book(session, HOUSE, slot.id, nina.id)
    due = session.scalar(
        select(deadlines.Deadline.due_at).where(deadlines.Deadline.subject_id == booking.id)
    )
    assert due == slot.starts_at - timedelta(hours=24)

    bookings.remind(session, booking.id)
    assert bookings.to_remind(session, HOUSE) == [booking]
    bookings.cancel(session, booking, reason="Malata")
    bookings.remind(session, booking.id)
    assert bookings.to_remind(session, HOUSE) == []


def test_nobody_is_missing_before_the_time(session: Session, slot: Slot, nina: Person) -> None:
    booking = bookings.book(session, HOUSE, slot.id, nina.id)
    with pytest.raises(Invalid):
        bookings.no_show(session, booking)
    with time_machine.travel(slot.starts_at + timedelta(minutes=20)):
        bookings.no_show(session, booking)
        bookings.kept(session, booking)
    assert booking.state is BookingState.KEPT
    with pytest.raises(WrongState):
        bookings.cancel(session, booking, reason="tardi")


def test_a_time_that_is_over_or_called_off_is_not_booked(
    session: Session, slot: Slot, nina: Person
) -> None:
    with time_machine.travel(slot.starts_at), pytest.raises(Invalid):
        bookings.book(session, HOUSE, slot.id, nina.id)
    calendars.call_off(session, slot)
    with pytest.raises(Invalid):
        bookings.book(session, HOUSE, slot.id, nina.id)
    assert calendars.slots(session, slot.calendar_id) == []


def test_a_time_called_off_leaves_somebody_to_be_told(
    session: Session, slot: Slot, nina: Person, ugo: Person
) -> None:
    first = bookings.book(session, HOUSE, slot.id, nina.id)
    second = bookings.book(session, HOUSE, slot.id, ugo.id, wait=True)
    with pytest.raises(Invalid):
        bookings.call_off(session, slot, reason=" ")

    assert bookings.call_off(session, slot, reason="Operatrice malata") == 2
    assert (slot.offered, slot.taken) == (False, 0)
    assert {first.state, second.state} == {BookingState.CANCELLED}
    assert set(bookings.to_remind(session, HOUSE)) == {first, second}
    bookings.reminded(session, first)
    assert bookings.to_remind(session, HOUSE) == [second]
    with pytest.raises(Invalid):
        bookings.call_off(session, slot, reason="di nuovo")


def test_who_should_have_come_is_asked_about(session: Session, slot: Slot, nina: Person) -> None:
    booking = bookings.book(session, HOUSE, slot.id, nina.id)
    assert booking_lists.untold(session, HOUSE) == []
    with time_machine.travel(slot.starts_at + timedelta(minutes=5)):
        assert booking_lists.untold(session, HOUSE, slot.calendar_id) == [booking]
        assert booking_lists.untold(session, HOUSE, uuid4()) == []
        bookings.no_show(session, booking)
        assert booking_lists.untold(session, HOUSE) == []


def test_two_times_never_overlap(session: Session) -> None:
    calendar = desk(session)
    at = tomorrow()
    calendars.offer(session, calendar, starts_at=at, minutes=30, repeat=4)
    with pytest.raises(Conflict):
        calendars.offer(session, calendar, starts_at=at + timedelta(minutes=110), minutes=30)
    calendars.offer(session, calendar, starts_at=at + timedelta(minutes=120), minutes=30)
    assert len(calendars.slots(session, calendar.id)) == 5


def test_what_a_reserved_person_has_booked_is_not_there_for_others(
    session: Session, slot: Slot
) -> None:
    hidden = people.create(session, family_name="Riservata", restricted=True)
    booking = bookings.book(session, HOUSE, slot.id, hidden.id)

    assert bookings.of_slot(session, slot.id, HOUSE) == []
    with pytest.raises(NotFound):
        bookings.held(session, booking.id, HOUSE)


def test_the_feed_tells_times_and_nobodys_name(session: Session, slot: Slot, nina: Person) -> None:
    bookings.book(session, HOUSE, slot.id, nina.id)
    calendar = calendars.by_feed(session, slot.calendar.feed)
    written = calendars.feed(session, calendar, full="completo", free="occupati")
    (event,) = Feed.from_ical(written).walk("VEVENT")

    assert event["SUMMARY"] == "Colloqui · 1/1 completo"
    assert event.decoded("DTSTART") == slot.starts_at
    assert b"Nina" not in written
    with pytest.raises(NotFound):
        calendars.by_feed(session, "indovinato")


DOES = st.tuples(st.sampled_from(["book", "wait", "cancel"]), st.integers(0, 3))


@given(capacity=st.integers(1, 3), steps=st.lists(DOES, max_size=12))
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_is_booked_and_cancelled_the_count_is_right_and_nobody_waits_for_a_free_place(
    session: Session, capacity: int, steps: list[tuple[str, int]]
) -> None:
    slot = calendars.offer(
        session, desk(session), starts_at=tomorrow(), minutes=30, capacity=capacity
    )[0]
    folk = [people.create(session, family_name=f"Prova{each}") for each in range(4)]
    for what, who in steps:
        mine = bookings.of_person(session, folk[who].id, HOUSE)
        live = [each for each in mine if each.state in bookings.LIVE]
        try:
            if what == "cancel" and live:
                bookings.cancel(session, live[0], reason="prova")
            elif what != "cancel":
                bookings.book(session, HOUSE, slot.id, folk[who].id, wait=what == "wait")
        except Problem:
            pass
        states = [each.state for each in bookings.of_slot(session, slot.id, HOUSE)]
        assert slot.taken == states.count(BookingState.BOOKED) <= capacity
        assert BookingState.WAITING not in states or slot.taken == capacity


@pytest.fixture
def last_place(database: None) -> tuple[UUID, list[UUID]]:
    """A slot with one place, and many who want it."""
    with db.transaction() as session:
        slot = calendars.offer(session, desk(session), starts_at=tomorrow(), minutes=30)[0]
        folk = [people.create(session, family_name=f"Prova {each}").id for each in range(MANY)]
    return slot.id, folk


def test_fifty_want_the_last_place_at_once_and_one_gets_it(
    last_place: tuple[UUID, list[UUID]],
) -> None:
    slot_id, folk = last_place

    def want(person_id: UUID) -> bool:
        try:
            with db.transaction() as session:
                bookings.book(session, HOUSE, slot_id, person_id)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(MANY) as crowd:
        got = list(crowd.map(want, folk))

    assert got.count(True) == 1
    with db.transaction() as session:
        assert db.get(session, Slot, slot_id).taken == 1
        assert session.scalar(select(func.count(Booking.id))) == 1


def test_over_the_wire_a_key_books_once(
    last_place: tuple[UUID, list[UUID]], signed_in: Callable[..., TestClient]
) -> None:
    slot_id, folk = last_place
    anna = signed_in("anna", Role.OPERATOR)
    key = {"Idempotency-Key": str(uuid4())}

    def book(person_id: UUID, **headers: str) -> Any:
        body = {"person_id": str(person_id)}
        return anna.post(f"/api/v1/slots/{slot_id}/bookings", json=body, headers=headers)

    first, again, late = book(folk[0], **key), book(folk[0], **key), book(folk[1])
    assert (first.status_code, again.json()["id"]) == (201, first.json()["id"])
    assert late.status_code == 409
    gone = anna.post(f"/api/v1/bookings/{first.json()['id']}/cancel", json={"reason": "no"})
    assert gone.json()["state"] == "cancelled"
    assert book(folk[1]).status_code == 201

    mine = {"person_id": str(folk[1])}
    listed = anna.get("/api/v1/bookings", params=mine).json()
    assert [each["state"] for each in listed["items"]] == ["booked"]
    newest = anna.get("/api/v1/bookings", params={"limit": 1}).json()
    older = anna.get("/api/v1/bookings", params={"limit": 1, "after": newest["next"]}).json()
    assert [each["id"] for each in older["items"]] == [first.json()["id"]]
    off = {"reason": "chiuso"}
    assert anna.post(f"/api/v1/slots/{slot_id}/call-off", json=off).status_code == 403
    sara = signed_in("sara", Role.SOCIAL_WORKER, name="Sara Esempio")
    assert sara.post(f"/api/v1/slots/{slot_id}/call-off", json=off).json() == {"to_tell": 1}
    told = sara.get("/api/v1/bookings?to_tell=true&state=cancelled").json()["items"]
    assert [each["person_id"] for each in told] == [str(folk[1])]
    one = sara.get(f"/api/v1/bookings/{told[0]['id']}").json()
    assert one["reason"] == "chiuso"
    assert sara.get(f"/api/v1/bookings/{uuid4()}").status_code == 404
