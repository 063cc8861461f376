"""A legal hold: as long as it stands, nothing of the case is thrown away."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import access, journal
from registry.access import Actor, Right
from registry.cases import Case
from registry.kit import clock
from registry.kit.db import Base, Id
from registry.kit.errors import Invalid, WrongState
from registry.kit.sealed import Sealed


@dataclass(frozen=True, kw_only=True)
class CaseHeld(journal.Event):
    hold_id: UUID


@dataclass(frozen=True, kw_only=True)
class CaseReleased(journal.Event):
    hold_id: UUID


class Hold(Base):
    """Who asked for it and why: a court, a complaint, a claim."""

    __tablename__ = "case_holds"
    __table_args__ = (
        Index("ix_case_holds_one", "case_id", unique=True, postgresql_where=text("until IS NULL")),
    )

    id: Mapped[Id]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    sealed_reason: Mapped[bytes] = mapped_column("reason", Sealed("case_holds.reason"))
    since: Mapped[datetime] = mapped_column(default=clock.now)
    set_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))
    until: Mapped[datetime | None]
    released_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))

    @property
    def reason(self) -> str:
        return self.sealed_reason.decode()


def hold(session: Session, case: Case, actor: Actor, *, reason: str) -> Hold:
    """Closed cases too. Only a coordinator may."""
    access.require(actor, Right.COORDINATE)
    if not reason.strip():
        raise Invalid("Write it in a few words", field="reason")
    if current(session, case.id) is not None:
        raise WrongState("The case is kept already")
    made = Hold(case_id=case.id, sealed_reason=reason.strip().encode(), set_by=actor.staff_id)
    session.add(made)
    case.version += 1
    session.flush()
    journal.record(session, CaseHeld(case_id=case.id, person_id=case.person_id, hold_id=made.id))
    return made


def release(session: Session, case: Case, actor: Actor) -> None:
    """The schedule of the archive holds again."""
    access.require(actor, Right.COORDINATE)
    standing = current(session, case.id)
    if standing is None:
        raise WrongState("Nothing keeps the case")
    standing.until, standing.released_by = clock.now(), actor.staff_id
    case.version += 1
    session.flush()
    journal.record(
        session, CaseReleased(case_id=case.id, person_id=case.person_id, hold_id=standing.id)
    )


def current(session: Session, case_id: UUID) -> Hold | None:
    return session.scalar(select(Hold).where(Hold.case_id == case_id, Hold.until.is_(None)))


def on_person(session: Session, person_id: UUID) -> bool:
    """Whether anything of this person must be kept whatever their schedule says."""
    wanted = select(Hold.id).join(Case).where(Case.person_id == person_id, Hold.until.is_(None))
    return session.scalar(wanted.limit(1)) is not None
