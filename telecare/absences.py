"""An absence: somebody is in hospital or on holiday, so that the silence of a home is no fault."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import journal
from registry.kit import clock
from registry.kit.db import Base, Id
from registry.kit.errors import Invalid
from registry.people import Person
from telecare import devices, faults
from telecare.protocols.base import Kind


class Reason(StrEnum):
    HOSPITAL = "hospital"
    HOLIDAY = "holiday"
    FAMILY = "family"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True)
class AbsenceDeclared(journal.Event):
    absence_id: UUID


@dataclass(frozen=True, kw_only=True)
class AbsenceEnded(journal.Event):
    absence_id: UUID


class Absence(Base):
    """It hushes technical supervision only: a pressed button is an alarm on any day."""

    __tablename__ = "absences"
    __table_args__ = (Index("ix_absences_person", "person_id", "begins_at"),)

    id: Mapped[Id]
    person_id: Mapped[UUID] = mapped_column(ForeignKey(Person.id))
    reason: Mapped[Reason]
    begins_at: Mapped[datetime] = mapped_column(default=clock.now)
    # None: nobody knows yet when they come back.
    ends_at: Mapped[datetime | None]
    declared_by: Mapped[UUID | None]


def declare(
    session: Session,
    person: Person,
    *,
    reason: Reason,
    begins_at: datetime | None = None,
    ends_at: datetime | None = None,
    by: UUID | None = None,
) -> Absence:
    """Raises Invalid when it would end before it begins."""
    begins_at = begins_at or clock.now()
    if ends_at is not None and ends_at <= begins_at:
        raise Invalid("The absence would end before it begins", field="ends_at")
    absence = Absence(
        person_id=person.id, reason=reason, begins_at=begins_at, ends_at=ends_at, declared_by=by
    )
    session.add(absence)
    session.flush()
    journal.record(session, AbsenceDeclared(absence_id=absence.id, person_id=person.id))
    if begins_at <= clock.now() and (ends_at is None or ends_at > clock.now()):
        _hush(session, person.id)
    return absence


def _hush(session: Session, person_id: UUID) -> None:
    """Units that fell silent before anybody told us are no fault either, until the return."""
    silent = [each for each in devices.of_person(session, person_id) if each.silent_since]
    for device in silent:
        device.silent_since = None
        device.silent_at = clock.now() if device.heartbeat_s else None
    session.flush()
    faults.keep(session, Kind.SILENT, set(), {each.id for each in silent})


def end(session: Session, absence: Absence) -> None:
    """They are back; an absence that is over already stays as it was."""
    now = clock.now()
    if absence.ends_at is not None and absence.ends_at <= now:
        return
    absence.ends_at = max(now, absence.begins_at)
    for device in devices.of_person(session, absence.person_id):
        if device.silent_at is not None:
            fresh = devices.silent_at(device.heartbeat_s, now)
            device.silent_at = min(device.silent_at, fresh or device.silent_at)
        if device.test_due_at is not None:
            device.test_due_at = min(device.test_due_at, now)
    journal.record(session, AbsenceEnded(absence_id=absence.id, person_id=absence.person_id))


def of_person(session: Session, person_id: UUID, limit: int = 50) -> list[Absence]:
    """The latest first."""
    wanted = select(Absence).where(Absence.person_id == person_id)
    return list(session.scalars(wanted.order_by(Absence.begins_at.desc()).limit(limit)))


def now_away(session: Session, people: set[UUID]) -> dict[UUID, datetime | None]:
    """Who of these is away now, and until when if that is known."""
    now = clock.now()
    wanted = select(Absence.person_id, Absence.ends_at).where(
        Absence.person_id.in_(people),
        Absence.begins_at <= now,
        or_(Absence.ends_at.is_(None), Absence.ends_at > now),
    )
    away: dict[UUID, datetime | None] = {}
    for person_id, ends_at in session.execute(wanted):
        known = away.get(person_id, ends_at)
        away[person_id] = None if ends_at is None or known is None else max(ends_at, known)
    return away
