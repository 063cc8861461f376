"""Where a team last was. Only the last fix is kept, and none once the team is off duty."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ForeignKey, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from dispatch.assignment import Fix
from dispatch.travel import Point
from registry.kit import clock
from registry.kit.db import Base, new_id
from registry.kit.errors import Invalid

# A phone's clock may run ahead by this much before we call it wrong.
CLOCK_SLACK = timedelta(minutes=2)


class Position(Base):
    """The last fix of a team: where, how sure (metres), from what, taken and received when."""

    __tablename__ = "team_positions"

    team_id: Mapped[UUID] = mapped_column(ForeignKey("teams.id"), primary_key=True, default=new_id)
    latitude: Mapped[float]
    longitude: Mapped[float]
    accuracy_m: Mapped[float | None]
    source: Mapped[str]
    taken_at: Mapped[datetime]
    received_at: Mapped[datetime]

    @property
    def fix(self) -> Fix:
        return Fix(Point(self.latitude, self.longitude), self.taken_at)


def report(
    session: Session,
    team_id: UUID,
    point: Point,
    *,
    taken_at: datetime,
    accuracy_m: float | None = None,
    source: str = "phone",
) -> bool:
    """Keep the fix unless a newer one is known; says whether it was kept."""
    now = clock.now()
    if not point.on_earth:
        raise Invalid("These coordinates are not on Earth", field="latitude")
    if taken_at > now + CLOCK_SLACK:
        raise Invalid("The position is from the future: check the phone's clock", field="taken_at")
    facts = {
        "latitude": point.latitude,
        "longitude": point.longitude,
        "accuracy_m": accuracy_m,
        "source": source,
        "taken_at": min(taken_at, now),
        "received_at": now,
    }
    wanted = insert(Position).values(team_id=team_id, **facts)
    kept = session.execute(
        wanted.on_conflict_do_update(
            index_elements=["team_id"], set_=facts, where=Position.taken_at <= facts["taken_at"]
        ).returning(Position.team_id)
    )
    return kept.first() is not None


def forget(session: Session, team_id: UUID) -> None:
    """Off duty nobody is followed."""
    session.execute(delete(Position).where(Position.team_id == team_id))


def last(session: Session, team_ids: Iterable[UUID]) -> dict[UUID, Position]:
    """The last fix of each team that has one, freshly read."""
    wanted = select(Position).where(Position.team_id.in_(list(team_ids)))
    found = session.scalars(wanted.execution_options(populate_existing=True))
    return {each.team_id: each for each in found}
