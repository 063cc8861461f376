"""What the staff are qualified for: registers and courses, from when until when (REQ 44)."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import codes, journal
from registry.access import Actor
from registry.codes import CodeList
from registry.kit import clock
from registry.kit.db import Base, Id
from registry.kit.errors import Conflict, Invalid
from registry.kit.settings import settings
from registry.staff import Staff

LONGEST_NUMBER = 60  # characters of a register's number
# A course is booked in time when its end is known this long before.
ENDS_SOON = timedelta(days=60)


@dataclass(frozen=True, kw_only=True)
class QualificationRecorded(journal.Event):
    qualification_id: UUID
    staff_id: UUID
    code: str


@dataclass(frozen=True, kw_only=True)
class QualificationEnded(journal.Event):
    qualification_id: UUID
    staff_id: UUID
    code: str


class Qualification(Base):
    """One of them; the days are the first and the last on which it is good."""

    __tablename__ = "qualifications"
    __table_args__ = (CheckConstraint("until >= since", name="qualification_ends_after_it_begins"),)

    id: Mapped[Id]
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff.id"), index=True)
    # Of the coded list of qualifications.
    code: Mapped[str]
    # In the professional register, or of the certificate.
    number: Mapped[str] = mapped_column(default="")
    since: Mapped[date]
    until: Mapped[date | None]
    recorded_at: Mapped[datetime] = mapped_column(default=clock.now)
    recorded_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))

    def is_good(self, on: date) -> bool:
        return self.since <= on and (self.until is None or self.until >= on)

    def ends_soon(self, on: date) -> bool:
        return self.until is not None and on <= self.until < on + ENDS_SOON


def record(
    session: Session,
    person: Staff,
    actor: Actor,
    *,
    code: str,
    number: str = "",
    since: date,
    until: date | None = None,
) -> Qualification:
    """Raises Invalid for what cannot be, Conflict where one of the kind is good already."""
    codes.check(session, CodeList.QUALIFICATION, [code], clock.now().date())
    if not code:
        raise Invalid("Choose a qualification", field="qualification")
    if until is not None and until < since:
        raise Invalid("It ends before it begins", field="until")
    known = [each for each in of(session, person.id) if each.code == code]
    if any(_together(each, since, until) for each in known):
        raise Conflict("This qualification is there already: end it first", field="qualification")
    made = Qualification(
        staff_id=person.id,
        code=code,
        number=number.strip()[:LONGEST_NUMBER],
        since=since,
        until=until,
        recorded_by=actor.staff_id,
    )
    session.add(made)
    session.flush()
    journal.record(
        session, QualificationRecorded(qualification_id=made.id, staff_id=person.id, code=code)
    )
    return made


def _together(one: Qualification, since: date, until: date | None) -> bool:
    """Whether both are good on some day."""
    return (one.until is None or since <= one.until) and (until is None or one.since <= until)


def end(session: Session, ended: Qualification) -> None:
    """It was good until yesterday: struck off, or renewed under another number."""
    today = clock.now().date()
    if not ended.is_good(today):
        raise Conflict("This qualification has ended already")
    ended.until = max(ended.since, today - timedelta(days=1))
    if ended.since == today:
        session.delete(ended)
    session.flush()
    journal.record(
        session,
        QualificationEnded(qualification_id=ended.id, staff_id=ended.staff_id, code=ended.code),
    )


def of(session: Session, staff_id: UUID) -> list[Qualification]:
    """All of them, the latest first."""
    wanted = select(Qualification).where(Qualification.staff_id == staff_id)
    order = Qualification.since.desc(), Qualification.id.desc()
    return list(session.scalars(wanted.order_by(*order)))


def ending(session: Session, staff_ids: Collection[UUID]) -> dict[UUID, list[Qualification]]:
    """Whose last of a kind has ended, or ends soon, and was not renewed."""
    today = clock.now().date()
    wanted = select(Qualification).where(Qualification.staff_id.in_(staff_ids))
    latest: dict[tuple[UUID, str], Qualification] = {}
    for each in session.scalars(wanted.order_by(Qualification.since, Qualification.id)):
        latest[each.staff_id, each.code] = each
    found = defaultdict[UUID, list[Qualification]](list)
    for each in latest.values():
        if each.until is not None and each.until < today + ENDS_SOON:
            found[each.staff_id].append(each)
    return dict(found)


def may_follow(session: Session, staff_ids: Collection[UUID]) -> set[UUID]:
    """Of these the ones whom the rule of this house lets follow a case; without a rule, all."""
    needed = [each.strip() for each in settings().qualified_to_follow.split(",") if each.strip()]
    if not needed:
        return set(staff_ids)
    today = clock.now().date()
    good = select(Qualification.staff_id).where(
        Qualification.staff_id.in_(staff_ids),
        Qualification.code.in_(needed),
        Qualification.since <= today,
        or_(Qualification.until.is_(None), Qualification.until >= today),
    )
    return set(session.scalars(good))
