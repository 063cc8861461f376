"""The figures of telecare over a stretch of time: answers, causes, missed calls, faults.

The clock of an answer starts when the signal is stored (`raised_at`) and stops at the first claim
by an operator; an alarm that nobody has taken yet counts as late once its time is over.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from statistics import median, quantiles
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dispatch.rota import HOME_ZONE
from registry.kit import clock
from telecare import activations
from telecare.activations import Activations
from telecare.alarms import Alarm, Outcome
from telecare.faults import Fault
from telecare.planned import PlannedCall, PlannedState

# UK code of practice for telecare: the only published levels; a contract may ask for others.
TARGETS = ((60, 97.5), (180, 99.0))
FALSE = frozenset({Outcome.PRESSED_BY_MISTAKE, Outcome.TECHNICAL, Outcome.TEST})
OLDER_THAN = (timedelta(days=1), timedelta(days=2), timedelta(days=7))
MOST = 100_000  # alarms looked at in one go


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One alarm as the figures see it; `seconds` to the first claim, None while nobody has it."""

    alarm_id: UUID
    raised_at: datetime
    kind: str
    lane: str
    account: str
    outcome: str
    seconds: float | None
    # How long it has waited, for those that nobody has taken.
    waited: float


@dataclass(frozen=True, kw_only=True)
class Level:
    """One target: within how many seconds, how many per cent are wanted, and how many were."""

    within: int
    wanted: float
    counted: int
    reached: int

    @property
    def percent(self) -> float | None:
        """None before the first alarm whose time is over."""
        return round(100 * self.reached / self.counted, 2) if self.counted else None

    @property
    def met(self) -> bool | None:
        return None if self.percent is None else self.percent >= self.wanted


@dataclass(frozen=True, kw_only=True)
class Day:
    """The alarms of one day of the room's calendar whose first time is over or that are taken."""

    day: date
    alarms: int
    in_time: int

    @property
    def percent(self) -> float:
        return 100 * self.in_time / self.alarms


@dataclass(frozen=True, kw_only=True)
class Figures:
    since: datetime
    until: datetime
    answers: list[Answer]
    levels: list[Level]
    middle: float | None
    ninth_tenth: float | None
    kinds: dict[str, int]
    outcomes: dict[str, int]
    false_alarms: int
    helped: dict[str, int]
    activations: Activations
    days: list[Day]
    planned: dict[str, int] = field(default_factory=dict)
    faults: list[tuple[int, int]] = field(default_factory=list)

    @property
    def late(self) -> list[Answer]:
        """Beyond the last target: each of these is to be looked into, the slowest first."""
        limit = TARGETS[-1][0]
        found = [each for each in self.answers if (each.seconds or each.waited) > limit]
        return sorted(found, key=lambda each: -(each.seconds or each.waited))


def of(session: Session, since: datetime, until: datetime) -> Figures:
    """All figures for the alarms raised from `since` to before `until`."""
    answers = _answers(session, since, until)
    times = [each.seconds for each in answers if each.seconds is not None]
    return Figures(
        since=since,
        until=until,
        answers=answers,
        levels=[level(answers, *each) for each in TARGETS],
        middle=median(times) if times else None,
        ninth_tenth=quantiles(times, n=10)[-1] if len(times) > 1 else None,
        kinds=dict(Counter(each.kind for each in answers).most_common()),
        outcomes=dict(Counter(each.outcome for each in answers if each.outcome).most_common()),
        false_alarms=sum(each.outcome in FALSE for each in answers),
        helped=activations.helped(each.outcome for each in answers),
        activations=activations.of(session, since, until),
        days=_days(answers),
        planned=_planned(session, since, until),
        faults=faults_by_age(session),
    )


def level(answers: Sequence[Answer], within: int, wanted: float) -> Level:
    """Those whose time is not over yet, and whom nobody has taken, do not count."""
    counted = [each for each in answers if each.seconds is not None or each.waited > within]
    reached = sum(each.seconds is not None and each.seconds <= within for each in counted)
    return Level(within=within, wanted=wanted, counted=len(counted), reached=reached)


def _answers(session: Session, since: datetime, until: datetime) -> list[Answer]:
    now = clock.now()
    wanted = (
        select(
            Alarm.id,
            Alarm.raised_at,
            Alarm.kind,
            Alarm.lane,
            Alarm.account,
            Alarm.outcome,
            Alarm.answered_at,
        )
        .where(Alarm.raised_at >= since, Alarm.raised_at < until)
        .order_by(Alarm.raised_at, Alarm.id)
        .limit(MOST)
    )
    return [
        Answer(
            alarm_id=row.id,
            raised_at=row.raised_at,
            kind=row.kind.value,
            lane=row.lane.value,
            account=row.account,
            outcome=row.outcome.value if row.outcome else "",
            seconds=(row.answered_at - row.raised_at).total_seconds() if row.answered_at else None,
            waited=(now - row.raised_at).total_seconds(),
        )
        for row in session.execute(wanted)
    ]


def _days(answers: Sequence[Answer]) -> list[Day]:
    found: dict[date, list[bool]] = {}
    within = TARGETS[0][0]
    for each in answers:
        if each.seconds is None and each.waited <= within:
            continue
        day = each.raised_at.astimezone(HOME_ZONE).date()
        found.setdefault(day, []).append(each.seconds is not None and each.seconds <= within)
    return [Day(day=day, alarms=len(had), in_time=sum(had)) for day, had in sorted(found.items())]


def _planned(session: Session, since: datetime, until: datetime) -> dict[str, int]:
    wanted = (
        select(PlannedCall.state, func.count())
        .where(PlannedCall.due_at >= since, PlannedCall.due_at < until)
        .group_by(PlannedCall.state)
    )
    counted = {state: number for state, number in session.execute(wanted)}  # noqa: C416 - typed
    return {state.value: counted.get(state, 0) for state in PlannedState}


def faults_by_age(session: Session) -> list[tuple[int, int]]:
    """Open faults older than so many hours, each with how many."""
    now = clock.now()
    found = [(0, session.scalar(select(func.count()).where(Fault.ended_at.is_(None))) or 0)]
    for age in OLDER_THAN:
        wanted = select(func.count()).where(Fault.ended_at.is_(None), Fault.began_at < now - age)
        found.append((round(age.total_seconds() / 3600), session.scalar(wanted) or 0))
    return found
