"""A check of the journal against its seals: asked for on the auditor's page, done by a worker."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import deadlines, journal, sealing
from registry.kit import clock
from registry.kit.db import Base, Id, get, transaction
from registry.sealing import Seal

VERIFY = "registry.verify_journal"
MOST = 50  # findings kept: more say nothing new


@dataclass(frozen=True, kw_only=True)
class JournalChecked(journal.Event):
    check_id: UUID
    seals: int
    findings: int


class Check(Base):
    """What came of it; `ended_at` is None until it did."""

    __tablename__ = "journal_checks"

    id: Mapped[Id]
    asked_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))
    asked_at: Mapped[datetime] = mapped_column(default=clock.now)
    ended_at: Mapped[datetime | None]
    seals: Mapped[int] = mapped_column(default=0)
    # {"says": [...]}: which seal, and what does not fit.
    found: Mapped[dict[str, Any]] = mapped_column(default=dict)


def ask(session: Session, staff_id: UUID | None) -> Check:
    """Let a worker recompute every seal; one that is still wanted is the same one."""
    waiting = last(session)
    if waiting is not None and waiting.ended_at is None:
        return waiting
    check = Check(asked_by=staff_id)
    session.add(check)
    session.flush()
    deadlines.set_(session, VERIFY, check.id, clock.now())
    return check


def verify(check_id: UUID) -> None:
    """Done by a worker; twice gives the same."""
    with transaction() as session:
        findings = list(sealing.verify(session))
        seals = session.scalar(select(func.count()).select_from(Seal)) or 0
        check = get(session, Check, check_id)
        check.ended_at = clock.now()
        check.seals = seals
        check.found = {"says": [asdict(each) for each in findings[:MOST]]}
        journal.record(
            session, JournalChecked(check_id=check.id, seals=seals, findings=len(findings))
        )


def last(session: Session) -> Check | None:
    return session.scalar(select(Check).order_by(Check.asked_at.desc()).limit(1))
