"""A booking: a place in a slot for a person, kept by an operator or a waiting list (REQ 12)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Select, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import access, calendars, deadlines, journal
from registry.access import Actor
from registry.calendars import Slot
from registry.kit import clock
from registry.kit.db import Base, Id, locked
from registry.kit.errors import Conflict, Invalid, NotFound
from registry.kit.states import move
from registry.people import Person

REMIND_BEFORE = timedelta(hours=24)
REMIND = "registry.booking_reminder"


class BookingState(StrEnum):
    BOOKED = "booked"
    WAITING = "waiting"
    CANCELLED = "cancelled"
    KEPT = "kept"
    NO_SHOW = "no_show"


STEPS = {
    BookingState.WAITING: {BookingState.BOOKED, BookingState.CANCELLED},
    BookingState.BOOKED: {BookingState.CANCELLED, BookingState.KEPT, BookingState.NO_SHOW},
    BookingState.CANCELLED: set[BookingState](),
    BookingState.KEPT: set[BookingState](),
    BookingState.NO_SHOW: {BookingState.KEPT},
}
HOLDS = (BookingState.BOOKED, BookingState.KEPT, BookingState.NO_SHOW)
LIVE = (BookingState.BOOKED, BookingState.WAITING)


@dataclass(frozen=True, kw_only=True)
class BookingMade(journal.Event):
    booking_id: UUID
    state: str


@dataclass(frozen=True, kw_only=True)
class BookingMovedUp(journal.Event):
    """Somebody cancelled, and the first who waited has the place."""

    booking_id: UUID


@dataclass(frozen=True, kw_only=True)
class BookingEnded(journal.Event):
    booking_id: UUID
    state: str


@dataclass(frozen=True, kw_only=True)
class ReminderDue(journal.Event):
    booking_id: UUID


@dataclass(frozen=True, kw_only=True)
class ReminderGiven(journal.Event):
    booking_id: UUID


class Booking(Base):
    """`remind_since`: somebody is to be told of it, or that it is called off, and nobody has."""

    __tablename__ = "bookings"
    __table_args__ = (
        # Whoever has a place or waits for one in a slot, has and waits once.
        Index(
            "ix_bookings_once",
            "slot_id",
            "person_id",
            unique=True,
            postgresql_where=text("state IN ('booked', 'waiting')"),
        ),
        Index(
            "ix_bookings_remind", "remind_since", postgresql_where=text("remind_since IS NOT NULL")
        ),
        CheckConstraint("(state = 'cancelled') = (reason IS NOT NULL)", name="why_cancelled"),
    )

    id: Mapped[Id]
    slot_id: Mapped[UUID] = mapped_column(ForeignKey("slots.id"), index=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), index=True)
    request_id: Mapped[UUID | None] = mapped_column(ForeignKey("requests.id"), index=True)
    state: Mapped[BookingState]
    made_at: Mapped[datetime] = mapped_column(default=clock.now)
    made_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))
    ended_at: Mapped[datetime | None]
    reason: Mapped[str | None]
    remind_since: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]


def book(
    session: Session,
    actor: Actor,
    slot_id: UUID,
    person_id: UUID,
    *,
    request_id: UUID | None = None,
    wait: bool = False,
    id_: UUID | None = None,
) -> Booking:
    """A place for the person; with `wait`, a place in the queue when there is none.

    The slot's row is held, so that of many who want the last place one gets it. Raises Conflict
    when the slot is full or the person has it already, Invalid when it is over or called off.
    """
    slot = locked(session, Slot, slot_id)
    if not slot.offered or slot.starts_at <= clock.now():
        raise Invalid("This time is over or no longer offered. Choose another", field="slot")
    if _live(session, slot.id, person_id) is not None:
        raise Conflict("This person already has this appointment, or waits for it")
    full = slot.taken >= slot.capacity
    if full and not wait:
        raise Conflict("The last place has just been taken. Choose another time, or let them wait")
    booking = Booking(
        slot_id=slot.id,
        person_id=person_id,
        request_id=request_id,
        state=BookingState.WAITING if full else BookingState.BOOKED,
        made_by=actor.staff_id,
    )
    if id_ is not None:
        booking.id = id_
    session.add(booking)
    if not full:
        slot.taken += 1
    session.flush()
    if not full:
        _will_remind(session, booking, slot)
    journal.record(
        session,
        BookingMade(person_id=person_id, booking_id=booking.id, state=booking.state),
    )
    return booking


def _live(session: Session, slot_id: UUID, person_id: UUID) -> Booking | None:
    wanted = select(Booking).where(
        Booking.slot_id == slot_id, Booking.person_id == person_id, Booking.state.in_(LIVE)
    )
    return session.scalar(wanted)


def _will_remind(session: Session, booking: Booking, slot: Slot) -> None:
    due = slot.starts_at - REMIND_BEFORE
    if due > clock.now():
        deadlines.set_(session, REMIND, booking.id, due)


def cancel(session: Session, booking: Booking, *, reason: str) -> None:
    """The place goes to the first who waits."""
    reason = reason.strip()
    if not reason:
        raise Invalid("Write it in a few words", field="reason")
    slot = locked(session, Slot, booking.slot_id)
    had = booking.state is BookingState.BOOKED
    move(booking, BookingState.CANCELLED, STEPS)
    booking.reason = reason
    _ended(session, booking)
    if had:
        slot.taken -= 1
        session.flush()
        _move_up(session, slot)


def _move_up(session: Session, slot: Slot) -> None:
    if slot.starts_at <= clock.now() or not slot.offered:
        return
    wanted = (
        select(Booking)
        .where(Booking.slot_id == slot.id, Booking.state == BookingState.WAITING)
        .order_by(Booking.made_at, Booking.id)
        .limit(1)
        .with_for_update()
    )
    first = session.scalar(wanted)
    if first is None:
        return
    move(first, BookingState.BOOKED, STEPS)
    slot.taken += 1
    # They do not know yet: telling them is the next thing to do.
    first.remind_since = clock.now()
    session.flush()
    journal.record(session, BookingMovedUp(person_id=first.person_id, booking_id=first.id))


def call_off(session: Session, slot: Slot, *, reason: str) -> int:
    """The service cannot keep this time; how many lose it, each of whom is to be told.

    The caller holds the slot. Raises Invalid once it has begun.
    """
    if not slot.offered or slot.starts_at <= clock.now():
        raise Invalid("This time is over or no longer offered. Choose another", field="slot")
    if not reason.strip():
        raise Invalid("Write it in a few words", field="reason")
    calendars.call_off(session, slot)
    wanted = select(Booking).where(Booking.slot_id == slot.id, Booking.state.in_(LIVE))
    lost = list(session.scalars(wanted.order_by(Booking.made_at, Booking.id).with_for_update()))
    for booking in lost:
        move(booking, BookingState.CANCELLED, STEPS)
        booking.reason = reason.strip()
        _ended(session, booking)
        booking.remind_since = clock.now()
    slot.taken = 0
    session.flush()
    return len(lost)


def kept(session: Session, booking: Booking) -> None:
    """The person came."""
    move(booking, BookingState.KEPT, STEPS)
    _ended(session, booking)


def no_show(session: Session, booking: Booking) -> None:
    """The person did not come. Raises Invalid before the time."""
    slot = locked(session, Slot, booking.slot_id)
    if slot.starts_at > clock.now():
        raise Invalid("The appointment has not begun yet")
    move(booking, BookingState.NO_SHOW, STEPS)
    _ended(session, booking)


def _ended(session: Session, booking: Booking) -> None:
    booking.ended_at = clock.now()
    booking.remind_since = None
    deadlines.cancel(session, REMIND, booking.id)
    session.flush()
    journal.record(
        session,
        BookingEnded(person_id=booking.person_id, booking_id=booking.id, state=booking.state),
    )


def remind(session: Session, booking_id: UUID) -> None:
    """Kept by the sweeper a day before: somebody is to call or write to the person."""
    booking = locked(session, Booking, booking_id)
    if booking.state is not BookingState.BOOKED or booking.reminded_at is not None:
        return
    booking.remind_since = clock.now()
    session.flush()
    journal.record(session, ReminderDue(person_id=booking.person_id, booking_id=booking.id))


def reminded(session: Session, booking: Booking) -> None:
    """Somebody told the person of the appointment."""
    booking.remind_since, booking.reminded_at = None, clock.now()
    deadlines.cancel(session, REMIND, booking.id)
    session.flush()
    journal.record(session, ReminderGiven(person_id=booking.person_id, booking_id=booking.id))


def held(session: Session, booking_id: UUID, actor: Actor) -> Booking:
    """The booking, held; NotFound also when the actor may not know of the person.

    The slot is held first, as everywhere: two who cancel and book do not wait for each other.
    """
    slot_id = session.scalar(select(Booking.slot_id).where(Booking.id == booking_id))
    if slot_id is not None:
        locked(session, Slot, slot_id)
    wanted = visible(actor).where(Booking.id == booking_id).with_for_update(of=Booking)
    booking = session.scalar(wanted.execution_options(populate_existing=True))
    if booking is None:
        raise NotFound("There is no such %(thing)s", thing="booking")
    return booking


def of_slot(session: Session, slot_id: UUID, actor: Actor) -> list[Booking]:
    """Those who come, then those who wait, in the order in which they asked."""
    wanted = visible(actor).where(
        Booking.slot_id == slot_id, Booking.state != BookingState.CANCELLED
    )
    found = list(session.scalars(wanted.order_by(Booking.made_at, Booking.id)))
    return sorted(found, key=lambda each: each.state is BookingState.WAITING)


def of_person(session: Session, person_id: UUID, actor: Actor) -> list[Booking]:
    """Newest first."""
    wanted = visible(actor).where(Booking.person_id == person_id)
    return list(session.scalars(wanted.order_by(Booking.made_at.desc())))


def of_request(session: Session, request_id: UUID, actor: Actor) -> list[Booking]:
    """Made while the request was dealt with, oldest first."""
    wanted = visible(actor).where(Booking.request_id == request_id)
    return list(session.scalars(wanted.order_by(Booking.made_at)))


def to_remind(session: Session, actor: Actor) -> list[Booking]:
    """Reminders that somebody has to give, the oldest first."""
    wanted = visible(actor).where(Booking.remind_since.is_not(None))
    return list(session.scalars(wanted.order_by(Booking.remind_since)))


def waiting(session: Session, slot_id: UUID) -> int:
    wanted = select(func.count(Booking.id)).where(
        Booking.slot_id == slot_id, Booking.state == BookingState.WAITING
    )
    return session.scalar(wanted) or 0


def visible(actor: Actor) -> Select[Booking]:
    """Of those whom the actor may know of."""
    known = access.visible(select(Person.id), Person.restricted, actor)
    return select(Booking).where(Booking.person_id.in_(known))
