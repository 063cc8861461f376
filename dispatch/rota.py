"""The rota: which team is on duty, from when to when."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import CheckConstraint, ForeignKey, Index, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from dispatch.teams import Team
from registry import journal
from registry.kit import clock
from registry.kit.db import Base, Id
from registry.kit.errors import Invalid, WrongState

HOME_ZONE = ZoneInfo("Europe/Rome")
LONGEST = timedelta(hours=24)
# A shift that begins before this pause is over counts as going on.
SEAM = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class TeamSignedOn(journal.Event):
    team_id: UUID


@dataclass(frozen=True, kw_only=True)
class TeamSignedOff(journal.Event):
    team_id: UUID


class Shift(Base):
    """A stretch of duty. Moments are UTC, so the nights when the clocks change are right."""

    __tablename__ = "team_shifts"
    __table_args__ = (
        CheckConstraint("ends_at >= starts_at"),
        Index("ix_team_shifts_team", "team_id", "ends_at"),
    )

    id: Mapped[Id]
    team_id: Mapped[UUID] = mapped_column(ForeignKey("teams.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]


def plan(
    session: Session,
    team: Team,
    day: date,
    from_: time,
    to: time,
    zone: ZoneInfo = HOME_ZONE,
) -> Shift:
    """A shift in local time; one that ends before it begins ends on the next day."""
    last_day = day if to > from_ else day + timedelta(days=1)
    starts = datetime.combine(day, from_, zone)
    ends = datetime.combine(last_day, to, zone)
    return add(session, team, starts, ends)


def add(session: Session, team: Team, starts_at: datetime, ends_at: datetime) -> Shift:
    """A shift between two moments. Raises Invalid when it is empty or longer than a day."""
    # In UTC: local times on both sides of a change of clocks subtract wrongly.
    length = ends_at.timestamp() - starts_at.timestamp()
    if not 0 < length <= (LONGEST + timedelta(hours=1)).total_seconds():
        raise Invalid("A shift lasts between one minute and one day", field="ends_at")
    shift = Shift(team_id=team.id, starts_at=starts_at, ends_at=ends_at)
    session.add(shift)
    session.flush()
    return shift


def sign_on(session: Session, team: Team, until: datetime) -> Shift:
    """The team starts now, planned or not. Raises WrongState when it is on duty already."""
    if on_duty(session, [team.id]):
        raise WrongState("%(team)s is already on duty", team=team.name)
    shift = add(session, team, clock.now(), until)
    journal.record(session, TeamSignedOn(team_id=team.id))
    return shift


def sign_off(session: Session, team: Team) -> None:
    """The team stops now. Whoever calls has made sure that it holds no job and no offer."""
    now = clock.now()
    running = session.scalars(
        select(Shift).where(Shift.team_id == team.id, Shift.starts_at <= now, Shift.ends_at > now)
    )
    for shift in running:
        shift.ends_at = now
    session.flush()
    journal.record(session, TeamSignedOff(team_id=team.id))


def on_duty(session: Session, team_ids: Iterable[UUID] | None = None) -> dict[UUID, datetime]:
    """Who is on duty now, and until when without a pause."""
    now = clock.now()
    wanted = select(Shift).where(Shift.ends_at > now, Shift.starts_at <= now + LONGEST)
    if team_ids is not None:
        wanted = wanted.where(Shift.team_id.in_(list(team_ids)))
    by_team: dict[UUID, list[Shift]] = {}
    for shift in session.scalars(wanted.order_by(Shift.starts_at)):
        by_team.setdefault(shift.team_id, []).append(shift)
    ends = {
        team_id: _until([(each.starts_at, each.ends_at) for each in shifts], now)
        for team_id, shifts in by_team.items()
    }
    return {team_id: until for team_id, until in ends.items() if until is not None}


def _until(shifts: Iterable[tuple[datetime, datetime]], now: datetime) -> datetime | None:
    """The end of the unbroken duty that covers `now`; `shifts` begin in order."""
    until: datetime | None = None
    for starts, ends in shifts:
        reached = until or now
        if starts <= (reached + SEAM if until else now) and ends > reached:
            until = ends
    return until
