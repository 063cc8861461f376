"""Lists of bookings: whom nobody has asked about, and all of them a page at a time."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from registry import bookings
from registry.access import Actor
from registry.bookings import Booking, BookingState
from registry.calendars import Slot
from registry.kit import clock
from registry.kit.errors import NotFound

SHOWN = 100


def untold(session: Session, actor: Actor, calendar_id: UUID | None = None) -> list[Booking]:
    """Whose time has begun and of whom nobody has said whether they came, the oldest first."""
    wanted = (
        bookings.visible(actor)
        .join(Slot, Slot.id == Booking.slot_id)
        .where(Booking.state == BookingState.BOOKED, Slot.starts_at <= clock.now())
    )
    if calendar_id is not None:
        wanted = wanted.where(Slot.calendar_id == calendar_id)
    return list(session.scalars(wanted.order_by(Slot.starts_at, Booking.id).limit(SHOWN)))


def expected(session: Session, actor: Actor, until: datetime) -> list[Booking]:
    """Who has a place and comes between now and `until`, the next first."""
    wanted = (
        bookings.visible(actor)
        .join(Slot, Slot.id == Booking.slot_id)
        .where(
            Booking.state == BookingState.BOOKED,
            Slot.starts_at > clock.now(),
            Slot.starts_at < until,
        )
    )
    return list(session.scalars(wanted.order_by(Slot.starts_at, Booking.id).limit(SHOWN)))


def listed(
    session: Session,
    actor: Actor,
    *,
    states: Iterable[BookingState] = (),
    person_id: UUID | None = None,
    to_tell: bool = False,
    after: UUID | None = None,
    limit: int = 50,
) -> list[Booking]:
    """Newest first, those after the booking `after` in that order."""
    wanted = bookings.visible(actor).order_by(Booking.id.desc()).limit(limit)
    if chosen := list(states):
        wanted = wanted.where(Booking.state.in_(chosen))
    if person_id is not None:
        wanted = wanted.where(Booking.person_id == person_id)
    if to_tell:
        wanted = wanted.where(Booking.remind_since.is_not(None))
    if after is not None:
        wanted = wanted.where(Booking.id < after)
    return list(session.scalars(wanted))


def read(session: Session, booking_id: UUID, actor: Actor) -> Booking:
    """NotFound also when the actor may not know of the person."""
    booking = session.scalar(bookings.visible(actor).where(Booking.id == booking_id))
    if booking is None:
        raise NotFound("There is no such %(thing)s", thing="booking")
    return booking
