"""The figures: what they count, that the journal tells the same, and files that run nothing."""

import csv
import io
from collections.abc import Callable
from datetime import date, datetime, timedelta

import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from dispatch.rota import HOME_ZONE
from registry.access import Role
from registry.journal import Entry
from registry.kit import clock, db
from registry.kit.db import new_id
from registry.staff import Staff
from telecare import alarms, figures
from telecare.alarms import Alarm, Outcome
from telecare.figures import Figures
from telecare.protocols.base import Kind

SignIn = Callable[..., TestClient]
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=HOME_ZONE)
Waits = list[tuple[int | None, bool]]


def raised(session: Session, account: str = "4711") -> Alarm:
    return alarms.raise_(
        session,
        signal_id=new_id(),
        position=0,
        account=account,
        device_id=None,
        person_id=None,
        kind=Kind.PERSONAL,
        code="101",
    )


def told(session: Session, who: Staff, waits: Waits) -> Figures:
    """Alarms that wait so long for their first claim (None: still); some are handed back."""
    for number, (wait, back) in enumerate(waits):
        begun = NOON + timedelta(minutes=10 * number)
        with time_machine.travel(begun, tick=False):
            alarm = raised(session)
        if wait is None:
            continue
        with time_machine.travel(begun + timedelta(seconds=wait), tick=False):
            alarms.claim(session, alarm, who.id)
        with time_machine.travel(begun + timedelta(seconds=wait + 30), tick=False):
            if back:
                alarms.hand_back(session, alarm)
                alarms.claim(session, alarm, who.id)
            alarms.close(session, alarm, outcome=Outcome.PRESSED_BY_MISTAKE, note="sta bene")
    with time_machine.travel(NOON + timedelta(days=1), tick=False):
        return figures.of(session, NOON - timedelta(hours=1), clock.now())


def test_answers_are_counted_against_the_targets(session: Session, anna: Staff) -> None:
    found = told(session, anna, [(10, False), (60, True), (61, False), (181, False), (None, False)])
    (one, three) = found.levels
    assert (one.counted, one.reached, one.percent, one.met) == (5, 2, 40.0, False)
    assert (three.counted, three.reached, three.percent) == (5, 3, 60.0)
    assert [each.seconds for each in found.late] == [None, 181.0]
    assert (found.middle, found.false_alarms, found.kinds) == (60.5, 4, {"personal": 5})
    assert [(each.day, each.alarms, each.in_time) for each in found.days] == [
        (date(2026, 11, 20), 5, 2)
    ]


def test_without_alarms_there_is_no_per_cent(session: Session) -> None:
    found = figures.of(session, NOON, NOON + timedelta(days=1))
    assert [(each.percent, each.met) for each in found.levels] == [(None, None)] * 2
    assert found.middle is None


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    waits=st.lists(
        st.tuples(st.none() | st.integers(min_value=0, max_value=400), st.booleans()), max_size=6
    )
)
def test_the_answer_times_are_those_a_recount_of_the_journal_gives(
    session: Session, anna: Staff, waits: Waits
) -> None:
    with session.begin_nested() as undone:
        found = told(session, anna, waits)
        began: dict[str, datetime] = {}
        first: dict[str, float] = {}
        for line in session.scalars(select(Entry).order_by(Entry.id)):
            alarm = str(line.facts.get("alarm_id"))
            if line.kind == "telecare.alarm_raised":
                began[alarm] = line.at
            if line.kind == "telecare.alarm_claimed" and alarm not in first:
                first[alarm] = (line.at - began[alarm]).total_seconds()
        assert {str(each.alarm_id): each.seconds for each in found.answers} == {
            alarm: first.get(alarm) for alarm in began
        }
        undone.rollback()


def test_the_page_and_its_files(signed_in: SignIn) -> None:
    client = signed_in("carla", Role.COORDINATOR, name="Carla Esempio")
    with db.transaction() as session:
        raised(session, account="=CMD()")
    asked = {"Accept": "text/html", "Accept-Language": "it"}
    assert "richiesto 97,5 %" in client.get("/cifre", headers=asked).text
    text = client.get("/cifre.csv").content.decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(text), delimiter=";"))[1][2] == "'=CMD()"
    book = load_workbook(io.BytesIO(client.get("/cifre.xlsx").content))
    cell = book.worksheets[0]["C2"]
    assert (cell.value, cell.data_type) == ("'=CMD()", "s")
    assert client.get("/cifre.csv?da=2026-02-01&a=2026-01-01").status_code == 422
    assert signed_in("bruno", Role.OPERATOR).get("/cifre").status_code == 403
