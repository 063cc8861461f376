"""The pages of a person's file: two who write at once, the warning at the door, what is shown."""

import re
from collections.abc import Callable, Iterator
from datetime import time
from uuid import UUID

import pytest
from starlette.testclient import TestClient

from registry import (
    candidates,
    codes,
    file_parts,
    households,
    importing,
    journal,
    people,
    requests,
    staff,
)
from registry.access import HOUSE, Role
from registry.contacts import Channel
from registry.households import Place
from registry.kit import db
from registry.people import Person
from registry.places import AddressKind
from telecare.alarms import AlarmRaised
from telecare.protocols.base import Kind

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


def test_two_files_side_by_side_become_one_and_are_parted(
    nina: UUID, anna: TestClient, signed_in: SignedIn
) -> None:
    with db.transaction() as session:
        other = people.create(session, given_name="Nina", family_name="Prova", birth_year=1942)
        gone = other.id
        while candidates.batch(session):
            pass
    assert anna.get("/doppioni").status_code == 403
    carla = signed_in("carla", Role.COORDINATOR, name="Carla Esempio")
    assert f"/unione?una={nina}&amp;altra={gone}" in carla.get("/doppioni").text
    assert f"altra={gone}" in carla.get(f"/unione?una={nina}").text
    assert "1942" in carla.get(f"/unione?una={nina}&altra={gone}").text

    wish = {"stays": str(nina), "gone": str(gone), "take": ["birth_date"]}
    merged = carla.post("/unione", data=wish)
    assert "1942" in merged.text
    assert "Due schede sono diventate una" in merged.text
    assert carla.get("/doppioni").text.count("/unione?") == 0
    undo = re.search(r"/unioni/[0-9a-f-]+/annulla", merged.text)
    assert undo is not None
    assert carla.post(undo[0]).url.path == f"/persone/{gone}"
    apart = {"one": str(nina), "other": str(gone)}
    assert "Nessuna coppia" in carla.post("/doppioni/diverse", data=apart).text


def test_one_timeline_over_four_services_and_of_one_of_them(nina: UUID, anna: TestClient) -> None:
    with db.transaction() as session:
        raised = AlarmRaised(person_id=nina, alarm_id=nina, alarm_kind=Kind.FALL, lane="")
        journal.record(session, raised)
        requests.receive(session, HOUSE, channel=Channel.DESK, expressed="x", person_id=nina)
    whole = anna.get(f"/persone/{nina}").text
    assert "Allarme arrivato: caduta" in whole
    assert "Richiesta ricevuta" in whole
    desk = anna.get(f"/persone/{nina}?servizio=desk").text
    assert "Allarme arrivato" not in desk
    assert "Richiesta ricevuta" in desk


def test_who_lives_there_and_who_is_near_is_drawn_and_listed(nina: UUID, anna: TestClient) -> None:
    api = f"/api/v1/people/{nina}"
    with db.transaction() as session:
        vito = people.create(session, given_name="Vito", family_name="Prova").id
        hidden_one = people.create(session, given_name="Celata", restricted=True)
        households.join(session, session.get_one(Person, nina), hidden_one, place=Place.CHILD)
    lives = {"other_id": str(vito), "place": "child"}
    stay = anna.post(f"{api}/household", json=lives).json()["id"]
    near = {"name": "Cooperativa Aurora", "phone": "081 555 0150", "formal": True}
    assert anna.post(f"{api}/near", json=near).status_code == 201
    page = anna.get(f"/persone/{nina}/rete").text
    assert "figlio o figlia" in page
    assert page.count("<line") == 2
    assert "Celata" not in page
    assert anna.post(f"{api}/household", json=lives).status_code == 409
    assert anna.post(f"{api}/household/{stay}/end", json={}).status_code == 200
    assert anna.get(f"/persone/{nina}").text.count("<line") == 1
    assert "Vito Prova" in anna.get(f"/persone/{nina}/rete?q=vito").text


def test_a_coordinator_brings_in_another_registry(nina: UUID, signed_in: SignedIn) -> None:
    carla = signed_in("carla", Role.COORDINATOR, name="Carla Esempio")
    carla.headers["accept"] = "text/html"
    text = b"Cognome;Nome;Nato\nFinta;Rosa;1/2/1950\nFinto;Ugo;boh\n"
    file = {"file": ("altra.csv", text, "text/csv")}
    assert carla.post("/importazioni", files=file, data={"source": " "}).status_code == 422
    read = carla.post("/importazioni", files=file, data={"source": "Comune di Prova"})
    assert 'value="Cognome" selected' in read.text
    page = read.url.path
    wrong = {"family_name": "Nessuna"}
    assert carla.post(f"{page}/prova", data=wrong).status_code == 422
    chosen = {"family_name": "Cognome", "given_name": "Nome", "birth_date": "Nato"}
    assert "prova in corso" in carla.post(f"{page}/prova", data=chosen).text
    job = UUID(page.rpartition("/")[2])
    importing.run(job)
    tried = carla.get(page).text
    assert "Data di nascita." in tried
    assert "Riga 3" in tried
    refused = carla.get(f"{page}/rifiutate.csv")
    assert refused.text.splitlines()[1].startswith("3;Data di nascita;")
    assert "Finto" not in refused.text
    assert "Importa 1 persona" in tried
    carla.post(f"{page}/importa")
    assert "Riprendi" in carla.post(f"{page}/ferma").text
    carla.post(f"{page}/riprendi")
    importing.run(job)
    assert "Finta" in carla.get("/persone?q=finta+rosa").text
    assert "Comune di Prova" in carla.get("/importazioni").text
    del carla.headers["accept"]


def test_whoever_wants_no_texts_says_so_on_their_file(nina: UUID, anna: TestClient) -> None:
    there = f"/persone/{nina}"
    assert "non vuole messaggi" not in anna.get(there).text

    for wanted, shown in (("no", True), ("no", True), ("yes", False)):
        page = anna.post(f"{there}/messaggi", data={"wanted": wanted})
        assert page.status_code == 200
        assert ("non vuole messaggi" in page.text) is shown
        assert ("non vuole messaggi" in anna.get(there).text) is shown
