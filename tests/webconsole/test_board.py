"""The board's snapshot: one order, only what this person may see, each file opened is written."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from callcenter import calls, lines, operators
from callcenter.call_states import CallState
from dispatch import interventions, search
from dispatch.interventions import Intervention
from registry import journal, people
from registry.access import Role
from registry.kit import clock, db
from registry.kit.db import new_id
from registry.people import Person
from registry.staff import Staff
from telecare import alarms, response
from telecare.alarms import Alarm
from telecare.protocols.base import Kind
from telecare.triage import lane_of
from webconsole import board
from webconsole.words import words

IT = words("it")


def maria(session: Session, *, restricted: bool = False) -> Person:
    person = people.create(
        session, given_name="Maria", family_name="Prova", birth_year=1940, restricted=restricted
    )
    people.add_phone(session, person, "081 555 0101")
    people.add_address(session, person, street="via dei Gigli 12", town="Pozzuoli")
    people.add_contact(session, person, name="Luca Prova", phone="333 555 0110", relation="figlio")
    return person


def rings(session: Session, person: Person | None, kind: Kind, *, seconds_ago: float) -> Alarm:
    alarm = Alarm(
        id=new_id(),
        signal_id=uuid4(),
        position=0,
        account="7001",
        person_id=person.id if person else None,
        kind=kind,
        lane=lane_of(kind),
        code="E100",
        zone="001",
        trusted=True,
        raised_at=clock.now() - timedelta(seconds=seconds_ago),
    )
    session.add(alarm)
    session.flush()
    return alarm


def calls_us(session: Session) -> calls.Call:
    line = lines.add(session, number="081 555 0100", name="Linea sociale")
    call = calls.arrive(session, sid="CA1", number="333 555 0177", line=line)
    call.state = CallState.WAITING
    session.flush()
    return call


def test_calls_and_alarms_stand_in_one_order(session: Session, anna: Staff) -> None:
    rings(session, maria(session), Kind.INACTIVITY, seconds_ago=90)
    rings(session, maria(session), Kind.FALL, seconds_ago=5)
    calls_us(session)

    shown = board.snapshot(session, anna.actor, IT)

    found = [(row["priority"], row["title"], row["who"]) for row in shown["waiting"]]
    assert found == [
        ("A", "Caduta", "Maria Prova"),
        ("B", "Nessun segno di vita", "Maria Prova"),
        ("B", "Chiamata", "333 555 0177"),
    ]
    assert shown["counts"]["waiting"] == 3


def test_a_reserved_person_has_no_name_and_no_address_here(session: Session, anna: Staff) -> None:
    hidden = maria(session, restricted=True)
    alarm = rings(session, hidden, Kind.FALL, seconds_ago=5)
    (row,) = board.snapshot(session, anna.actor, IT)["waiting"]
    assert (row["who"], row["where"], row["person_id"]) == ("persona riservata", "", None)

    alarms.claim(session, alarm, anna.id)
    (held,) = board.snapshot(session, anna.actor, IT)["hand"]
    assert held["hidden"]
    assert (held["place"], held["person_id"]) == (None, None)
    assert [step["verb"] for step in held["steps"]] == ["ask_for_team", "tick", "tick"]


def test_the_plan_goes_on_as_things_are_done(session: Session, anna: Staff) -> None:
    alarm = rings(session, maria(session), Kind.FALL, seconds_ago=5)
    alarms.claim(session, alarm, anna.id)
    operators.of(session, anna.id)
    assert _states(session, anna) == ["now", *["todo"] * 4]

    call = calls.place(
        session,
        to="081 555 0101",
        purpose="alarm_home",
        case_id=alarm.case_id,
        person_id=alarm.person_id,
        operator_id=anna.id,
        alarm_id=alarm.id,
    )
    assert _states(session, anna) == ["now", *["todo"] * 4]
    calls.hang_up(session, call)
    assert _states(session, anna) == ["done", "now", *["todo"] * 3]
    # Tried, and nobody was spoken with: no tick for that.
    assert _steps(session, anna)[0]["vain"]


def test_a_team_that_was_not_found_is_no_step_done(session: Session, anna: Staff) -> None:
    alarm = rings(session, maria(session), Kind.FALL, seconds_ago=5)
    alarms.claim(session, alarm, anna.id)
    job = response.ask_for_team(session, alarm, anna.actor, reason="caduta")
    search.look(session, job.id)

    (held,) = board.snapshot(session, anna.actor, IT)["hand"]
    (step,) = [each for each in held["steps"] if each["key"] == "ask_for_team"]
    assert step["vain"]
    assert step["href"] == held["job"]["href"] == f"/interventi/{job.id}"

    interventions.cancel(session, job, "sta bene")
    (held,) = board.snapshot(session, anna.actor, IT)["hand"]
    assert held["job"] is None


def _states(session: Session, who: Staff) -> list[str]:
    return [step["state"] for step in _steps(session, who)]


def _steps(session: Session, who: Staff) -> list[dict[str, Any]]:
    (held,) = board.snapshot(session, who.actor, IT)["hand"]
    steps: list[dict[str, Any]] = held["steps"]
    return steps


def test_the_board_is_for_the_room(signed_in: Callable[..., TestClient]) -> None:
    assert signed_in("tito", Role.TECHNICIAN).get("/api/v1/board").status_code == 403
    assert signed_in("anna", Role.OPERATOR).get("/api/v1/board").status_code == 200


def test_opening_a_file_on_the_board_is_written_down(
    signed_in: Callable[..., TestClient],
) -> None:
    client = signed_in("anna", Role.OPERATOR)
    with db.transaction() as session:
        known, hidden = maria(session).id, maria(session, restricted=True).id

    answer = client.get(f"/api/v1/board/people/{known}")

    assert answer.json()["address"]["town"] == "Pozzuoli"
    assert client.get(f"/api/v1/board/people/{hidden}").status_code == 404
    with db.transaction() as session:
        read = select(journal.Entry).where(journal.Entry.kind == "registry.person_read")
        assert [line.person_id for line in session.scalars(read)] == [known]


def test_a_team_for_a_call_hangs_on_the_calls_case(signed_in: Callable[..., TestClient]) -> None:
    client = signed_in("anna", Role.OPERATOR)
    wish = {"priority": "A", "place": {"text": "piazza Prova", "town": "Quarto"}, "reason": "solo"}
    with db.transaction() as session:
        call_id = calls_us(session).id
    path = f"/api/v1/board/calls/{call_id}/ask-for-team"
    assert client.post(path, json=wish).status_code == 409  # it is nobody's call yet

    with db.transaction() as session:
        anna = session.scalars(select(Staff).where(Staff.login == "anna")).one()
        operators.of(session, anna.id)
        call = calls.get_call(session, call_id)
        call.state, call.operator_id = CallState.TALKING, anna.id
    assert client.post(path, json=wish).status_code == 201
    with db.transaction() as session:
        job = session.scalars(select(Intervention)).one()
        assert (job.case_id, job.town) == (calls.get_call(session, call_id).case_id, "Quarto")


@pytest.mark.parametrize(
    "page", ["/", "/allarmi", "/chiamate", "/interventi", "/persone?q=ma", "/suoni", "/tasti"]
)
def test_every_page_opens_in_both_languages(
    signed_in: Callable[..., TestClient], page: str
) -> None:
    client = signed_in("anna", Role.OPERATOR)
    for language, word in (("it", "Interventi"), ("en", "Interventions")):
        answer = client.get(page, headers={"Accept-Language": language, "Accept": "text/html"})
        assert answer.status_code == 200
        assert f">{word}</a>" in answer.text
