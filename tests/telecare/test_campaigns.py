"""A heat campaign: a list is read, shared evenly, followed to its last call; missed, an alarm."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from callcenter import lines, operators
from dispatch.rota import HOME_ZONE
from registry import people
from registry.access import Role
from registry.kit import db
from registry.kit.errors import Invalid, WrongState
from registry.people import Person
from registry.staff import Staff
from telecare import campaign_files, campaigns, planned
from telecare.alarms import Alarm
from telecare.campaigns import Campaign, Pace
from telecare.planned import By, PlannedCall, PlannedState, Purpose, Result
from telecare.protocols.base import Kind
from tests.callcenter import room
from tests.conftest import somebody

SignIn = Callable[..., TestClient]
JULY = datetime(2027, 7, 13, 9, 0, tzinfo=HOME_ZONE)
HEAD = "cognome;nome;telefono;anno"
LIST = f"""{HEAD}
Prova;Rosa;081 555 0101;1935
Esempio;Ugo;081 555 0102;1950
Finto;Ada;081 555 0103;1928
"""


def begin(session: Session, staff: Staff, content: str = LIST, by: By = By.OPERATOR) -> Campaign:
    lines.add(session, number=room.LINE, name="Linea sociale")
    return campaigns.begin(
        session,
        purpose=Purpose.HEAT,
        title="Caldo",
        by=by,
        people=campaign_files.read(session, content, staff.actor),
        pace=Pace(first_at=JULY, a_minute=1, within_minutes=60),
    )


def test_who_is_known_is_found_and_the_others_get_a_file(session: Session, anna: Staff) -> None:
    rosa = people.create(session, given_name="Rosa", family_name="PROVA")
    people.add_phone(session, rosa, "081 555 0101")
    made = begin(session, anna)
    called = {each.person_id for each in campaigns.calls_of(session, made.id)}
    assert rosa.id in called
    assert len(called) == len(session.scalars(select(Person.id)).all()) == 3
    ordered = [each.weight for each in campaigns.calls_of(session, made.id)]
    assert ordered == sorted(ordered, reverse=True)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("nome;telefono\nRosa;1", "missing: cognome"),
        (f"{HEAD}\nProva;Rosa;nessuno;1935\n;Ugo;081 555 0102;1950", "2 lines"),
        (f"{HEAD}\nProva;Rosa;081 555 0101;boh", "birth year"),
    ],
)
def test_a_wrong_list_is_told_and_nothing_is_written(
    session: Session, anna: Staff, content: str, says: str
) -> None:
    with pytest.raises(Invalid, match=says) as refused:
        begin(session, anna, content)
    assert refused.value.field == "list"


def test_the_calls_are_shared_evenly_over_what_everybody_has_already(
    session: Session, anna: Staff, bruno: Staff
) -> None:
    shared = campaigns.share({anna.id: 2, bruno.id: 0}, 4)
    assert shared[:2] == [bruno.id] * 2
    assert set(shared[2:]) == {anna.id, bruno.id}
    assert campaigns.share({}, 2) == [None, None]
    for each in (anna, bruno):
        operators.of(session, each.id)
    with time_machine.travel(JULY, tick=False):
        made = begin(session, anna)
        told = campaigns.progress(session, [made.id])[made.id]
    assert sorted(of for _, of in told.operators.values()) == [1, 2]


def test_it_is_followed_to_the_last_call_and_who_is_missed_becomes_an_alarm(
    session: Session, anna: Staff
) -> None:
    with time_machine.travel(JULY, tick=False):
        made = begin(session, anna)
        first, second, third = campaigns.calls_of(session, made.id)
        planned.done(session, first, Result.WELL)
        planned.done(session, second, Result.HELP_ASKED)
        session.flush()
        told = campaigns.progress(session, [made.id])[made.id]
        assert (told.over, told.percent, told.results) == (2, 66, {"well": 1, "help_asked": 1})
    with time_machine.travel(JULY + timedelta(hours=2), tick=False):
        room.sweep(session)
        assert third.state is PlannedState.MISSED
        told = campaigns.progress(session, [made.id])[made.id]
        assert (told.percent, told.states[PlannedState.MISSED]) == (100, 1)
    raised = session.scalars(select(Alarm).order_by(Alarm.id)).all()
    assert [each.kind for each in raised] == [Kind.PERSONAL, Kind.INACTIVITY]
    assert [each.person_id for each in raised] == [second.person_id, third.person_id]


def test_a_closed_campaign_calls_nobody_any_more(session: Session, anna: Staff) -> None:
    with time_machine.travel(JULY, tick=False):
        made = begin(session, anna, by=By.SYSTEM)
        campaigns.close(session, made)
        with pytest.raises(WrongState):
            campaigns.close(session, made)
    with time_machine.travel(JULY + timedelta(hours=3), tick=False):
        room.sweep(session)
    assert {each.state for each in session.scalars(select(PlannedCall))} == {PlannedState.SKIPPED}


def test_a_coordinator_begins_one_from_a_pasted_list(signed_in: SignIn) -> None:
    cora = signed_in("cora", Role.COORDINATOR, name="Cora Capo")
    said = {"purpose": "heat", "title": "Caldo", "list": LIST.replace("081 555 0102", "non so")}
    wrong = cora.post("/api/v1/campaigns", json=said)
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["field"] == "list"
    with db.transaction() as session:
        assert session.scalars(select(Person)).all() == []
        somebody(session, "anna", "Anna Riva", Role.OPERATOR)

    made = cora.post("/api/v1/campaigns", json=said | {"list": LIST}).json()
    assert (made["calls"], made["percent"]) == (3, 0)
    page = cora.get(f"/campagne/{made['id']}").text
    assert "Rosa Prova" in page
    assert "0 %" in page
    assert "Caldo" in cora.get("/campagne").text
    assert "Ada Finto" in cora.get("/teleassistenza-oggi").text
    assert cora.post(f"/api/v1/campaigns/{made['id']}/close").status_code == 204
    assert cora.get(f"/api/v1/campaigns/{made['id']}").json()["percent"] == 100
    assert cora.get(f"/api/v1/campaigns/{uuid4()}").status_code == 404
    anna = signed_in("anna", Role.OPERATOR)
    assert "Nuova campagna" not in anna.get("/campagne").text
    assert anna.post("/api/v1/campaigns", json=said | {"list": LIST}).status_code == 403
