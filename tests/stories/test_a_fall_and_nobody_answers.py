"""A fall at night and nobody answers: 30, 60, 180 s, who is on call, the contacts, a team, 118."""

import json
from datetime import timedelta
from typing import Any

import httpx2

from callcenter import lines
from callcenter.carriers import account as accounts
from callcenter.carriers import simulated_town
from dispatch import rota, teams
from registry import people
from registry.access import Role
from registry.kit import clock, db
from telecare import devices, on_call, subscribers
from tests.stories import units
from tests.stories.conftest import House, move_time
from tests.waiting import eventually

ACCOUNT = "7C03"
CARLA, UGO, IDA = "+393335550190", "+390815550121", "+390815550122"
SAFE = "cassetta accanto al portone, codice 0000"


def told(house: House) -> tuple[httpx2.Client, httpx2.Client]:
    """Nina at home, Carla on call, a team on duty; nobody in the room answers tonight."""
    with db.transaction() as session:
        lines.add(session, number="081 555 0100", name="Linea sociale")
        nina = people.create(session, given_name="Nina", family_name="Prova", birth_year=1938)
        people.add_address(
            session,
            nina,
            street="via del Campione 3",
            town="Borgo Campione",
            latitude=40.82,
            longitude=14.12,
        )
        people.add_contact(session, nina, name="Ugo Prova", phone=UGO)
        people.add_contact(session, nina, name="Ida Prova", phone=IDA)
        subscribers.write(session, nina.id, way_in=SAFE)
        unit = devices.add(session, account=ACCOUNT, key=units.KEY.hex())
        subscribers.assign(session, unit, nina)
        on_call.add(session, name="Carla Esempio", number=CARLA)
        team = teams.form(session, name="Squadra 1", base_text="sede")
        rota.sign_on(session, team, until=clock.now() + timedelta(hours=8))
        team_id = team.id
    accounts.account.cache_clear()
    town = simulated_town.town()
    for number, outcome in ((CARLA, "no-answer"), (UGO, "busy"), (IDA, "no-answer")):
        town.behave(number, outcome=outcome)
    return (
        house.somebody("anna", "Anna Riva", Role.OPERATOR),
        house.somebody("squadra1", "Squadra 1", Role.TEAM, team_id=team_id),
    )


def done(answer: httpx2.Response) -> Any:
    assert answer.status_code < 300, answer.text
    return answer.json()


def test_a_fall_at_night_and_nobody_answers(house: House) -> None:
    anna, squad = told(house)
    units.report(house.dc09, units.sealed(ACCOUNT, 1, "1103"))
    find = {"account": ACCOUNT}
    alarm_id = eventually(lambda: anna.get("/alarms", params=find).json()["items"])[0]["id"]

    # 30 and 60 s: the room, the coordinator. At 180 s the system itself begins to ring.
    for level, seconds in ((1, 30), (2, 30), (3, 120)):
        move_time(seconds)
        eventually(lambda level=level: done(anna.get(f"/alarms/{alarm_id}"))["level"] == level)  # type: ignore[misc]

    # Carla twice, then Ugo and Ida twice each, in this order; killed in the middle, nobody twice.
    def rung() -> list[str]:
        made = done(anna.get(f"/alarms/{alarm_id}/rounds"))
        return [each["name"] for one in made for each in one["tries"]]

    eventually(lambda: len(rung()) >= 3, within=40)
    for process in ("sweep", "work"):
        house.kill(process)
        house.start(process)
    asked = eventually(lambda: done(squad.get("/teams/me"))["asked"], within=90)
    assert rung() == ["Carla Esempio"] * 2 + ["Ugo Prova", "Ida Prova"] * 2
    rounds = done(anna.get(f"/alarms/{alarm_id}/rounds"))
    assert [each["state"] for each in rounds] == ["exhausted", "exhausted"]
    outcomes = {each["name"]: each["went"] for one in rounds for each in one["tries"]}
    assert outcomes["Ugo Prova"] in {"busy", "uncertain"}

    # A team was asked for by the house itself. Anna comes, takes it, and has the sheet for 118.
    assert "Nina" not in json.dumps(asked)
    done(anna.post(f"/alarms/{alarm_id}/claim"))
    sheet = anna.get(f"{house.url}/allarmi/{alarm_id}/118", headers={"Accept-Language": "it"})
    assert sheet.status_code == 200
    for words in ("Scheda per il 118", "Nina Prova", "via del Campione 3", SAFE, "Ugo Prova: "):
        assert words in sheet.text
    taken = done(anna.post(f"/alarms/{alarm_id}/steps", json={"position": 3}))
    assert [each["what"] for each in taken][-2:] == ["ask_team", "emergency"]
    closing = {"outcome": "ambulance_called", "note": "chiamato il 118, squadra sul posto"}
    assert done(anna.post(f"/alarms/{alarm_id}/close", json=closing))["state"] == "closed"
