"""Which team to send: who can go, in what order, and why; and who cannot, and why not.

A pure decision over plain data. A team that cannot go is listed with its reasons, never dropped.
An old or missing position does not exclude a team: it is estimated from its base, marked, and
put behind the others.
"""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from dispatch.travel import Mode, Point, Travel, travel

FRESH = timedelta(minutes=30)
NOTHING: frozenset[str] = frozenset()
NO_TIME = timedelta(0)
USUAL_LENGTH = timedelta(hours=1)
CREW_WHEN_AT_RISK = 2
# What an unknown way is taken to last, so that such a team comes last but is still asked.
UNKNOWN_WAY = timedelta(hours=2)

OLD_POSITION_PENALTY = timedelta(minutes=5)
RESTING = timedelta(minutes=15)
RESTING_PENALTY = timedelta(minutes=5)
JOB_PENALTY = timedelta(minutes=2)
SPARE_SKILL_PENALTY = timedelta(minutes=1)


class Why(StrEnum):
    """The reasons that keep a team out, or that are said about a candidate."""

    OFF_DUTY = "off_duty"
    BUSY = "busy"
    ALREADY_ASKED = "already_asked"
    LACKS_SKILLS = "lacks_skills"
    TOO_FEW = "too_few"
    SHIFT_ENDS = "shift_ends"
    FROM_POSITION = "from_position"
    FROM_BASE_OLD_POSITION = "from_base_old_position"
    FROM_BASE_NO_POSITION = "from_base_no_position"
    WAY_UNKNOWN = "way_unknown"


@dataclass(frozen=True)
class Fix:
    """Where a team last was."""

    point: Point
    at: datetime


@dataclass(frozen=True)
class Team:
    """What the decision has to know of a team."""

    id: UUID
    name: str
    mode: Mode
    skills: frozenset[str] = frozenset()
    crew: int = 2
    on_duty_until: datetime | None = None
    busy: bool = False
    base: Point | None = None
    fix: Fix | None = None
    jobs_this_shift: int = 0
    free_since: datetime | None = None


@dataclass(frozen=True)
class Need:
    """What has to be done, and where."""

    point: Point | None
    skills: frozenset[str] = frozenset()
    at_risk: bool = False
    # Only speed counts when it is urgent.
    urgent: bool = False
    usual_length: timedelta = USUAL_LENGTH
    already_asked: frozenset[UUID] = frozenset()


class Candidate(NamedTuple):
    """A team that can go. `why` says from where the way was estimated."""

    team: Team
    why: Why
    way: Travel | None
    score: timedelta
    position_age: timedelta | None


class Excluded(NamedTuple):
    """A team that cannot go, with every reason, the first being the most telling."""

    team: Team
    why: tuple[Why, ...]
    lacking: frozenset[str] = NOTHING


@dataclass(frozen=True)
class Ranking:
    """The answer: the best first, and the others with their reasons."""

    candidates: list[Candidate] = field(default_factory=list)
    excluded: list[Excluded] = field(default_factory=list)


def rank(teams: Iterable[Team], need: Need, now: datetime, *, best: int | None = None) -> Ranking:
    """Order the teams that can go by travel time and soft penalties; keep the `best` of them."""
    candidates, excluded = [], []
    for team in teams:
        reasons = _reasons_against(team, need)
        if reasons:
            lacking = need.skills - team.skills if Why.LACKS_SKILLS in reasons else NOTHING
            excluded.append(Excluded(team, reasons, lacking))
            continue
        possible = candidate(team, need, now)
        if _shift_is_long_enough(possible, need, now):
            candidates.append(possible)
        else:
            excluded.append(Excluded(team, (Why.SHIFT_ENDS,)))
    if best is not None and len(candidates) > best:
        return Ranking(heapq.nsmallest(best, candidates, key=_order), excluded)
    return Ranking(sorted(candidates, key=_order), excluded)


def _order(possible: Candidate) -> tuple[timedelta, str]:
    return possible.score, possible.team.name


def _reasons_against(team: Team, need: Need) -> tuple[Why, ...]:
    """Usually none, or one: a list is made only for the teams that cannot go."""
    reasons: tuple[Why, ...] = ()
    if team.on_duty_until is None:
        reasons += (Why.OFF_DUTY,)
    if team.busy:
        reasons += (Why.BUSY,)
    if need.already_asked and team.id in need.already_asked:
        reasons += (Why.ALREADY_ASKED,)
    if not need.skills <= team.skills:
        reasons += (Why.LACKS_SKILLS,)
    if need.at_risk and team.crew < CREW_WHEN_AT_RISK:
        reasons += (Why.TOO_FEW,)
    return reasons


def _shift_is_long_enough(possible: Candidate, need: Need, now: datetime) -> bool:
    until = possible.team.on_duty_until
    way = possible.way.time if possible.way else NO_TIME
    return until is not None and until >= now + way + need.usual_length


def candidate(team: Team, need: Need, now: datetime) -> Candidate:
    """How this team would get there, and what counts against it."""
    age = now - team.fix.at if team.fix else None
    why, origin = _origin(team, age)
    if origin is None or need.point is None:
        return Candidate(team, Why.WAY_UNKNOWN, None, UNKNOWN_WAY + _burden(team, need, now), age)
    way = travel(origin, need.point, team.mode)
    score = way.time + _burden(team, need, now)
    if why is not Why.FROM_POSITION:
        score += OLD_POSITION_PENALTY
    return Candidate(team, why, way, score, age)


def _origin(team: Team, age: timedelta | None) -> tuple[Why, Point | None]:
    if team.fix and age is not None and age <= FRESH:
        return Why.FROM_POSITION, team.fix.point
    old = Why.FROM_BASE_OLD_POSITION if team.fix else Why.FROM_BASE_NO_POSITION
    return old, team.base


def _burden(team: Team, need: Need, now: datetime) -> timedelta:
    """What makes another team fairer or wiser to send."""
    if need.urgent:
        return NO_TIME
    burden = JOB_PENALTY * team.jobs_this_shift
    burden += SPARE_SKILL_PENALTY * len(team.skills - need.skills)
    if team.free_since and now - team.free_since < RESTING:
        burden += RESTING_PENALTY
    return burden
