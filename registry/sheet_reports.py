"""A report that a sheet is out of date: by whoever reads it, settled by who keeps the directory."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, func, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import journal
from registry.access import Actor
from registry.kit import clock
from registry.kit.db import Base, Id
from registry.kit.errors import Conflict, Invalid
from registry.kit.sealed import SealedText

LONGEST = 1000
MOST = 20  # of one sheet that wait: more would say nothing new, and nobody fills the archive


@dataclass(frozen=True, kw_only=True)
class SheetReported(journal.Event):
    service_id: UUID
    by_staff: bool


@dataclass(frozen=True, kw_only=True)
class SheetReportsSettled(journal.Event):
    service_id: UUID
    reports: int


class SheetReport(Base):
    """What somebody found wrong; nobody's id where a visitor of the public page wrote it."""

    __tablename__ = "sheet_reports"
    __table_args__ = (
        Index("ix_sheet_reports_open", "service_id", postgresql_where=text("settled_at IS NULL")),
    )

    id: Mapped[Id]
    service_id: Mapped[UUID] = mapped_column(ForeignKey("services.id"))
    # Sealed for all that: a visitor may write about themselves.
    words: Mapped[str] = mapped_column(SealedText("sheet_reports.words", house=True))
    staff_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))
    at: Mapped[datetime] = mapped_column(default=clock.now)
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))


def report(
    session: Session, service_id: UUID, words: str, actor: Actor | None = None
) -> SheetReport:
    """Raises Invalid without words, Conflict when enough have said so and nobody has looked yet."""
    said = words.strip()[:LONGEST]
    if not said:
        raise Invalid("Write what is no longer right", field="words")
    if len(open_of(session, service_id)) >= MOST:
        raise Conflict("Others have told us already: this sheet is about to be looked at")
    made = SheetReport(
        service_id=service_id, words=said, staff_id=actor.staff_id if actor else None
    )
    session.add(made)
    session.flush()
    journal.record(session, SheetReported(service_id=service_id, by_staff=actor is not None))
    return made


def settle(session: Session, service_id: UUID, actor: Actor) -> int:
    """Somebody has looked at the sheet with all that was said of it; how many reports."""
    ended = session.scalars(
        update(SheetReport)
        .where(SheetReport.service_id == service_id, SheetReport.settled_at.is_(None))
        .values(settled_at=clock.now(), settled_by=actor.staff_id)
        .returning(SheetReport.id)
    ).all()
    if ended:
        happened = SheetReportsSettled(service_id=service_id, reports=len(ended))
        journal.record(session, happened)
    return len(ended)


def open_of(session: Session, service_id: UUID) -> list[SheetReport]:
    """What waits to be looked at, oldest first."""
    wanted = select(SheetReport).where(
        SheetReport.service_id == service_id, SheetReport.settled_at.is_(None)
    )
    return list(session.scalars(wanted.order_by(SheetReport.id)))


def counted(session: Session, services: Iterable[UUID]) -> dict[UUID, int]:
    """How many wait, for each of these sheets that has any."""
    wanted = (
        select(SheetReport.service_id, func.count())
        .where(SheetReport.service_id.in_(list(services)), SheetReport.settled_at.is_(None))
        .group_by(SheetReport.service_id)
    )
    return {each[0]: each[1] for each in session.execute(wanted)}
