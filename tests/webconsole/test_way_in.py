"""How to get in stands on no page by itself: an alarm is open, or somebody says why."""

from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from registry import people
from registry.access import Role
from registry.journal import Entry
from registry.kit import db
from telecare import devices, subscribers
from tests.telecare.test_alarms import raised

SignIn = Callable[..., TestClient]
DOOR, SAFE = "citofono Zibaldone, scala B", "cassetta zincata, codice 0000"


@pytest.fixture
def rosa(database: None) -> UUID:
    with db.transaction() as session:
        person = people.create(session, given_name="Rosa", family_name="Provastella")
        people.add_address(
            session, person, street="Via di Prova 1", town="Pozzuoli", how_to_get_in=DOOR
        )
        subscribers.write(session, person.id, way_in=SAFE)
        return person.id


def looks() -> list[tuple[str, str]]:
    with db.transaction() as session:
        wanted = select(Entry).where(Entry.kind == "telecare.way_in_shown").order_by(Entry.id)
        return [(each.facts["why"], str(each.person_id)) for each in session.scalars(wanted)]


def test_no_page_and_no_answer_shows_it_by_itself(signed_in: SignIn, rosa: UUID) -> None:
    for login, role in (("anna", Role.OPERATOR), ("sofia", Role.SOCIAL_WORKER)):
        client = signed_in(login, role)
        for address in (
            f"/persone/{rosa}",
            f"/api/v1/people/{rosa}",
            f"/api/v1/board/people/{rosa}",
        ):
            text = client.get(address).text
            assert "Via di Prova 1" in text
            assert "Zibaldone" not in text
            assert "zincata" not in text
        page = client.get(f"/persone/{rosa}").text
        assert "Perché Le serve?" in page
    assert looks() == []


def test_a_social_worker_says_why_and_learns_of_the_door_but_not_of_the_keys(
    signed_in: SignIn, rosa: UUID
) -> None:
    client = signed_in("sofia", Role.SOCIAL_WORKER)
    asked = f"/api/v1/subscribers/{rosa}/way-in"
    assert client.post(asked, json={}).status_code == 403
    told = client.post(asked, json={"why": "home_visit"}).json()
    assert told == {"text": "", "at_the_door": DOOR, "door": False}
    assert looks() == [("home_visit", str(rosa))]


def test_while_an_alarm_is_open_who_answers_reads_it_at_once_and_the_journal_knows(
    signed_in: SignIn, rosa: UUID
) -> None:
    with db.transaction() as session:
        raised(session, devices.add(session, account="4711", person_id=rosa))
    anna = signed_in("anna", Role.OPERATOR)
    assert anna.get(f"/api/v1/board/people/{rosa}").json()["way_in"] == [SAFE, DOOR]
    page = anna.get(f"/persone/{rosa}").text
    assert "Zibaldone" in page
    assert "zincata" in page
    assert looks() == [("alarm", str(rosa))] * 2

    sofia = signed_in("sofia", Role.SOCIAL_WORKER)
    assert "Zibaldone" not in sofia.get(f"/persone/{rosa}").text
    assert looks() == [("alarm", str(rosa))] * 2


def test_who_read_it_stands_among_those_who_looked(signed_in: SignIn, rosa: UUID) -> None:
    anna = signed_in("anna", Role.OPERATOR)
    anna.post(f"/api/v1/subscribers/{rosa}/way-in", json={"why": "welfare_check"})
    carla = signed_in("carla", Role.COORDINATOR)
    assert "ha letto come si entra" in carla.get(f"/persone/{rosa}/accessi").text
