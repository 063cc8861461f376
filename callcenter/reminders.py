"""Reminders of appointments by text: where it is safe and wanted; elsewhere somebody calls.

The words tell the day and the hour, and whom to call. They name neither the person nor the
service: whoever else reads the telephone learns nothing more.
"""

from uuid import UUID

import phonenumbers
from babel.dates import format_datetime
from sqlalchemy.orm import Session

from callcenter import lines, texts
from callcenter.lines import ROME, Line
from callcenter.texts import TextSent
from registry import bookings
from registry.bookings import Booking, BookingState, ReminderDue
from registry.calendars import Slot
from registry.journal import Event
from registry.kit import clock, i18n
from registry.kit.db import get, locked
from registry.kit.phone import spoken
from registry.people import Person, Phone

PURPOSE = "booking_reminder"
MOBILE = {
    phonenumbers.PhoneNumberType.MOBILE,
    phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
}


def due(session: Session, event: Event) -> None:
    """A listener: the reminder is due. With no safe number it stays on the list to be called."""
    if not isinstance(event, ReminderDue):
        return
    booking = get(session, Booking, event.booking_id)
    line = lines.default(session)
    slot = get(session, Slot, booking.slot_id)
    # Read long after: somebody has called meanwhile, or it is over.
    late = booking.remind_since is None or slot.starts_at <= clock.now()
    if booking.state is not BookingState.BOOKED or late or line is None:
        return
    person = get(session, Person, booking.person_id)
    phone = safe_phone(session, person)
    if phone is not None:
        texts.want(
            session,
            purpose=PURPOSE,
            subject_id=booking.id,
            person_id=person.id,
            line=line,
            number=phone.number,
            body=words(slot, line, person.language),
        )


def safe_phone(session: Session, person: Person) -> Phone | None:
    """The first mobile to which a text may go now; None for reserved people and who wants none."""
    if person.restricted:
        return None
    for phone in person.phones:
        kind = phonenumbers.number_type(phonenumbers.parse(phone.number))
        if kind in MOBILE and texts.may_go(session, person.id, phone.number):
            return phone
    return None


def words(slot: Slot, line: Line, language: str) -> str:
    """The text, in Italian or in English."""
    chosen = language if language in i18n.LANGUAGES else i18n.LANGUAGES[1]
    say = i18n.catalogue(chosen).gettext
    at = format_datetime(slot.starts_at, "EEEE d MMMM, HH:mm", tzinfo=ROME, locale=chosen)
    return say(
        "We remind you of your appointment: %(at)s. To cancel it, or to get no more texts, "
        "call %(number)s."
    ) % {"at": at, "number": spoken(line.number)}


def sent(session: Session, event: Event) -> None:
    """A listener: it went out, so nobody has to call."""
    if isinstance(event, TextSent) and event.purpose == PURPOSE:
        _given(session, event.subject_id)


def _given(session: Session, booking_id: UUID) -> None:
    booking = locked(session, Booking, booking_id)
    if booking.state is BookingState.BOOKED and booking.remind_since is not None:
        bookings.reminded(session, booking)
