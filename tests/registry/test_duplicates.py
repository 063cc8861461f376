"""Duplicates: warned of at the door, told apart once and for all, silent about the restricted."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from registry import duplicates, identifiers, not_same, people
from registry.access import HOUSE, Actor, Role
from registry.duplicates import Facts
from registry.identifiers import IdentifierKind
from registry.journal import Entry
from registry.kit import db
from registry.kit.errors import Invalid
from registry.matching import Why
from registry.people import Person
from registry.search import PeopleSearched

COORDINATOR = Actor(
    staff_id=uuid4(), login="carla", name="Carla", roles=frozenset({Role.COORDINATOR})
)


@pytest.fixture
def enzo(session: Session) -> Person:
    person = people.create(session, given_name="Vincenzo", family_name="Provetti", birth_year=1941)
    people.add_phone(session, person, "081 555 0101")
    identifiers.add(session, person.id, kind=IdentifierKind.PASSPORT, value="YA0000001")
    return person


def told(given_name: str, family_name: str, year: int | None = None, phone: str = "") -> Facts:
    return Facts(
        given_name=given_name,
        family_name=family_name,
        birth_year=year,
        phones=(phone,) if phone else (),
    )


@pytest.mark.parametrize(
    "facts",
    [
        told("Vincenzo", "Provetti", 1941),
        told("Enzo", "Proveti", 1941),
        told("Provetti", "Vincenzo", 1941),
        told("Vincenzo", "Provetti", 1942),
        told("Vincenzo", "Provetti"),
        told("Vincenso", "Provetti", 1970, "+390815550101"),
        Facts(codes=("ya 000 0001",)),
    ],
)
def test_who_may_be_the_same_is_proposed(session: Session, enzo: Person, facts: Facts) -> None:
    assert [hit.person for hit in duplicates.similar(session, facts, HOUSE)] == [enzo]


@pytest.mark.parametrize(
    "facts",
    [
        told("", ""),
        told("", "Provetti", 1941),
        told("Vincenzo", "", 1941),
        told("Vincenzo", "Provetti", 1955),
        told("Olga", "Provetti", 1941),
        told("Olga", "Diversi", 1941, "+390815550101"),
        told("Enzo", "Proveti"),
    ],
)
def test_who_is_another_is_not(session: Session, enzo: Person, facts: Facts) -> None:
    assert duplicates.similar(session, facts, HOUSE) == []


def test_the_list_is_short(session: Session) -> None:
    for _ in range(8):
        people.create(session, given_name="Ugo", family_name="Prova", birth_year=1941)
    found = duplicates.similar(session, told("Ugo", "Prova", 1941), HOUSE)
    assert len(found) == duplicates.SHOWN


def test_a_restricted_person_is_no_hint(session: Session, enzo: Person) -> None:
    people.change(session, enzo, restricted=True)
    facts = Facts(
        given_name="Vincenzo",
        family_name="Provetti",
        birth_year=1941,
        phones=("+390815550101",),
        codes=("YA0000001",),
    )
    assert duplicates.similar(session, facts, HOUSE) == []
    (hit,) = duplicates.similar(session, facts, COORDINATOR)
    assert (hit.person, hit.why) == (enzo, (Why.IDENTIFIER,))


def test_told_apart_is_for_good(session: Session, enzo: Person) -> None:
    other = people.create(session, given_name="Vincenzo", family_name="Provetti", birth_year=1941)
    assert [hit.person for hit in duplicates.of(session, other, HOUSE)] == [enzo]

    not_same.tell_apart(session, other.id, enzo.id)
    not_same.tell_apart(session, enzo.id, other.id)

    assert duplicates.of(session, other, HOUSE) == []
    assert duplicates.of(session, enzo, HOUSE) == []
    kept = session.scalars(select(Entry).where(Entry.kind == not_same.ToldApart.kind)).one()
    assert (kept.person_id, kept.facts) == (other.id, {"other_id": str(enzo.id)})
    with pytest.raises(Invalid):
        not_same.tell_apart(session, enzo.id, enzo.id)


def test_the_door_warns_and_remembers_the_answer(signed_in: Callable[..., TestClient]) -> None:
    client = signed_in()
    new = {"given_name": "Ugo", "family_name": "Prova", "birth_year": 1941}
    first = client.post("/api/v1/people", json=new).json()["id"]

    warned = client.post("/api/v1/people", json=new | {"given_name": "Ugho"})
    assert (warned.status_code, warned.json()["title"]) == (409, "Similar")
    (candidate,) = warned.json()["candidates"]
    assert candidate["id"] == first
    assert candidate["why"] == ["family", "given_alike", "year"]
    assert "Prova" not in warned.text

    shown = client.post("/api/v1/people/similar", json=new).json()["items"]
    assert [each["name"] for each in shown] == ["Ugo Prova"]

    second = client.post("/api/v1/people?force=true", json=new).json()["id"]
    again = client.get("/api/v1/people/similar", params={"person_id": second}).json()
    assert again["items"] == []
    with db.transaction() as session:
        assert not_same.told_apart(session, UUID(second)) == {UUID(first)}
        searched = select(Entry).where(Entry.kind == PeopleSearched.kind).order_by(Entry.id)
        kept = session.scalars(searched).all()
        assert [each.facts["shown"] for each in kept] == [[first], []]


def test_names_and_codes_over_the_wire(signed_in: Callable[..., TestClient]) -> None:
    client = signed_in()
    code = {"kind": "tax_code", "value": "rssmra85t10a562s"}
    new = {"given_name": "Maria", "family_name": "Rossi", "identifiers": [code]}
    person = "/api/v1/people/" + client.post("/api/v1/people", json=new).json()["id"]

    assert client.post("/api/v1/people", json={"identifiers": [code]}).status_code == 409
    (kept,) = client.get(f"{person}/identifiers").json()["items"]
    assert (kept["value"], kept["doubts"]) == ("RSSMRA85T10A562S", [])
    wrong = client.post(f"{person}/identifiers", json=code | {"value": "RSSMRA85T10A562T"})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "value")
    odd = client.post(f"{person}/identifiers", json={"kind": "stp", "value": "STP1"})
    assert (odd.status_code, odd.json()["doubts"]) == (201, ["shape"])

    alias = client.post(f"{person}/names", json={"kind": "alias", "family_name": "Diversi"})
    assert alias.status_code == 201
    assert client.get(f"{person}/names").json()["items"] == [alias.json()]
    found = client.get("/api/v1/people", params={"q": "diversi maria"}).json()["items"]
    assert [each["name"] for each in found] == ["Maria Rossi"]

    other = client.post("/api/v1/people", json={"family_name": "Altra"}).json()["id"]
    assert client.post(f"{person}/not-same", json={"other_id": other}).status_code == 204
    assert client.post(f"{person}/not-same", json={"other_id": str(uuid4())}).status_code == 404
