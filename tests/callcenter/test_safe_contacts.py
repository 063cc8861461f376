"""Numbers that must be rung with care: nobody is called back, nor by a machine, nor at night."""

from collections.abc import Callable
from datetime import time, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from callcenter.calls import CallState
from registry import file_parts, people
from registry.kit import clock, db
from registry.people import Person
from registry.safe_contacts import ZONE
from registry.staff import Staff
from telecare import planned, reassurance
from telecare.planned import By, PlannedState, Purpose
from tests.callcenter import room

SignIn = Callable[..., TestClient]


@pytest.fixture
def ada(session: Session) -> Person:
    person = people.create(session, given_name="Ada", family_name="Prova")
    people.add_phone(session, person, room.MARIA)
    return person


def mind(session: Session, person: Person, **marks: Any) -> None:
    file_parts.set_safe_contact(session, person, person.phones[0].id, **marks)


def test_who_must_not_be_rung_is_not_on_the_list_of_those_to_call_back(
    session: Session, ada: Person
) -> None:
    for called_back in (True, False):
        mind(session, ada, no_call_back=not called_back)
        call = room.ring(session, f"CA{called_back}", room.MARIA)
        with room.later(90):
            room.hangs_up(session, call)
        assert (call.state, call.call_back) == (CallState.ABANDONED, called_back)


def test_the_systems_voice_rings_only_where_voicemail_may_hear_it(
    session: Session, ada: Person, anna: Staff
) -> None:
    mind(session, ada, no_voicemail=True)
    with time_machine.travel("2026-11-23T06:00:00Z"):
        planned.plan(
            session, ada.id, purpose=Purpose.CHECK, by=By.SYSTEM, days="1234567", at=time(10)
        )
        planned.prepare(session, planned.the_house)
    (due,) = session.query(planned.PlannedCall).limit(1)
    reassurance.ring(session, due.id)
    assert (due.state, due.call_id) == (PlannedState.TO_DO, None)
    mind(session, ada)
    reassurance.ring(session, due.id)
    assert due.state is PlannedState.RINGING


def test_an_operator_reads_the_file_before_ringing_at_the_wrong_hour(signed_in: SignIn) -> None:
    client = signed_in()
    with db.transaction() as session:
        person = people.create(session, given_name="Ada", family_name="Prova")
        people.add_phone(session, person, room.MARIA)
        now = clock.now().astimezone(ZONE)
        later = [(now + timedelta(hours=hours)).time() for hours in (2, 3)]
        mind(session, person, safe_from=later[0], safe_until=later[1])
    held_back = client.post("/api/v1/calls", json={"to": room.MARIA})
    assert held_back.status_code == 409
    assert held_back.json()["cautions"] == ["outside_hours"]
    sure = client.post("/api/v1/calls", json={"to": room.MARIA, "sure": True})
    assert sure.status_code == 201
