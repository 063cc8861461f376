"""A fall at night: the unit calls, Anna speaks with the home, a team goes; one case tells it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from callcenter import lines
from callcenter.call_states import CallState
from callcenter.calls import Call
from callcenter.carriers import account as accounts
from callcenter.carriers import simulated_town
from dispatch import rota, teams
from registry import people
from registry.access import Role
from registry.kit import clock, db
from telecare import devices, subscribers
from tests.stories import units
from tests.stories.conftest import House
from tests.stories.screens import Screen, screen
from tests.waiting import eventually

ACCOUNT = "7A01"
LINA, VITO = "+390815550113", "+390815550112"


@dataclass
class Night:
    """Who is there tonight."""

    house: House
    anna: httpx2.Client
    squad: httpx2.Client
    screen: Screen


@pytest.fixture
def night(house: House) -> Iterator[Night]:
    with db.transaction() as session:
        nina = people.create(session, given_name="Nina", family_name="Prova", birth_year=1938)
        people.add_phone(session, nina, "081 555 0111", "casa")
        people.add_address(
            session,
            nina,
            street="via del Campione 3",
            town="Borgo Campione",
            latitude=40.82,
            longitude=14.12,
            how_to_get_in="chiavi dalla vicina, interno 4",
        )
        people.add_contact(session, nina, name="Lina Prova", phone=LINA, relation="vicina")
        people.add_contact(session, nina, name="Vito Prova", phone=VITO, relation="figlio")
        device = devices.add(
            session, account=ACCOUNT, key=units.KEY.hex(), heartbeat_s=0, label="casa di Nina"
        )
        subscribers.assign(session, device, nina)
        lines.add(session, number="081 555 0100", name="Linea sociale")
        team = teams.form(session, name="Squadra 1", base_text="sede")
        rota.sign_on(session, team, until=clock.now() + timedelta(hours=8))
        team_id = team.id
    accounts.account.cache_clear()
    town = simulated_town.town()
    town.behave(LINA, answers_after="0", talks_for="1")
    town.behave(VITO, answers_after="0", talks_for="60")
    anna = house.somebody("anna", "Anna Riva", Role.OPERATOR)
    squad = house.somebody("squadra1", "Squadra 1", Role.TEAM, team_id=team_id)
    with anna, squad, screen(house, anna) as hers:
        yield Night(house, anna, squad, hers)


def vito_presses_one(anna: httpx2.Client, alarm_id: str) -> None:
    """The neighbour's voicemail hears the sentence and presses nothing; the son is next."""
    town = simulated_town.town()

    def asked() -> str | None:
        """A key pressed before the question counts for nothing."""
        with db.transaction() as session:
            wanted = select(Call).where(Call.number == VITO, Call.state == CallState.ANSWERED)
            call = session.scalars(wanted).first()
            answered = call.sid if call else None
        hears = (each["sid"] for each in town.calls() if each["heard"])
        return answered if answered in set(hears) else None

    town.press(eventually(asked, within=60), "1")

    def rung() -> list[tuple[str, str]] | None:
        (round_,) = anna.get(f"/alarms/{alarm_id}/rounds").json()
        tries = [(each["name"], each["went"]) for each in round_["tries"]]
        return tries if round_["state"] == "accepted" else None

    assert eventually(rung, within=40) == [("Lina Prova", "silent"), ("Vito Prova", "accepted")]


def done(answer: httpx2.Response) -> dict[str, Any]:
    assert answer.status_code < 300, answer.text
    body: dict[str, Any] = answer.json()
    return body


def test_a_fall_at_night(night: Night) -> None:
    anna, squad = night.anna, night.squad

    # The unit says that Nina fell, and gets its answer only now that it is in the archive.
    answer = units.report(night.house.dc09, units.sealed(ACCOUNT, 1, "1103"))
    assert b'"*ACK"0001' in answer
    alarm_id = night.screen.hears("telecare.alarm_raised")["alarm_id"]

    # Anna takes it: who it is, where, and whom to call.
    alarm = done(anna.post(f"/alarms/{alarm_id}/claim"))
    assert (alarm["kind"], alarm["lane"], alarm["trusted"]) == ("fall", "emergency", True)
    person = done(anna.get(f"/people/{alarm['person_id']}"))
    assert person["name"] == "Nina Prova"
    assert "interno 4" not in json.dumps(person), "how to get in is asked for apart"
    way_in = done(anna.post(f"/subscribers/{person['id']}/way-in", json={}))
    assert way_in["at_the_door"] == "chiavi dalla vicina, interno 4"

    # She calls the home; Nina answers through the unit.
    call_id = done(anna.post(f"/alarms/{alarm_id}/call-home"))["call_id"]
    eventually(lambda: done(anna.get(f"/calls/{call_id}"))["state"] == "talking", within=40)
    done(anna.patch(f"/alarms/{alarm_id}", json={"note": "è a terra, dolore al fianco"}))

    # While she speaks on, the system rings the contacts in turn: a voicemail, then a pressed 1.
    done(anna.post(f"/alarms/{alarm_id}/call-ladder"))
    vito_presses_one(anna, alarm_id)
    assert done(anna.get(f"/calls/{call_id}"))["state"] == "talking"
    done(anna.post(f"/calls/{call_id}/hang-up"))
    # A call made for an alarm needs no outcome of its own: that of the alarm says what came of it.
    eventually(lambda: done(anna.get(f"/calls/{call_id}"))["outcome"] == "reached")

    # A team is asked, accepts on its phone, goes, arrives and says how it ended.
    wish = {"reason": "caduta, non riesce ad alzarsi", "priority": "A"}
    job_id = done(anna.post(f"/alarms/{alarm_id}/ask-for-team", json=wish))["intervention_id"]
    asked = eventually(lambda: done(squad.get("/teams/me"))["asked"])
    assert "Nina" not in json.dumps(asked), "who it is comes with the job, not with the question"
    done(squad.post(f"/offers/{asked['id']}/accept", json={}))
    sheet = done(squad.get(f"/interventions/{job_id}/sheet"))
    assert "Nina Prova" in json.dumps(sheet)
    done(squad.post(f"/interventions/{job_id}/set-out", json={}))
    done(squad.post(f"/interventions/{job_id}/arrive", json={}))
    ending = {"outcome": "helped", "note": "rialzata, nessuna ferita"}
    done(squad.post(f"/interventions/{job_id}/close", json=ending))
    night.screen.hears("dispatch.intervention_closed")
    assert squad.get(f"/interventions/{job_id}/sheet").status_code in {403, 404, 409}

    # The alarm ends with an outcome and what Anna wrote; the case tells the whole night.
    refused = anna.post(f"/alarms/{alarm_id}/close", json={"outcome": "team_sent", "note": ""})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "note"
    closing = {"outcome": "team_sent", "note": "caduta in casa, rialzata dalla squadra"}
    closed = done(anna.post(f"/alarms/{alarm_id}/close", json=closing))
    assert closed["state"] == "closed"
    told = done(anna.get(f"/cases/{closed['case_id']}/timeline"))["items"]
    kinds = [entry["kind"] for entry in reversed(told)]
    expected = [
        "registry.case_opened",
        "telecare.alarm_claimed",
        "dispatch.intervention_requested",
        "dispatch.offer_accepted",
        "dispatch.team_set_out",
        "dispatch.team_arrived",
        "dispatch.intervention_closed",
        "telecare.alarm_closed",
    ]
    assert [kind for kind in kinds if kind in expected] == expected

    # What arrived is kept as it arrived.
    frame = done(anna.get("/signals", params={"account": ACCOUNT}))["items"][0]
    assert "ADM-CID" in frame["raw"]
    assert frame["became"] == "alarm"
