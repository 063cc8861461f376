"""Whether a file is still needed: a legal hold keeps it, or something on it that is going on."""

from collections.abc import Callable
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from registry.bookings import LIVE as BOOKED
from registry.bookings import Booking
from registry.calendars import Slot
from registry.case_holds import Hold
from registry.case_states import LIVE
from registry.cases import Case
from registry.kit import clock
from registry.people import Person
from registry.request_states import STEPS
from registry.requests import Request

UNANSWERED = [state for state, then in STEPS.items() if then]

# What other packages know of, as conditions on Person: filled by webconsole/wiring.py.
MORE: list[Callable[[], ColumnElement[bool]]] = []


def needed() -> ColumnElement[bool]:
    """A condition on Person, whatever the years of a rule say."""
    return or_(_held(), _going_on(), *(each() for each in MORE))


def is_(session: Session, person_id: UUID) -> bool:
    """The same of one file, asked again before it is given away or erased."""
    wanted = select(Person.id).where(Person.id == person_id, needed())
    return session.scalar(wanted) is not None


def _held() -> ColumnElement[bool]:
    wanted = select(Hold.id).join(Case, Case.id == Hold.case_id)
    return wanted.where(Case.person_id == Person.id, Hold.until.is_(None)).exists()


def _going_on() -> ColumnElement[bool]:
    """A live case, a request nobody has answered yet, an appointment to come."""
    case = select(Case.id).where(Case.person_id == Person.id, Case.state.in_(LIVE))
    asked = select(Request.id).where(
        or_(Request.person_id == Person.id, Request.applicant_id == Person.id),
        Request.state.in_(UNANSWERED),
    )
    comes = (
        select(Booking.id)
        .join(Slot, Slot.id == Booking.slot_id)
        .where(
            Booking.person_id == Person.id,
            Booking.state.in_(BOOKED),
            Slot.ends_at > clock.now(),
        )
    )
    return or_(case.exists(), asked.exists(), comes.exists())
