"""Who follows a case: one case manager, perhaps a deputy, and the note with which it changes hands.

Nothing is reassigned in silence (REQ 40, 67): a change says why, and the new one says "seen".
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, any_, literal, or_, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import access, cases, journal, qualifications
from registry.access import Actor, Right, Role
from registry.cases import Case
from registry.kit import clock
from registry.kit.db import Base, Id
from registry.kit.errors import Invalid, NotAllowed, NotFound
from registry.kit.sealed import Sealed
from registry.staff import Staff

# Professions that follow a case (REQ 44).
FOLLOWING = frozenset({Role.SOCIAL_WORKER, Role.COORDINATOR})


class Part(StrEnum):
    MANAGER = "manager"
    DEPUTY = "deputy"


@dataclass(frozen=True, kw_only=True)
class CaseAssigned(journal.Event):
    assignment_id: UUID
    staff_id: UUID
    part: str


@dataclass(frozen=True, kw_only=True)
class CaseLeft(journal.Event):
    assignment_id: UUID
    staff_id: UUID
    part: str


class Assignment(Base):
    """From when to when somebody was manager or deputy; the archive itself keeps it to one each."""

    __tablename__ = "case_assignments"
    __table_args__ = (
        Index(
            "ix_case_assignments_one",
            "case_id",
            "part",
            unique=True,
            postgresql_where=text("until IS NULL"),
        ),
        Index("ix_case_assignments_staff", "staff_id", postgresql_where=text("until IS NULL")),
    )

    id: Mapped[Id]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff.id"))
    part: Mapped[Part]
    since: Mapped[datetime] = mapped_column(default=clock.now)
    until: Mapped[datetime | None]
    given_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))
    sealed_note: Mapped[bytes | None] = mapped_column("note", Sealed("case_assignments.note"))
    # When the new one opened the case.
    seen_at: Mapped[datetime | None]

    @property
    def note(self) -> str:
        return (self.sealed_note or b"").decode()


def assign(
    session: Session, case: Case, actor: Actor, staff_id: UUID, *, part: Part, note: str = ""
) -> Assignment:
    """Give the case to somebody; the caller holds it. A manager who replaces another gets a note.

    Raises NotAllowed when the actor does not follow the case, Invalid when the other cannot.
    """
    cases.must_be_live(case)
    now = current(session, case.id)
    require(actor, now)
    before, other = now.get(part), now.get(_other(part))
    if before is not None and before.staff_id == staff_id:
        raise Invalid("This colleague follows the case already", field="staff_id")
    if part is Part.MANAGER and before is not None and not note.strip():
        raise Invalid("Write what whoever takes over must know", field="note")
    if part is Part.DEPUTY and other is not None and other.staff_id == staff_id:
        raise Invalid("The deputy is somebody else than the case manager", field="staff_id")
    _must_be_able(session, case, staff_id)
    for ended in (before, other if other is not None and other.staff_id == staff_id else None):
        if ended is not None:
            _end(session, case, ended)
    made = Assignment(
        case_id=case.id,
        staff_id=staff_id,
        part=part,
        given_by=actor.staff_id,
        sealed_note=note.strip().encode() or None,
        seen_at=clock.now() if staff_id == actor.staff_id else None,
    )
    session.add(made)
    case.version += 1
    session.flush()
    journal.record(
        session,
        CaseAssigned(
            case_id=case.id,
            person_id=case.person_id,
            assignment_id=made.id,
            staff_id=staff_id,
            part=part,
        ),
    )
    return made


def _other(part: Part) -> Part:
    return Part.DEPUTY if part is Part.MANAGER else Part.MANAGER


def require(actor: Actor, now: dict[Part, Assignment]) -> None:
    """Whoever follows the case gives it on, or a coordinator; anybody takes one that nobody has."""
    followers = {each.staff_id for each in now.values()}
    if followers and actor.staff_id not in followers and not access.can(actor, Right.COORDINATE):
        raise NotAllowed("Only who follows the case, or a coordinator, gives it to somebody else")


def _must_be_able(session: Session, case: Case, staff_id: UUID) -> None:
    person = session.get(Staff, staff_id)
    if person is None or not person.active or not _follows(person):
        raise Invalid("Choose a social worker or a coordinator who works here", field="staff_id")
    if not qualifications.may_follow(session, [staff_id]):
        raise Invalid(
            "This colleague has no qualification in force that lets them follow a case: an "
            "administrator records it on the page of the colleague",
            field="staff_id",
        )
    try:
        known = cases.read(session, case.id, person.actor)
    except NotFound:
        known = None
    if known is None or not access.sees(person.actor, case.compartment):
        raise Invalid("This colleague may not see the case, so cannot follow it", field="staff_id")


def _end(session: Session, case: Case, ended: Assignment) -> None:
    ended.until = clock.now()
    session.flush()
    journal.record(
        session,
        CaseLeft(
            case_id=case.id,
            person_id=case.person_id,
            assignment_id=ended.id,
            staff_id=ended.staff_id,
            part=ended.part,
        ),
    )


def dismiss_deputy(session: Session, case: Case, actor: Actor) -> None:
    """The case manager goes on alone."""
    now = current(session, case.id)
    require(actor, now)
    if Part.DEPUTY in now:
        _end(session, case, now[Part.DEPUTY])
        case.version += 1


def seen(session: Session, case_id: UUID, actor: Actor) -> None:
    """Somebody to whom the case was given has opened it."""
    for each in current(session, case_id).values():
        if each.staff_id == actor.staff_id and each.seen_at is None:
            each.seen_at = clock.now()
            session.flush()


def current(session: Session, case_id: UUID) -> dict[Part, Assignment]:
    return of_many(session, [case_id]).get(case_id, {})


def of_many(session: Session, ids: Iterable[UUID]) -> dict[UUID, dict[Part, Assignment]]:
    """Who follows each of these cases now."""
    wanted = select(Assignment).where(Assignment.case_id.in_(list(ids)), Assignment.until.is_(None))
    found: dict[UUID, dict[Part, Assignment]] = {}
    for each in session.scalars(wanted):
        found.setdefault(each.case_id, {})[each.part] = each
    return found


def history(session: Session, case_id: UUID) -> list[Assignment]:
    """All who ever followed it, newest first."""
    wanted = select(Assignment).where(Assignment.case_id == case_id)
    return list(session.scalars(wanted.order_by(Assignment.since.desc(), Assignment.id.desc())))


def able(session: Session) -> list[Staff]:
    """The staff who can follow a case, by name."""
    follows = or_(*(literal(role.value) == any_(Staff.roles) for role in sorted(FOLLOWING)))
    wanted = select(Staff).where(Staff.active, follows)
    found = list(session.scalars(wanted.order_by(Staff.name)))
    qualified = qualifications.may_follow(session, [each.id for each in found])
    return [each for each in found if each.id in qualified and _follows(each)]


def _follows(person: Staff) -> bool:
    """By role; a partner's social worker opens nobody's case."""
    actor = person.actor
    return not FOLLOWING.isdisjoint(actor.roles) and access.can(actor, Right.WRITE_CASES)
