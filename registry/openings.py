"""An opening: somebody broke the glass of a reserved file, with a reason, for one hour.

The coordinator is told at once and says that they have seen it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Select, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import journal
from registry.kit import clock
from registry.kit.db import Base, Id
from registry.kit.errors import Invalid
from registry.kit.sealed import Sealed

LASTS = timedelta(hours=1)
SHORTEST, LONGEST = 15, 500  # letters of a reason


@dataclass(frozen=True, kw_only=True)
class GlassBroken(journal.Event):
    """A reserved file was opened by somebody who may not know of it otherwise."""

    what_for: ClassVar[str] = "break_glass"

    opening_id: UUID
    roles: list[str]
    office_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class OpeningSeen(journal.Event):
    opening_id: UUID


class Opening(Base):
    """The reason may tell what nobody else should read: it is kept encrypted."""

    __tablename__ = "openings"
    __table_args__ = (Index("ix_openings_staff", "staff_id", "until"),)

    id: Mapped[Id]
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), index=True)
    sealed_reason: Mapped[bytes] = mapped_column("reason", Sealed("openings.reason"))
    opened_at: Mapped[datetime] = mapped_column(default=clock.now)
    until: Mapped[datetime]
    seen_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))
    seen_at: Mapped[datetime | None]

    @property
    def reason(self) -> str:
        return self.sealed_reason.decode()


def break_glass(
    session: Session,
    *,
    staff_id: UUID,
    person_id: UUID,
    reason: str,
    roles: list[str],
    office_id: UUID | None,
) -> Opening:
    """Open the file to this one of the staff for LASTS. Raises Invalid without a real reason."""
    reason = " ".join(reason.replace("\0", "").split())
    if not SHORTEST <= len(reason) <= LONGEST:
        raise Invalid(
            "Say in a few words why you need the file (%(shortest)s to %(longest)s letters)",
            field="reason",
            shortest=SHORTEST,
            longest=LONGEST,
        )
    opening = Opening(
        staff_id=staff_id,
        person_id=person_id,
        sealed_reason=reason.encode(),
        until=clock.now() + LASTS,
    )
    session.add(opening)
    session.flush()
    journal.record(
        session,
        GlassBroken(person_id=person_id, opening_id=opening.id, roles=roles, office_id=office_id),
    )
    return opening


def seen(session: Session, opening: Opening, staff_id: UUID | None) -> None:
    """A coordinator has read it; again changes nothing."""
    if opening.seen_at is None:
        opening.seen_by, opening.seen_at = staff_id, clock.now()
        journal.record(session, OpeningSeen(person_id=opening.person_id, opening_id=opening.id))


def open_to(staff_id: UUID) -> Select[UUID]:
    """The people whose files are open to this one of the staff now."""
    return select(Opening.person_id).where(
        Opening.staff_id == staff_id, Opening.until > clock.now()
    )


def current(session: Session, staff_id: UUID | None, person_id: UUID) -> Opening | None:
    """The opening by which somebody reads this file now."""
    return session.scalar(
        select(Opening)
        .where(
            Opening.staff_id == staff_id,
            Opening.person_id == person_id,
            Opening.until > clock.now(),
        )
        .order_by(Opening.until.desc())
        .limit(1)
    )


def unseen(session: Session) -> list[Opening]:
    """Those that no coordinator has read yet, oldest first."""
    return list(
        session.scalars(
            select(Opening).where(Opening.seen_at.is_(None)).order_by(Opening.opened_at)
        )
    )


def latest(session: Session, limit: int = 100) -> list[Opening]:
    """The newest first."""
    return list(session.scalars(select(Opening).order_by(Opening.opened_at.desc()).limit(limit)))
