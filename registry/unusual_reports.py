"""The weekly report of unusual readings: on Monday the house looks at the ended week, and says so.

The report is one line of the journal with numbers alone: whom and whose files it is about is worked
out anew for whoever opens its page.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Self
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from registry import audit, deadlines, journal
from registry.journal import Entry
from registry.kit import clock
from registry.kit.db import transaction
from registry.safe_contacts import ZONE

REPORT = "registry.report_unusual_reads"
# Looking back is one duty of the whole house.
the_house = UUID(int=0)
AT = time(4)  # of Monday; an hour that every change to and from summer time leaves alone
MOST_WEEKS = 60  # as far back as one looks, and as missed weeks are made up for
SHOWN = 52
TOLD_FOR = 5  # weeks; older ones stay in the list, and nobody who is new is told of them
ONE_REPORTS = 7_301_402  # the advisory lock of `report_next`


@dataclass(frozen=True, kw_only=True)
class UnusualReadsReported(journal.Event):
    """`week` is its Monday as YYYY-MM-DD; `questions` how many of each `Why`."""

    week: str
    questions: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class UnusualReportRead(journal.Event):
    """Somebody who reads the journal opened the report of this week."""

    week: str


@dataclass(frozen=True, order=True)
class Week:
    """Monday to Sunday as the house lives them: an hour more or less when the clocks change."""

    monday: date

    @classmethod
    def of(cls, moment: datetime) -> Self:
        day = moment.astimezone(ZONE).date()
        return cls(day - timedelta(days=day.weekday()))

    def back(self, weeks: int) -> "Week":
        return Week(self.monday - timedelta(weeks=weeks))

    @property
    def ago(self) -> int:
        """How many weeks before the running one."""
        return (Week.of(clock.now()).monday - self.monday) // timedelta(weeks=1)

    @property
    def since(self) -> datetime:
        return datetime.combine(self.monday, time(), ZONE).astimezone(UTC)

    @property
    def until(self) -> datetime:
        """The first moment that is of the next week."""
        return self.back(-1).since


@dataclass(frozen=True)
class Report:
    """What the journal has of one week; `read` is whether the one who asks has opened it."""

    week: Week
    questions: int
    at: datetime
    read: bool


def begin() -> None:
    """A chore of the sweeper: there is always a next Monday."""
    with transaction() as session:
        deadlines.keep(session, REPORT, the_house, next_time(clock.now()))


def next_time(now: datetime) -> datetime:
    """The next Monday at four."""
    this = Week.of(now)
    soon = datetime.combine(this.monday, AT, ZONE).astimezone(UTC)
    later = datetime.combine(this.back(-1).monday, AT, ZONE).astimezone(UTC)
    return soon if now < soon else later


def report(_house: UUID) -> None:
    """Done by a worker, each week by itself; killed half-way it goes on with the next one."""
    going_on = True
    while going_on:
        with transaction() as session:
            going_on = report_next(session)
    with transaction() as session:
        deadlines.set_(session, REPORT, the_house, next_time(clock.now()))


def report_next(session: Session) -> bool:
    """Report the oldest ended week that has no report yet; False when there is none.

    Whoever comes at the same time waits, and then finds the week reported.
    """
    session.execute(select(func.pg_advisory_xact_lock(ONE_REPORTS)))
    ended = Week.of(clock.now()).back(1)
    done = max((each.week for each in _reported(session)), default=ended.back(1))
    week = max(done.back(-1), ended.back(MOST_WEEKS))
    if week > ended:
        return False
    found = audit.unusual_in(session, week.since, week.until)
    questions = Counter(each.why.value for each in found)
    journal.record(
        session, UnusualReadsReported(week=week.monday.isoformat(), questions=dict(questions))
    )
    return True


def reports(session: Session, staff_id: UUID | None) -> list[Report]:
    """Those that there are, newest first."""
    read = _read_by(session, staff_id)
    return [
        Report(each.week, each.questions, each.at, each.week in read) for each in _reported(session)
    ]


def _reported(session: Session) -> list[Report]:
    wanted = select(Entry).where(Entry.kind == UnusualReadsReported.kind)
    newest = wanted.order_by(Entry.xid.desc(), Entry.id.desc()).limit(SHOWN)
    return [
        Report(_week(each), sum(each.facts["questions"].values()), each.at, read=False)
        for each in session.scalars(newest)
    ]


def _read_by(session: Session, staff_id: UUID | None) -> set[Week]:
    wanted = select(Entry).where(Entry.kind == UnusualReportRead.kind, Entry.actor_id == staff_id)
    return {_week(each) for each in session.scalars(wanted)}


def _week(entry: Entry) -> Week:
    return Week(date.fromisoformat(entry.facts["week"]))


def unread(session: Session, staff_id: UUID | None) -> list[Week]:
    """Of the last weeks, those whose report this one of the staff has not opened, oldest first."""
    oldest = Week.of(clock.now()).back(TOLD_FOR)
    return sorted(
        each.week for each in reports(session, staff_id) if not each.read and each.week >= oldest
    )


def opened(session: Session, week: Week, staff_id: UUID | None) -> None:
    """Write down that the report was seen, the first time; a week without a report has none."""
    if any(each.week == week and not each.read for each in reports(session, staff_id)):
        journal.record(session, UnusualReportRead(week=week.monday.isoformat()))
