"""A call for help: Maria rings, Anna answers, writes what came of it; the case tells it.

Every process of the house runs; the only way in are its HTTP and WebSocket doors and the telephone.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from callcenter import lines
from callcenter.carriers import account as accounts
from callcenter.carriers.simulated_town import Town, town
from registry import people
from registry.access import Role
from registry.kit import db
from registry.kit.settings import settings
from tests.stories.conftest import House
from tests.stories.screens import Screen, screen
from tests.waiting import eventually

LINE = "081 555 0100"
MARIA = "+390815550101"


@dataclass
class Desk:
    """An operator with a headset and a screen."""

    api: httpx2.Client
    screen: Screen

    def kinds(self) -> list[str]:
        return [each["kind"].removeprefix("callcenter.") for each in self.screen.heard]

    def call(self, call_id: str) -> dict[str, Any]:
        return done(self.api.get(f"/calls/{call_id}"))

    def offered(self) -> dict[str, Any] | None:
        me = done(self.api.get("/me"))["staff_id"]
        found = done(self.api.get("/calls", params={"state": "offered"}))["items"]
        return next((each for each in found if each["offered_to"] == me), None)


@pytest.fixture(scope="module")
def outside(house: House) -> Town:
    """The town around the house, which has one line."""
    with db.transaction() as session:
        lines.add(session, number=LINE, name="Linea sociale", greeting="Buongiorno.")
    return town(accounts.of(settings()))


@contextmanager
def desk(house: House, login: str, name: str) -> Iterator[Desk]:
    """Somebody sits down: their screen is connected and says that it is there."""
    client = house.somebody(login, name, Role.OPERATOR)
    with client, screen(house, client) as hers:
        yield Desk(client, hers)


def done(answer: httpx2.Response) -> dict[str, Any]:
    assert answer.status_code < 300, answer.text
    body: dict[str, Any] = answer.json()
    return body


def heard_by(place: Town, sid: str) -> str:
    return " ".join(next(each["heard"] for each in place.calls() if each["sid"] == sid))


def test_a_call_for_help(house: House, outside: Town) -> None:
    with db.transaction() as session:
        maria = people.create(session, given_name="Maria", family_name="Prova", birth_year=1942)
        people.add_phone(session, maria, MARIA)
        maria_id = str(maria.id)
    with desk(house, "anna", "Anna Riva") as anna:
        # Maria rings. Her file is found by the number; Anna is asked, because she is at her desk.
        sid = outside.ring(from_=MARIA, to="+390815550100")
        call = eventually(anna.offered, within=40)
        assert (call["number"], call["person_id"]) == (MARIA, maria_id)
        person = done(anna.api.get(f"/people/{call['person_id']}"))
        assert person["name"] == "Maria Prova"

        # Anna says yes; her telephone joins, and only then is Maria led to her.
        done(anna.api.post(f"/calls/{call['id']}/accept"))
        eventually(lambda: anna.call(call["id"])["state"] == "talking", within=40)
        assert "Buongiorno." in heard_by(outside, sid)

        # What she writes is kept; nobody closes a call while they speak, nor without an outcome.
        done(anna.api.patch(f"/calls/{call['id']}", json={"note": "Chiede della mensa"}))
        early = anna.api.post(f"/calls/{call['id']}/close", json={"outcome": "information"})
        assert early.status_code == 409
        outside.hang_up(sid)
        eventually(lambda: anna.call(call["id"])["state"] == "ended", within=40)
        refused = anna.api.post(f"/calls/{call['id']}/close", json={})
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["field"] == "outcome"
        closed = done(anna.api.post(f"/calls/{call['id']}/close", json={"outcome": "information"}))
        assert (closed["state"], closed["note"]) == ("closed", "Chiede della mensa")

        # Every screen heard of it in order, and the case tells it.
        wanted = ["call_arrived", "call_offered", "call_answered", "call_connected"]
        wanted += ["call_ended", "call_closed"]
        eventually(lambda: [kind for kind in anna.kinds() if kind in wanted] == wanted)
        told = done(anna.api.get(f"/cases/{closed['case_id']}/timeline"))["items"]
        kinds = {entry["kind"] for entry in told}
        assert {"callcenter.call_answered", "callcenter.call_closed"} <= kinds
        # No line is left up.
        eventually(lambda: all(each["state"] == "completed" for each in outside.calls()), within=20)


def test_nobody_at_the_desk_answers_until_somebody_sits_down(house: House, outside: Town) -> None:
    sid = outside.ring(from_="+390815550199", to="+390815550100")
    with desk(house, "bruno", "Bruno Costa") as bruno:
        call = eventually(bruno.offered, within=40)
        eventually(lambda: "linea" in heard_by(outside, sid))
        done(bruno.api.post(f"/calls/{call['id']}/accept"))
        eventually(lambda: bruno.call(call["id"])["state"] == "talking", within=40)
        done(bruno.api.post(f"/calls/{call['id']}/hang-up"))
        closed = done(bruno.api.post(f"/calls/{call['id']}/close", json={"outcome": "silent"}))
        assert (closed["state"], closed["outcome"]) == ("closed", "silent")
        eventually(lambda: all(each["state"] == "completed" for each in outside.calls()), within=20)
