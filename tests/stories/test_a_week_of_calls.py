"""A week: planned calls with two missed, a press and its cancel, a pendant's battery replaced.

Every process of the house runs; the only ways in are its HTTP door, the units' and the telephone.
"""

from collections.abc import Callable
from datetime import time, timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import select, text

from callcenter import lines
from callcenter.call_states import CallState
from callcenter.calls import Call
from callcenter.carriers import account as accounts
from callcenter.carriers import simulated_town
from callcenter.carriers.simulated_town import Town
from dispatch.rota import HOME_ZONE
from registry import people
from registry.access import Role
from registry.kit import clock, db, live
from telecare import devices, subscribers
from tests.stories import units
from tests.stories.conftest import House, move_time
from tests.waiting import eventually

ACCOUNT = "6E01"
NINA = "+390815550141"
SILENT_ON = {1, 4}  # days of the week, from its first


@pytest.fixture(scope="module")
def nina(house: House) -> str:
    """Nina's file: a phone, an address, a unit."""
    with db.transaction() as session:
        lines.add(session, number="081 555 0100", name="Linea sociale")
        person = people.create(session, given_name="Nina", family_name="Prova", birth_year=1938)
        people.add_phone(session, person, NINA)
        people.add_address(session, person, street="via del Campione 3", town="Borgo Campione")
        unit = devices.add(session, account=ACCOUNT, key=units.KEY.hex())
        subscribers.assign(session, unit, person)
    accounts.account.cache_clear()
    return str(person.id)


@pytest.fixture(scope="module")
def anna(house: House) -> httpx2.Client:
    return house.somebody("anna", "Anna Riva", Role.OPERATOR, Role.COORDINATOR)


def done(answer: httpx2.Response) -> Any:
    assert answer.status_code < 300, answer.text
    return answer.json()


def later(seconds: float) -> None:
    """Time goes on, and the house looks at once."""
    move_time(seconds)
    live.ring()


def soon(true: Callable[[], Any]) -> Any:
    """As `eventually`, while the house is rung at the door: a week of its seconds is long."""

    def rung() -> Any:
        live.ring()
        return true()

    return eventually(rung, within=60)


def a_day_goes_by() -> None:
    """What was planned and done today was so yesterday: the house writes a new list."""
    back = (
        "UPDATE planned_calls SET day = day - 1, due_at = due_at - interval '1 day', "
        "until_at = until_at - interval '1 day' WHERE id = :id"
    )
    with db.engine().begin() as connection:
        # The oldest first: a plan has one call on a day.
        for (call,) in connection.execute(text("SELECT id FROM planned_calls ORDER BY day")).all():
            connection.execute(text(back), {"id": call})
    later(timedelta(days=1).total_seconds())


def an_hour_that_has_come() -> time:
    """So that the call is due at once and has hours left, at whatever hour this runs."""
    now = clock.now().astimezone(HOME_ZONE)
    return time(max(0, now.hour - 6), 0)


def the_one(anna: httpx2.Client, *states: str) -> dict[str, Any] | None:
    """Today's only call, once it is in one of these states."""
    found = done(anna.get("/planned-calls"))
    return next((each for each in found if each["state"] in states), None)


def she_presses_one(town: Town) -> None:
    """Once she hears what is asked: a key pressed before counts for nothing."""

    def asked() -> str | None:
        with db.transaction() as session:
            wanted = select(Call.sid).where(
                Call.number == NINA, Call.state == CallState.ANSWERED, Call.reply == ""
            )
            answered = set(session.scalars(wanted))
        hears = (each["sid"] for each in town.calls() if each["heard"])
        return next((each for each in hears if each in answered), None)

    town.press(soon(asked), "1")


def nobody_picks_up(anna: httpx2.Client) -> None:
    """Rung twice, then its time is over."""

    def rung(times: int) -> bool:
        return (the_one(anna, "to_do") or {}).get("tries") == times

    soon(lambda: rung(1))
    later(600)
    soon(lambda: rung(2))
    later(timedelta(hours=13).total_seconds())


def test_a_week_of_planned_calls_with_two_missed(
    house: House, anna: httpx2.Client, nina: str
) -> None:
    town = simulated_town.town()
    wish = {
        "person_id": nina,
        "purpose": "check",
        "by": "system",
        "days": "1234567",
        "at": an_hour_that_has_come().isoformat(),
        "within_minutes": 720,
    }
    done(anna.post("/planned-calls/plans", json=wish))
    for day in range(7):
        if day:
            a_day_goes_by()
        if day in SILENT_ON:
            town.behave(NINA, outcome="no-answer")
            nobody_picks_up(anna)
            missed = soon(lambda: the_one(anna, "missed"))
            # It became an alarm that somebody takes and closes like any other.
            alarm = done(anna.get(f"/alarms/{missed['alarm_id']}"))
            assert (alarm["kind"], alarm["person_id"]) == ("inactivity", nina)
            done(anna.post(f"/alarms/{alarm['id']}/claim"))
            closing = {"outcome": "helped_by_voice", "note": "era in giardino, sta bene"}
            done(anna.post(f"/alarms/{alarm['id']}/close", json=closing))
        else:
            town.behave(NINA, answers_after="0", talks_for="60", outcome="in-progress")
            she_presses_one(town)
            well = soon(lambda: the_one(anna, "done"))
            assert (well["result"], well["tries"], well["alarm_id"]) == ("well", 1, None)
    today = clock.now().astimezone(HOME_ZONE).date()
    days = [done(anna.get("/planned-calls", params={"day": f"{today - timedelta(days=6 - each)}"}))
            for each in range(7)]  # fmt: skip
    assert [len(each) for each in days] == [1] * 7
    assert [each[0]["state"] == "missed" for each in days] == [
        each in SILENT_ON for each in range(7)
    ]
    rung = [leg for leg in town.calls() if leg["to"] == NINA]
    assert len(rung) == 5 + 2 * 2, "once when she answers, twice when she does not"


def test_a_press_is_taken_back_answered_and_closed(house: House, anna: httpx2.Client) -> None:
    units.report(house.dc09, units.sealed(ACCOUNT, 1, "1101"))
    units.report(house.dc09, units.sealed(ACCOUNT, 2, "1406"))
    find = {"account": ACCOUNT}

    def taken_back() -> dict[str, Any] | None:
        found = [one for one in done(anna.get("/alarms", params=find))["items"]
                 if one["kind"] == "personal"]  # fmt: skip
        return found[0] if found and found[0]["called_off_at"] else None

    press = eventually(taken_back, within=40)
    # The cancel hides nothing: it waits on the board, with its next deadline, until somebody asks.
    assert press["state"] == "waiting"
    waiting = {each["id"] for each in done(anna.get("/board"))["waiting"]}
    assert press["id"] in waiting
    with db.transaction() as session:
        due = text("SELECT count(*) FROM deadlines WHERE subject_id = :alarm")
        assert session.scalar(due, {"alarm": press["id"]}) == 1

    done(anna.post(f"/alarms/{press['id']}/claim"))
    town = simulated_town.town()
    town.behave(NINA, answers_after="0", talks_for="60", outcome="in-progress")
    call_id = done(anna.post(f"/alarms/{press['id']}/call-home"))["call_id"]
    eventually(lambda: done(anna.get(f"/calls/{call_id}"))["state"] == "talking", within=40)
    done(anna.post(f"/calls/{call_id}/hang-up"))
    closing = {"outcome": "pressed_by_mistake", "note": "ha annullato lei, sta bene"}
    assert done(anna.post(f"/alarms/{press['id']}/close", json=closing))["state"] == "closed"
    assert press["id"] not in {each["id"] for each in done(anna.get("/board"))["waiting"]}


def test_a_pendant_battery_replaced_by_a_technician(house: House, anna: httpx2.Client) -> None:
    tea = house.somebody("tea", "Tea Tecnica", Role.TECHNICIAN)
    units.report(house.dc09, units.sealed(ACCOUNT, 3, "1384"))
    (fault,) = eventually(lambda: done(anna.get("/faults"))["items"])
    job = done(anna.post(f"/faults/{fault['id']}/tech-job"))
    here = f"/tech-jobs/{job['id']}"
    done(tea.post(f"{here}/take"))
    done(tea.post(f"{here}/test"))
    report = {"report": "batteria del pendente cambiata"}
    assert tea.post(f"{here}/finish", json=report).status_code == 409, "no test has come yet"

    units.report(house.dc09, units.sealed(ACCOUNT, 4, "1101"))
    eventually(lambda: done(tea.get(here))["tested_at"], within=40)
    assert done(tea.post(f"{here}/finish", json=report))["state"] == "done"
    assert done(anna.get("/faults"))["items"] == []
    sheet = tea.get(f"{house.url}/apparecchi/{fault['device_id']}")
    assert "batteria del pendente cambiata" in sheet.text
