"""What was set going: homes that telecare began for, and help that went out after an alarm."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from telecare.alarms import Outcome
from telecare.stock import Placement
from telecare.tech_jobs import JobKind, JobState, TechJob

DAY = 86_400  # seconds
# Outcomes after which somebody was sent to the home.
HELP = frozenset(
    {
        Outcome.NEAR_PERSON_WENT,
        Outcome.TEAM_SENT,
        Outcome.AMBULANCE_CALLED,
        Outcome.FIRE_OR_POLICE_CALLED,
    }
)


@dataclass(frozen=True, kw_only=True)
class Activations:
    """Of a service: homes that got their first unit ever, in these days; `active` is now."""

    begun: int
    active: int
    installations: int
    # Half of the installations were tested within so many days from when they were asked for.
    days: float | None


def of(session: Session, since: datetime, until: datetime) -> Activations:
    first = (
        select(Placement.person_id, func.min(Placement.since).label("at"))
        .group_by(Placement.person_id)
        .subquery()
    )
    begun = select(func.count()).where(first.c.at >= since, first.c.at < until)
    standing = func.count(func.distinct(Placement.person_id))
    active = select(standing).where(Placement.until.is_(None))
    waits = _installed(session, since, until)
    return Activations(
        begun=session.scalar(begun) or 0,
        active=session.scalar(active) or 0,
        installations=len(waits),
        days=round(median(waits) / DAY, 1) if waits else None,
    )


def _installed(session: Session, since: datetime, until: datetime) -> list[float]:
    """Of each installation that ended with a received test, the seconds since it was wanted."""
    wanted = select(TechJob.wanted_at, TechJob.ended_at).where(
        TechJob.kind == JobKind.INSTALLATION,
        TechJob.state == JobState.DONE,
        TechJob.ended_at >= since,
        TechJob.ended_at < until,
    )
    rows = session.execute(wanted).all()
    return [(ended - asked).total_seconds() for asked, ended in rows if ended is not None]


def helped(outcomes: Iterable[str]) -> dict[str, int]:
    """Who was sent, each with how often; the most frequent first."""
    return dict(Counter(each for each in outcomes if each in HELP).most_common())
