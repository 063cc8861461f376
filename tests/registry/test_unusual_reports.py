"""The weekly report of unusual readings: whole weeks, each once, missed ones made up for."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from threading import Thread
from zoneinfo import ZoneInfo

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session

from registry import deadlines, people, unusual_reports
from registry.access import Role
from registry.deadlines import Deadline
from registry.journal import Entry
from registry.kit.db import transaction
from registry.staff import Staff
from registry.unusual import Why
from registry.unusual_reports import (
    REPORT,
    UnusualReadsReported,
    UnusualReportRead,
    Week,
    next_time,
    the_house,
)
from tests.conftest import somebody

ROME = ZoneInfo("Europe/Rome")
NOVEMBER = Week(date(2026, 11, 16))  # an ordinary week, to Sunday 22
MONDAY = datetime(2026, 11, 23, 4, 0, 1, tzinfo=ROME)


@pytest.fixture
def aldo(session: Session) -> Staff:
    return somebody(session, "aldo", "Aldo Verifica", Role.AUDITOR)


@pytest.fixture
def monday() -> Iterator[None]:
    """A second after the report is due."""
    with time_machine.travel(MONDAY, tick=False):
        yield


def weeks(session: Session, kind: str = UnusualReadsReported.kind) -> list[str]:
    wanted = select(Entry).where(Entry.kind == kind).order_by(Entry.id)
    return [each.facts["week"] for each in session.scalars(wanted)]


def report_all(session: Session) -> None:
    while unusual_reports.report_next(session):
        session.flush()


@pytest.mark.parametrize(
    ("monday", "hours"),
    [(date(2026, 11, 16), 168), (date(2026, 3, 23), 167), (date(2026, 10, 19), 169)],
)
def test_a_week_is_from_midnight_to_midnight_of_ours(monday: date, hours: int) -> None:
    week = Week(monday)

    assert week.until - week.since == timedelta(hours=hours)
    assert week.since.astimezone(ROME).hour == week.until.astimezone(ROME).hour == 0
    assert Week.of(week.since) == week == Week.of(week.until - timedelta(microseconds=1))
    assert Week.of(week.until) == week.back(-1)
    assert Week.of(week.since - timedelta(microseconds=1)) == week.back(1)


@pytest.mark.parametrize(
    ("now", "due"),
    [
        # Winter, an hour before and the very moment; then over both changes of the clocks.
        ("2026-11-23T02:59:59+00:00", "2026-11-23T03:00:00+00:00"),
        ("2026-11-23T03:00:00+00:00", "2026-11-30T03:00:00+00:00"),
        ("2026-03-28T12:00:00+00:00", "2026-03-30T02:00:00+00:00"),
        ("2026-10-24T12:00:00+00:00", "2026-10-26T03:00:00+00:00"),
    ],
)
def test_the_report_is_due_on_monday_at_four(now: str, due: str) -> None:
    assert next_time(datetime.fromisoformat(now)) == datetime.fromisoformat(due)


def test_the_report_counts_the_whole_ended_week_and_nothing_else(
    session: Session, anna: Staff
) -> None:
    namesake = people.create(session, given_name="Zia", family_name="Riva")
    moments = (
        NOVEMBER.since - timedelta(seconds=1),
        NOVEMBER.since,
        NOVEMBER.until - timedelta(seconds=1),
        NOVEMBER.until,
    )
    for moment in moments:
        with time_machine.travel(moment, tick=False):
            session.info["actor"] = anna.actor
            people.read(session, namesake.id, anna.actor)
    del session.info["actor"]

    with time_machine.travel(MONDAY, tick=False):
        assert unusual_reports.report_next(session)

    kind = UnusualReadsReported.kind
    entry = session.scalars(select(Entry).where(Entry.kind == kind)).one()
    assert entry.facts == {"week": "2026-11-16", "questions": {Why.SAME_FAMILY_NAME.value: 1}}
    assert (entry.actor_id, entry.person_id) == (None, None)


@pytest.mark.usefixtures("monday")
def test_a_week_is_reported_once(session: Session) -> None:
    assert unusual_reports.report_next(session)
    assert not unusual_reports.report_next(session)
    assert weeks(session) == ["2026-11-16"]


def test_missed_weeks_are_made_up_for_when_the_house_is_up_again(session: Session) -> None:
    with time_machine.travel(MONDAY, tick=False):
        report_all(session)
    with time_machine.travel(MONDAY + timedelta(weeks=3, days=2), tick=False):
        report_all(session)

    assert weeks(session) == ["2026-11-16", "2026-11-23", "2026-11-30", "2026-12-07"]


@pytest.mark.usefixtures("monday", "database")
def test_two_workers_and_one_that_was_killed_report_a_week_once_and_set_the_next_monday() -> None:
    both = [Thread(target=unusual_reports.report, args=(the_house,)) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    # Killed after it had reported and before the deadline was set anew: it runs again.
    with transaction() as session:
        deadlines.set_(session, REPORT, the_house, MONDAY)
    unusual_reports.report(the_house)

    with transaction() as session:
        assert weeks(session) == ["2026-11-16"]
        due = session.scalar(select(Deadline.due_at).where(Deadline.kind == REPORT))
    assert due == datetime(2026, 11, 30, 3, tzinfo=UTC)


@pytest.mark.usefixtures("database")
def test_the_sweeper_sets_the_first_monday_and_leaves_it() -> None:
    for moment in (MONDAY - timedelta(days=3), MONDAY + timedelta(days=1)):
        with time_machine.travel(moment, tick=False):
            unusual_reports.begin()

    with transaction() as session:
        due = session.scalar(select(Deadline.due_at).where(Deadline.kind == REPORT))
    assert due == datetime(2026, 11, 23, 3, tzinfo=UTC), "still due, though the house was off"


@pytest.mark.usefixtures("monday")
def test_a_report_is_to_be_read_until_it_was_opened_by_each(
    session: Session, aldo: Staff, anna: Staff
) -> None:
    report_all(session)
    assert unusual_reports.unread(session, aldo.id) == [NOVEMBER]
    session.info["actor"] = aldo.actor

    for week in (NOVEMBER.back(-1), NOVEMBER, NOVEMBER):  # one that runs, one reported, again
        unusual_reports.opened(session, week, aldo.id)

    assert unusual_reports.unread(session, aldo.id) == []
    assert unusual_reports.unread(session, anna.id) == [NOVEMBER]
    assert weeks(session, UnusualReportRead.kind) == ["2026-11-16"]


def test_nobody_is_told_of_old_reports(session: Session, aldo: Staff) -> None:
    with time_machine.travel(MONDAY, tick=False):
        report_all(session)
    with time_machine.travel(MONDAY + timedelta(weeks=5), tick=False):
        assert unusual_reports.unread(session, aldo.id) == []
        assert [each.week for each in unusual_reports.reports(session, aldo.id)] == [NOVEMBER]
