"""The states of a case and their history: who changed it, when, and why (REQUIREMENTS 1.G)."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry.access import Actor
from registry.kit import clock
from registry.kit.db import Base, Id
from registry.kit.sealed import Sealed


class CaseState(StrEnum):
    OPEN = "open"
    SUSPENDED = "suspended"
    CLOSED = "closed"


STEPS = {
    CaseState.OPEN: {CaseState.SUSPENDED, CaseState.CLOSED},
    CaseState.SUSPENDED: {CaseState.OPEN, CaseState.CLOSED},
    CaseState.CLOSED: {CaseState.OPEN},
}
LIVE = (CaseState.OPEN, CaseState.SUSPENDED)


class CaseStatus(Base):
    """One line of the history. `code` is of the coded lists: a stage, or how the case ended."""

    __tablename__ = "case_statuses"

    id: Mapped[Id]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    state: Mapped[CaseState]
    code: Mapped[str | None]
    sealed_reason: Mapped[bytes | None] = mapped_column("reason", Sealed("case_statuses.reason"))
    # Nobody: the house itself, as when an alarm opens a case.
    staff_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))
    at: Mapped[datetime] = mapped_column(default=clock.now)

    @property
    def reason(self) -> str:
        return (self.sealed_reason or b"").decode()


def note(
    session: Session, case_id: UUID, state: CaseState, *, code: str | None = None, reason: str = ""
) -> None:
    """Write the next line; its author is whoever the session works for."""
    actor: Actor | None = session.info.get("actor")
    session.add(
        CaseStatus(
            case_id=case_id,
            state=state,
            code=code,
            sealed_reason=reason.encode() if reason else None,
            staff_id=actor.staff_id if actor else None,
        )
    )
    session.flush()


def of(session: Session, case_id: UUID) -> list[CaseStatus]:
    """Newest first."""
    wanted = select(CaseStatus).where(CaseStatus.case_id == case_id)
    return list(session.scalars(wanted.order_by(CaseStatus.at.desc(), CaseStatus.id.desc())))
