"""Planned calls: a week of them, with two missed; rung by the system, or spoken by an operator."""

from collections.abc import Callable
from datetime import datetime, time, timedelta

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from callcenter import announced, calls, lines, operators, queues
from callcenter.call_events import CallClosed
from callcenter.call_states import CallState
from callcenter.calls import Call
from dispatch.rota import HOME_ZONE
from registry import deadlines, people
from registry.journal import Entry
from registry.kit import db
from registry.kit.errors import Invalid, WrongState
from registry.people import Person
from registry.staff import Staff
from telecare import absences, devices, planned, reassurance
from telecare.absences import Reason
from telecare.alarms import Alarm
from telecare.planned import By, PlannedCall, PlannedState, Purpose, Result
from tests.callcenter import room

SignIn = Callable[..., TestClient]
MONDAY = datetime(2026, 11, 23, 6, 0, tzinfo=HOME_ZONE)


@pytest.fixture
def rosa(session: Session) -> Person:
    lines.add(session, number=room.LINE, name="Linea sociale")
    return at_home(session)


def at_home(session: Session) -> Person:
    person = people.create(session, given_name="Rosa", family_name="Prova")
    people.add_phone(session, person, "081 555 0101")
    devices.add(session, account="4711", person_id=person.id)
    return person


def every_day(session: Session, person: Person, by: By, at: time = time(10)) -> None:
    planned.plan(session, person.id, purpose=Purpose.CHECK, by=by, days="1234567", at=at)


def today(session: Session) -> list[PlannedCall]:
    return list(planned.of_day(session, planned.today()))


def keeps(session: Session) -> None:
    """What is due by now, as the sweeper keeps it."""
    room.sweep(session)


def answers(session: Session, key: str) -> None:
    """The person picks up the system's call and presses a key, or none."""
    call = session.scalars(select(Call).order_by(Call.id.desc()).limit(1)).one()
    call.state = CallState.RINGING
    announced.answered(call)
    if key:
        announced.replied(session, call, key)
    with queues.turn(session):
        calls.end(session, call, because="other_hung_up")
    reassurance.heard(session, CallClosed(call_id=call.id, outcome="reached"))


def test_a_week_of_planned_calls_with_two_missed(session: Session, rosa: Person) -> None:
    with time_machine.travel(MONDAY - timedelta(days=1), tick=False):
        every_day(session, rosa, By.SYSTEM, at=time(5))
    silent_on = {1, 4}
    for day in range(7):
        morning = MONDAY + timedelta(days=day)
        for hour, minute in ((0, 1), (5, 0), (5, 11), (6, 1)):
            with time_machine.travel(morning.replace(hour=hour, minute=minute), tick=False):
                before = session.query(Call).count()
                keeps(session)
                if session.query(Call).count() > before:
                    answers(session, "" if day in silent_on else "1")
                    session.flush()
        with time_machine.travel(morning.replace(hour=12), tick=False):
            (one,) = today(session)
            wanted = PlannedState.MISSED if day in silent_on else PlannedState.DONE
            assert (day, one.state, one.tries) == (day, wanted, 2 if day in silent_on else 1)
    raised = session.scalars(select(Alarm).order_by(Alarm.id)).all()
    assert [each.code for each in raised] == [planned.CODE] * 2
    assert [each.person_id for each in raised] == [rosa.id] * 2
    for alarm in raised:
        assert deadlines.of(session, alarm.id)
    results = session.scalars(
        select(Entry.facts["outcome"].astext).where(Entry.kind == "telecare.planned_call_done")
    ).all()
    assert results == ["well"] * 5


@pytest.mark.parametrize(
    ("language", "others", "said"),
    [
        ("en", [], ("en", "Good day Rosa")),
        ("uk", ["en"], ("en", "Good day Rosa")),
        ("uk", [], ("it", "Buongiorno Rosa")),
        ("it", ["en"], ("it", "Buongiorno Rosa")),
    ],
)
def test_the_person_is_spoken_to_in_a_language_of_theirs(
    session: Session, rosa: Person, language: str, others: list[str], said: tuple[str, str]
) -> None:
    rosa.language, rosa.other_languages = language, others
    with time_machine.travel(MONDAY, tick=False):
        every_day(session, rosa, By.SYSTEM, at=time(7))
        keeps(session)
    with time_machine.travel(MONDAY.replace(hour=7), tick=False):
        keeps(session)
    call = session.scalars(select(Call)).one()
    assert (call.language, call.sentence.split(",")[0]) == said


def test_who_is_away_is_not_rung_and_raises_no_alarm(session: Session, rosa: Person) -> None:
    with time_machine.travel(MONDAY, tick=False):
        every_day(session, rosa, By.SYSTEM)
        every_day(session, rosa, By.OPERATOR, at=time(11))
        keeps(session)
        absences.declare(session, rosa, reason=Reason.HOSPITAL)
    with time_machine.travel(MONDAY.replace(hour=13), tick=False):
        keeps(session)
        assert {each.state for each in today(session)} == {PlannedState.SKIPPED}
    assert session.query(Call).count() == session.query(Alarm).count() == 0


def test_who_presses_two_is_called_by_an_operator(
    session: Session, rosa: Person, anna: Staff
) -> None:
    operators.of(session, anna.id)
    with time_machine.travel(MONDAY, tick=False):
        every_day(session, rosa, By.SYSTEM, at=time(7))
        keeps(session)
    with time_machine.travel(MONDAY.replace(hour=7), tick=False):
        keeps(session)
        answers(session, "2")
        (one,) = today(session)
        assert (one.state, one.operator_id) == (PlannedState.TO_DO, anna.id)
        assert {each.kind for each in deadlines.of(session, one.id)} == {planned.MISSED}

        made = reassurance.call(session, one, anna.actor)
        calls.hang_up(session, made)
        reassurance.finish(session, one, Result.WELL, "")
        assert room.state_of(made) is CallState.CLOSED
        assert deadlines.of(session, one.id) == []
        with pytest.raises(WrongState):
            planned.done(session, one, Result.WELL)


def test_the_list_is_shared_evenly(
    session: Session, rosa: Person, anna: Staff, bruno: Staff
) -> None:
    for each in (anna, bruno):
        operators.of(session, each.id)
    with time_machine.travel(MONDAY, tick=False):
        for hour in range(8, 14):
            every_day(session, rosa, By.OPERATOR, at=time(hour))
        keeps(session)
        keeps(session)
        shares = [each.operator_id for each in today(session)]
    assert sorted(map(shares.count, {anna.id, bruno.id})) == [3, 3]


def test_a_plan_written_after_its_hour_begins_tomorrow_and_an_ended_one_is_off_the_list(
    session: Session, rosa: Person
) -> None:
    with time_machine.travel(MONDAY.replace(hour=12), tick=False):
        every_day(session, rosa, By.OPERATOR, at=time(8))
        every_day(session, rosa, By.OPERATOR, at=time(16))
        keeps(session)
        (later,) = today(session)
        assert later.due_at.astimezone(HOME_ZONE).hour == 16
        for plan in planned.plans_of(session, rosa.id):
            planned.end_plan(session, plan)
        assert later.state is PlannedState.SKIPPED
        assert deadlines.of(session, later.id) == []


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"days": ""}, "days"), ({"within_minutes": 5}, "within_minutes")],
)
def test_a_plan_has_to_be_possible(
    session: Session, rosa: Person, wrong: dict[str, object], field: str
) -> None:
    given = {"purpose": Purpose.HEAT, "by": By.SYSTEM, "days": "1", "at": time(9)} | wrong
    with pytest.raises(Invalid) as refused:
        planned.plan(session, rosa.id, **given)  # type: ignore[arg-type]
    assert refused.value.field == field


def test_todays_list_through_the_whole_application(signed_in: SignIn) -> None:
    client = signed_in()
    with db.transaction() as session:
        rosa = at_home(session).id
    new = {"person_id": str(rosa), "purpose": "company", "days": "1234567", "at": "23:59"}
    made = client.post("/api/v1/planned-calls/plans", json=new | {"within_minutes": 720})
    assert made.status_code == 201
    with db.transaction() as session:
        planned.prepare(session, planned.the_house)
    (one,) = client.get("/api/v1/planned-calls").json()
    url = f"/api/v1/planned-calls/{one['id']}/done"
    refused = client.post(url, json={"result": "follow_up"})
    assert refused.json()["errors"][0]["field"] == "note"
    done = client.post(url, json={"result": "follow_up", "note": "vuole parlare con il medico"})
    assert (done.json()["state"], done.json()["result"]) == ("done", "follow_up")
    assert client.post(url, json={"result": "well"}).status_code == 409
    ended = client.post(f"/api/v1/planned-calls/plans/{made.json()['id']}/end")
    assert ended.status_code == 204
