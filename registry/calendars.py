"""A calendar of a service: the times at which people can come, and how many at once."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from icalendar import Calendar as Feed
from icalendar import Event as Line
from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from registry import journal
from registry.directory import Service
from registry.kit import clock
from registry.kit.db import Base, Id, get
from registry.kit.errors import Conflict, Invalid, NotFound

SHORTEST, LONGEST = timedelta(minutes=5), timedelta(hours=12)
MOST = 500  # places in one slot, slots at once
KEPT_BACK = timedelta(days=30)  # of the past in the feed


@dataclass(frozen=True, kw_only=True)
class CalendarOpened(journal.Event):
    calendar_id: UUID


@dataclass(frozen=True, kw_only=True)
class SlotsOffered(journal.Event):
    calendar_id: UUID
    slots: int


@dataclass(frozen=True, kw_only=True)
class SlotCalledOff(journal.Event):
    slot_id: UUID


class Calendar(Base):
    """`feed` is the secret end of the address under which other programs read it."""

    __tablename__ = "calendars"

    id: Mapped[Id]
    service_id: Mapped[UUID] = mapped_column(ForeignKey("services.id"), index=True)
    name: Mapped[str]
    place: Mapped[str] = mapped_column(default="")
    feed: Mapped[str] = mapped_column(unique=True, default=lambda: secrets.token_urlsafe(24))

    service: Mapped[Service] = relationship(lazy="joined", innerjoin=True)


class Slot(Base):
    """One time. `taken` is kept with the bookings, under the lock of this row."""

    __tablename__ = "slots"
    __table_args__ = (
        UniqueConstraint("calendar_id", "starts_at"),
        CheckConstraint("taken >= 0 AND taken <= capacity", name="never_more_than_there_is_room"),
        CheckConstraint("ends_at > starts_at", name="slot_ends_after_it_begins"),
    )

    id: Mapped[Id]
    calendar_id: Mapped[UUID] = mapped_column(ForeignKey("calendars.id"))
    starts_at: Mapped[datetime] = mapped_column(index=True)
    ends_at: Mapped[datetime]
    capacity: Mapped[int]
    taken: Mapped[int] = mapped_column(default=0)
    offered: Mapped[bool] = mapped_column(default=True)

    calendar: Mapped[Calendar] = relationship(lazy="joined", innerjoin=True)

    @property
    def free(self) -> int:
        return self.capacity - self.taken


def open_(session: Session, service: Service, *, name: str, place: str = "") -> Calendar:
    name = name.strip()
    if not name:
        raise Invalid("Write the name", field="name")
    calendar = Calendar(service_id=service.id, service=service, name=name, place=place.strip())
    session.add(calendar)
    session.flush()
    journal.record(session, CalendarOpened(calendar_id=calendar.id))
    return calendar


def offer(
    session: Session,
    calendar: Calendar,
    *,
    starts_at: datetime,
    minutes: int,
    capacity: int = 1,
    repeat: int = 1,
) -> list[Slot]:
    """`repeat` slots of so many minutes, one after the other. Raises Conflict for a time twice."""
    length = timedelta(minutes=minutes)
    if not SHORTEST <= length <= LONGEST:
        raise Invalid("A time lasts from 5 minutes to 12 hours", field="minutes")
    if not 1 <= capacity <= MOST or not 1 <= repeat <= MOST:
        raise Invalid("At least one place, at most 500", field="capacity")
    starts = [starts_at + at * length for at in range(repeat)]
    wanted = select(Slot.id).where(
        Slot.calendar_id == calendar.id,
        Slot.starts_at < starts[-1] + length,
        Slot.ends_at > starts[0],
        Slot.offered,
    )
    # Two who offer at once do it one after the other.
    session.refresh(calendar, with_for_update={"of": Calendar})
    if session.scalars(wanted.limit(1)).first() is not None:
        raise Conflict("There is already a time then", field="starts_at")
    slots = [
        Slot(calendar_id=calendar.id, starts_at=at, ends_at=at + length, capacity=capacity)
        for at in starts
    ]
    session.add_all(slots)
    session.flush()
    journal.record(session, SlotsOffered(calendar_id=calendar.id, slots=len(slots)))
    return slots


def call_off(session: Session, slot: Slot) -> None:
    """No longer offered; those who had it are still there, to be told."""
    slot.offered = False
    session.flush()
    journal.record(session, SlotCalledOff(slot_id=slot.id))


def all_(session: Session) -> list[Calendar]:
    return list(session.scalars(select(Calendar).order_by(Calendar.name, Calendar.id)))


def of_service(session: Session, service_id: UUID) -> list[Calendar]:
    wanted = select(Calendar).where(Calendar.service_id == service_id).order_by(Calendar.name)
    return list(session.scalars(wanted))


def read(session: Session, calendar_id: UUID) -> Calendar:
    return get(session, Calendar, calendar_id)


def by_feed(session: Session, feed: str) -> Calendar:
    """The calendar whose secret address this is."""
    found = session.scalar(select(Calendar).where(Calendar.feed == feed))
    if found is None:
        raise NotFound("There is no such %(thing)s", thing="calendar")
    return found


def slots(
    session: Session, calendar_id: UUID, *, since: datetime | None = None, limit: int = 60
) -> list[Slot]:
    """Those offered from now (or `since`) on, the next first."""
    wanted = select(Slot).where(
        Slot.calendar_id == calendar_id,
        Slot.starts_at > (since or clock.now()),
        Slot.offered,
    )
    return list(session.scalars(wanted.order_by(Slot.starts_at).limit(limit)))


def feed(session: Session, calendar: Calendar, *, full: str, free: str) -> bytes:
    """The times as iCalendar (RFC 5545), with how many places are taken and nobody's name."""
    made = Feed()
    made.add("prodid", "-//Centrale//Calendar//IT")
    made.add("version", "2.0")
    made.add("name", calendar.name)
    made.add("x-wr-calname", calendar.name)
    for slot in slots(session, calendar.id, since=clock.now() - KEPT_BACK, limit=MOST):
        line = Line()
        line.add("uid", f"{slot.id}@centrale")
        line.add("dtstamp", clock.now())
        line.add("dtstart", slot.starts_at)
        line.add("dtend", slot.ends_at)
        count = f"{slot.taken}/{slot.capacity}"
        line.add("summary", f"{calendar.name} · {count} {free if slot.free else full}")
        line.add("location", calendar.place)
        line.add("transp", "TRANSPARENT" if slot.free else "OPAQUE")
        made.add_component(line)
    written: bytes = made.to_ical()
    return written
