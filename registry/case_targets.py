"""Target groups of a case: codes of the social plan, each from a day on (REQ 21, 76).

A new plan may end a code. What was written under the old plan keeps its word; a live case whose
code has ended is shown as to be looked at again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import cases, codes, journal
from registry.access import Actor
from registry.cases import Case
from registry.codes import CodeList
from registry.kit import clock
from registry.kit.db import Base, Id


@dataclass(frozen=True, kw_only=True)
class CaseTargetsChanged(journal.Event):
    targets: list[str]


class CaseTarget(Base):
    """That a case belonged to a group, from `since` to the day before `until`."""

    __tablename__ = "case_targets"
    __table_args__ = (
        Index(
            "ix_case_targets_one",
            "case_id",
            "code",
            unique=True,
            postgresql_where=text("until IS NULL"),
        ),
        CheckConstraint("until >= since", name="target_ends_after_it_begins"),
    )

    id: Mapped[Id]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    code: Mapped[str]
    since: Mapped[date]
    until: Mapped[date | None]
    set_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))


def set_(session: Session, case: Case, actor: Actor, wanted: Iterable[str]) -> None:
    """These groups and no others from today on. Raises Invalid for one not in force today."""
    cases.must_be_live(case)
    today = clock.now().date()
    there = {each.code: each for each in current(session, case.id)}
    asked = dict.fromkeys(code for code in wanted if code)
    # One that a plan has ended meanwhile may stay until somebody chooses anew.
    fresh = codes.check(session, CodeList.TARGET, asked.keys() - there.keys(), today)
    gone = there.keys() - asked.keys()
    if not fresh and not gone:
        return
    for code in gone:
        there[code].until = today
    for code in fresh:
        session.add(CaseTarget(case_id=case.id, code=code, since=today, set_by=actor.staff_id))
    case.version += 1
    session.flush()
    journal.record(
        session,
        CaseTargetsChanged(case_id=case.id, person_id=case.person_id, targets=sorted(asked)),
    )


def current(session: Session, case_id: UUID) -> list[CaseTarget]:
    wanted = select(CaseTarget).where(CaseTarget.case_id == case_id, CaseTarget.until.is_(None))
    return list(session.scalars(wanted.order_by(CaseTarget.since, CaseTarget.code)))


def of_many(session: Session, ids: Iterable[UUID]) -> dict[UUID, list[str]]:
    """The codes of each of these cases."""
    wanted = select(CaseTarget).where(CaseTarget.case_id.in_(list(ids)), CaseTarget.until.is_(None))
    found: dict[UUID, list[str]] = {}
    for each in session.scalars(wanted.order_by(CaseTarget.code)):
        found.setdefault(each.case_id, []).append(each.code)
    return found


def on(session: Session, case_id: UUID, day: date) -> set[str]:
    """The groups it belonged to on that day."""
    wanted = select(CaseTarget.code).where(
        CaseTarget.case_id == case_id,
        CaseTarget.since <= day,
        CaseTarget.until.is_(None) | (CaseTarget.until > day),
    )
    return set(session.scalars(wanted))


def ended(session: Session, case_id: UUID) -> set[str]:
    """Groups of the case that the plan of today no longer has."""
    valid = {each.code for each in codes.in_force(session, CodeList.TARGET, clock.now().date())}
    return {each.code for each in current(session, case_id)} - valid
