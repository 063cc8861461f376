"""How a unit has done lately: when its battery, its mains, its link or its voice failed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.kit import clock
from telecare.faults import Fault
from telecare.protocols.base import Kind

DAYS = 90
# The rows of the chart, in this order.
CAUSES = (
    Kind.UNIT_BATTERY,
    Kind.PENDANT_BATTERY,
    Kind.MAINS,
    Kind.LINK,
    Kind.SILENT,
    Kind.TEST_MISSED,
)


@dataclass(frozen=True, kw_only=True)
class Span:
    """One fault as a bar: where it begins and how wide it is, in parts of the whole (0 to 1)."""

    cause: Kind
    began_at: datetime
    ended_at: datetime | None
    begins: float
    width: float


@dataclass(frozen=True, kw_only=True)
class History:
    since: datetime
    until: datetime
    rows: dict[Kind, list[Span]]

    @property
    def spans(self) -> list[Span]:
        """All of them, the latest first: the same for whoever cannot see the bars."""
        found = [span for row in self.rows.values() for span in row]
        return sorted(found, key=lambda each: each.began_at, reverse=True)


def of(session: Session, device_id: UUID, *, days: int = DAYS) -> History:
    """The last days of one unit; a fault that began before reaches in from the left."""
    until = clock.now()
    since = until - timedelta(days=days)
    wanted = (
        select(Fault)
        .where(
            Fault.device_id == device_id,
            Fault.cause.in_(CAUSES),
            (Fault.ended_at.is_(None)) | (Fault.ended_at > since),
        )
        .order_by(Fault.began_at)
    )
    rows: dict[Kind, list[Span]] = {cause: [] for cause in CAUSES}
    for each in session.scalars(wanted):
        rows[each.cause].append(_span(each, since, until))
    return History(since=since, until=until, rows=rows)


def _span(fault: Fault, since: datetime, until: datetime) -> Span:
    whole = (until - since).total_seconds()
    begins = max(0.0, (fault.began_at - since).total_seconds() / whole)
    ends = min(1.0, ((fault.ended_at or until) - since).total_seconds() / whole)
    return Span(
        cause=fault.cause,
        began_at=fault.began_at,
        ended_at=fault.ended_at,
        begins=begins,
        width=max(0.0, ends - begins),
    )
