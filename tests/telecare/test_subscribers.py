"""The file of a subscriber: the way in, the ladder with its hours, absences, the list."""

from collections.abc import Callable
from datetime import UTC, datetime, time
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from dispatch.rota import HOME_ZONE
from registry import people
from registry.access import Role
from registry.journal import Entry
from registry.kit import db
from registry.kit.errors import Invalid, NotAllowed, NotFound
from registry.people import Person
from registry.staff import Staff
from telecare import alarms, devices, ladder, subscribers
from telecare.alarms import Outcome
from telecare.ladder import Rung
from telecare.subscribers import WhyIn
from tests.telecare.test_alarms import raised

SignIn = Callable[..., TestClient]
SAFE = "cassetta a destra del portone, codice 0000"


@pytest.fixture
def rosa(session: Session) -> Person:
    return at_home(session)


def at_home(session: Session, *, restricted: bool = False) -> Person:
    person = people.create(
        session,
        given_name="Rosa",
        family_name="Provastella",
        birth_year=1938,
        restricted=restricted,
    )
    people.add_phone(session, person, "081 555 0101")
    people.add_address(
        session, person, street="Via di Prova 1", town="Pozzuoli", how_to_get_in="scala B"
    )
    for name, phone in (("Ugo Prova", "081 555 0102"), ("Ida Campione", "081 555 0103")):
        people.add_contact(session, person, name=name, phone=phone, relation="figlio")
    return person


def shown(session: Session) -> list[str]:
    wanted = select(Entry.facts["why"].astext).where(Entry.kind == "telecare.way_in_shown")
    return list(session.scalars(wanted.order_by(Entry.id)))


def test_the_way_in_is_not_readable_in_the_database(session: Session, rosa: Person) -> None:
    subscribers.write(session, rosa.id, way_in=SAFE)
    stored = session.scalar(text("SELECT way_in FROM subscribers"))
    assert stored
    assert b"cassetta" not in bytes(stored)


def test_the_way_in_is_shown_for_an_open_alarm_or_a_reason_and_each_look_is_written_down(
    session: Session, rosa: Person, anna: Staff
) -> None:
    me = anna.actor
    subscribers.write(session, rosa.id, way_in=SAFE)
    for reason in (None, WhyIn.ALARM):
        with pytest.raises(NotAllowed, match="while an alarm is open"):
            subscribers.way_in(session, rosa, me, why=reason)
    assert shown(session) == []

    seen = subscribers.way_in(session, rosa, me, why=WhyIn.WELFARE_CHECK)
    assert (seen.text, seen.at_the_door) == (SAFE, "scala B")

    unit = devices.add(session, account="4711", person_id=rosa.id)
    alarm = raised(session, unit)
    assert subscribers.way_in(session, rosa, me).text == SAFE
    alarms.claim(session, alarm, anna.id)
    alarms.close(session, alarm, outcome=Outcome.TEST, note="prova del tecnico")
    with pytest.raises(NotAllowed):
        subscribers.way_in(session, rosa, me)
    assert shown(session) == ["welfare_check", "alarm"]


def test_what_is_written_is_named_and_never_told_in_the_journal(
    session: Session, rosa: Person
) -> None:
    subscribers.write(session, rosa.id, way_in=SAFE, doctor="dott. Esempio")
    subscribers.write(session, rosa.id, health="anticoagulanti")
    found = subscribers.of_person(session, rosa.id)
    assert found is not None
    assert (found.doctor, found.health, found.has_way_in) == (
        "dott. Esempio",
        "anticoagulanti",
        True,
    )
    told = session.scalars(
        select(Entry.facts).where(Entry.kind == "telecare.subscriber_changed").order_by(Entry.id)
    ).all()
    assert [each["what"] for each in told] == ["doctor way_in", "health"]


def test_the_ladder_is_put_in_order_and_shortened(session: Session, rosa: Person) -> None:
    third = ladder.add(
        session, rosa, name="Vera Prova", phone="081 555 0104", relation="", holds_keys=True
    )
    ladder.arrange(session, rosa, [third.id])
    names = [each.near.name for each in ladder.of(session, rosa)]
    assert names == ["Vera Prova", "Ugo Prova", "Ida Campione"]

    ladder.remove(session, rosa, third.id)
    session.expire_all()
    assert [each.near.name for each in ladder.of(session, rosa)] == names[1:]
    with pytest.raises(NotFound):
        ladder.remove(session, rosa, third.id)
    with pytest.raises(NotFound):
        ladder.arrange(session, rosa, [uuid4()])
    with pytest.raises(Invalid, match="name of the contact"):
        ladder.add(session, rosa, name=" ", phone="081 555 0104", relation="", holds_keys=False)


def test_hours_and_consent_decide_who_can_be_called(session: Session, rosa: Person) -> None:
    ugo, ida = rosa.near
    hours = {"starts": time(8), "ends": time(20), "language": "it"}
    ladder.set_reach(session, rosa, ugo.id, days="12345", by_system=True, **hours)  # type: ignore[arg-type]
    ladder.set_reach(session, rosa, ida.id, days="1234567", by_system=False, **hours)  # type: ignore[arg-type]
    rungs = ladder.of(session, rosa)
    monday_noon = datetime(2026, 11, 23, 11, tzinfo=UTC)
    assert [each.near.id for each in ladder.callable_now(rungs, monday_noon)] == [ugo.id]
    assert ladder.callable_now(rungs, datetime(2026, 11, 22, 11, tzinfo=UTC)) == []
    with pytest.raises(Invalid, match="one day"):
        ladder.set_reach(session, rosa, ugo.id, days="", by_system=True, **hours)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("local", "there"),
    [
        ((2026, 11, 23, 21, 59), False),  # Monday
        ((2026, 11, 23, 22, 0), True),
        ((2026, 11, 24, 5, 59), True),  # Tuesday morning: still Monday's night
        ((2026, 11, 24, 6, 0), False),
        ((2026, 11, 24, 22, 0), False),
        ((2026, 11, 25, 5, 0), False),
    ],
)
def test_a_night_belongs_to_the_day_on_which_it_began(
    local: tuple[int, int, int, int, int], there: bool
) -> None:
    rung = Rung(near=people.NearPerson(), days="1", starts=time(22), ends=time(6))
    assert rung.reachable(datetime(*local, tzinfo=HOME_ZONE)) is there


def test_the_list_finds_by_name_town_and_account(
    session: Session, rosa: Person, anna: Staff
) -> None:
    unit = devices.add(session, account="4711", person_id=rosa.id)
    other = people.create(session, given_name="Nina", family_name="Altrui")
    subscribers.write(session, other.id, doctor="dott. Esempio")
    people.create(session, given_name="Nessuno", family_name="Altrui")

    def found(words: str) -> list[UUID]:
        return [each.id for each in subscribers.listed(session, anna.actor, words=words)]

    assert found("") == [rosa.id, other.id]
    assert found("provast rosa") == [rosa.id]
    assert found("471") == found("pozz") == [rosa.id]
    assert found("altrui") == [other.id]
    assert found("%") == []
    assert subscribers.units(session, [rosa.id, other.id]) == {rosa.id: [unit]}


def test_restricted_people_are_listed_only_to_who_may_know_of_them(
    session: Session, anna: Staff
) -> None:
    hidden = at_home(session, restricted=True)
    devices.add(session, account="4711", person_id=hidden.id)
    assert subscribers.listed(session, anna.actor) == []
    chief = anna.actor.__class__(
        staff_id=None, login="carla", name="Carla", roles=frozenset({Role.COORDINATOR})
    )
    assert subscribers.listed(session, chief) == [hidden]


def test_the_file_through_the_whole_application(signed_in: SignIn) -> None:
    client = signed_in()
    with db.transaction() as session:
        rosa = at_home(session)
        devices.add(session, account="4711", person_id=rosa.id)
    url = f"/api/v1/subscribers/{rosa.id}"
    assert client.post(url, json={"way_in": SAFE, "consent": True}).json()["has_way_in"] is True
    assert "cassetta" not in client.get(url).text

    assert client.post(f"{url}/way-in", json={}).status_code == 403
    asked = client.post(f"{url}/way-in", json={"why": "asked_by_kin"})
    assert asked.json() == {"text": SAFE, "at_the_door": "scala B", "door": False}

    new = {"name": "Vera Prova", "phone": "081 555 0104"}
    rungs = client.post(f"{url}/contacts", json=new).json()
    assert [each["name"] for each in rungs] == ["Ugo Prova", "Ida Campione", "Vera Prova"]
    refused = client.post(f"{url}/contacts", json=new | {"phone": "zero"})
    assert refused.json()["errors"][0]["field"] == "phone"
    vera = rungs[2]["id"]
    order = client.post(f"{url}/contacts/order", json={"ids": [vera]}).json()
    assert order[0]["id"] == vera
    reach = {"days": "67", "starts": "09:00", "ends": "13:00"}
    assert client.post(f"{url}/contacts/{vera}", json=reach).json()[0]["days"] == "67"
    assert len(client.post(f"{url}/contacts/{vera}/remove").json()) == 2

    away = {"reason": "hospital", "begins_at": "2026-11-20T09:00"}
    made = client.post(f"{url}/absences", json=away)
    assert made.json()["begins_at"].startswith("2026-11-20T09:00:00+01:00")
    assert client.get("/api/v1/subscribers?q=rosa").json()["items"][0]["away"] is True
    assert client.post(f"{url}/absences/{made.json()['id']}/end").status_code == 200
    assert client.get("/api/v1/subscribers?q=rosa").json()["items"][0]["away"] is False
