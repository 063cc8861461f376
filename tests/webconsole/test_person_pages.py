"""The pages of a person's file: two who write at once, the warning at the door, what is shown."""

import re
from collections.abc import Callable, Iterator
from datetime import time
from uuid import UUID

import pytest
from starlette.testclient import TestClient

from registry import codes, file_parts, people, staff
from registry.access import Role
from registry.kit import db
from registry.people import Person
from registry.places import AddressKind

SignedIn = Callable[..., TestClient]


@pytest.fixture
def nina(database: None) -> UUID:
    with db.transaction() as session:
        codes.settle(session)
        return people.create(session, given_name="Nina", family_name="Prova", birth_year=1941).id


@pytest.fixture
def anna(signed_in: SignedIn) -> Iterator[TestClient]:
    client = signed_in("anna", Role.OPERATOR)
    client.headers["accept"] = "text/html"
    yield client
    del client.headers["accept"]


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None
    return found[1]


def test_the_second_of_two_is_told_and_all_they_typed_is_there(
    nina: UUID, anna: TestClient, signed_in: SignedIn
) -> None:
    page = anna.get(f"/persone/{nina}/modifica").text
    mine = {
        "version": hidden(page, "version"),
        "given_name": "Nina Maria",
        "family_name": "Prova",
        "birth_year": "1941",
        "language": "uk",
        "barriers": ["hearing"],
    }
    first = {"version": mine["version"], "family_name": "Prova", "given_name": "Antonina"}
    assert anna.post(f"/persone/{nina}/modifica", data=first).status_code == 200
    signed_in("bruno", name="Bruno Costa")

    late = anna.post(f"/persone/{nina}/modifica", data=mine)

    assert late.status_code == 412
    assert "Anna Riva: nomi, nascita, lingue" in late.text
    assert 'value="Nina Maria"' in late.text
    assert 'value="hearing" checked' in late.text
    assert "Nella scheda ora: Antonina" in late.text
    again = mine | {"version": hidden(late.text, "version")}
    assert anna.post(f"/persone/{nina}/modifica", data=again).status_code == 200
    with db.transaction() as session:
        kept = session.get_one(Person, nina)
        assert (kept.given_name, kept.language, kept.barriers) == (
            "Nina Maria",
            "uk",
            ["hearing"],
        )


@pytest.mark.parametrize(
    ("field", "value"),
    [("birth_year", "boh"), ("birth_date", "31/12"), ("declared_age", "900"), ("birth_year", "1")],
)
def test_what_cannot_be_is_said_beside_its_field(
    nina: UUID, anna: TestClient, field: str, value: str
) -> None:
    version = hidden(anna.get(f"/persone/{nina}/modifica").text, "version")
    sent = {"version": version, "given_name": "Nuova", field: value}
    page = anna.post(f"/persone/{nina}/modifica", data=sent)
    assert page.status_code == 422
    assert f'id="wrong-{field}"' in page.text
    assert 'value="Nuova"' in page.text


def test_the_door_warns_and_a_form_sent_twice_makes_one_file(nina: UUID, anna: TestClient) -> None:
    assert anna.post("/persone/nuova", data={"given_name": " "}).status_code == 422
    new = {"given_name": "Nina", "family_name": "Prova", "birth_year": "1941"}
    warned = anna.post("/persone/nuova", data=new | {"phone": "081 555 0101"})
    assert warned.status_code == 409
    assert f"/persone/{nina}" in warned.text
    sure = new | {"another": "1", "key": hidden(warned.text, "key"), "phone": "081 555 0101"}
    one = anna.post("/persone/nuova", data=sure)
    two = anna.post("/persone/nuova", data=sure)
    assert (one.status_code, one.url) == (200, two.url)
    with db.transaction() as session:
        assert session.query(Person).count() == 2


def test_somebody_unknown_stands_on_the_list_until_they_have_a_name(
    nina: UUID, anna: TestClient
) -> None:
    made = anna.post("/persone/nuova", data={"known_as": "Uomo al binario 3", "declared_age": "50"})
    assert "non ancora identificata" in made.text
    assert "Uomo al binario 3" in anna.get("/persone").text
    named = {"version": "1", "given_name": "Ivo", "family_name": "Esempi"}
    assert anna.post(f"{made.url.path}/modifica", data=named).status_code == 200
    assert "Uomo al binario 3" not in anna.get("/persone").text


def test_how_to_ring_and_where_not_to_look_is_on_the_file(nina: UUID, anna: TestClient) -> None:
    with db.transaction() as session:
        person = session.get_one(Person, nina)
        phone = people.add_phone(session, person, "081 555 0101", "casa")
        profile = {"safe_from": time(9), "safe_until": time(13), "code_word": "girasole"}
        file_parts.set_safe_contact(session, person, phone.id, no_voicemail=True, **profile)
        people.add_address(
            session, person, kind=AddressKind.HIDDEN, street="via Segreta 1", town="Borgo"
        )
    for address in (f"/persone/{nina}", f"/persone/{nina}/scheda"):
        page = anna.get(address).text
        assert "niente segreteria" in page
        assert "girasole" in page
        assert "Segreta" not in page


def test_a_coordinator_reserves_a_file_and_says_who_keeps_it(
    nina: UUID, anna: TestClient, signed_in: SignedIn
) -> None:
    assert "kept_by" not in anna.get(f"/persone/{nina}/modifica").text
    with db.transaction() as session:
        office = staff.office(session, "Centro antiviolenza").id
    carla = signed_in("carla", Role.COORDINATOR, name="Carla Esempio")
    page = carla.get(f"/persone/{nina}/modifica").text
    assert "Centro antiviolenza" in page
    sent = {"version": hidden(page, "version"), "given_name": "Nina", "family_name": "Prova"}
    kept = sent | {"keeps": "1", "restricted": "1", "kept_by": str(office)}
    assert carla.post(f"/persone/{nina}/modifica", data=kept).status_code == 200
    with db.transaction() as session:
        person = session.get_one(Person, nina)
        assert (person.restricted, person.kept_by) == (True, office)
