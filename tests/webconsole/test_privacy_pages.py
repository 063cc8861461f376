"""Pages of privacy: the register, retention with four eyes, consents, the copy for the person."""

import io
import json
import zipfile
from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from registry import attachments, cases, contacts, people, purposes, staff
from registry.access import Compartment, Role
from registry.cases import Area
from registry.disposals import Disposal
from registry.journal import Entry
from registry.kit.db import get, transaction
from registry.kit.settings import settings
from registry.people import Person
from registry.purposes import LegalBasis
from registry.subject_access import SubjectExport

SignIn = Callable[..., TestClient]
HTML = {"accept": "text/html"}


@pytest.fixture
def rosa(database: None) -> UUID:
    with transaction() as session:
        person = people.create(session, given_name="Rosa", family_name="Prova", birth_year=1940)
        people.add_contact(session, person, name="ZQVICINA Pina", phone="0825551946")
        people.add_alert(session, person, kind="home", text="cane in cortile")
        return person.id


def test_the_register_starts_from_the_lines_that_every_centre_has(signed_in: SignIn) -> None:
    client = signed_in("clara", Role.COORDINATOR)
    assert "Il registro è vuoto" in client.get("/privacy", headers=HTML).text

    client.post("/privacy/modello")
    client.post("/privacy/modello")
    page = client.get("/privacy", headers=HTML).text
    assert page.count("<h2>Teleassistenza</h2>") == 1
    assert "compito pubblico" in page
    wrong = client.post(
        "/privacy", data={"name": "Statistica", "why": "contare", "source": ""}, headers=HTML
    )
    assert (wrong.status_code, 'value="Statistica"' in wrong.text) == (422, True)
    sheet = client.get("/privacy/valutazione", headers=HTML).text
    assert "Valutazione d’impatto" in sheet
    assert "Ricevere gli allarmi di chi vive solo" in sheet


def test_a_line_is_put_right_and_the_paper_names_who_answers(
    signed_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = signed_in("clara", Role.COORDINATOR)
    client.post("/privacy/modello")
    with transaction() as session:
        line = next(each for each in purposes.all_(session) if each.name == "Teleassistenza")
    home = f"/privacy/righe/{line.id}"
    assert "Ricevere gli allarmi di chi vive solo" in client.get(home, headers=HTML).text

    said = {"name": "Teleassistenza", "why": "Rispondere a chi preme", "source": " "}
    wrong = client.post(home, data=said, headers=HTML)
    assert (wrong.status_code, "Rispondere a chi preme" in wrong.text) == (422, True)
    said |= {"source": "L. 328/2000", "transfers": "Nessuno fuori", "keeping": "Dieci anni"}
    client.post(home, data=said)
    monkeypatch.setenv("CENTRALE_CONTROLLER", "Comune di Borgo Campione")
    monkeypatch.setenv("CENTRALE_PRIVACY_OFFICER", "Dott. Prova, rpd@example.it")
    settings.cache_clear()
    try:
        page = client.get("/privacy", headers=HTML).text
        sheet = client.get("/privacy/valutazione", headers=HTML).text
    finally:
        monkeypatch.undo()
        settings.cache_clear()
    for word in ("Rispondere a chi preme", "Nessuno fuori", "Dieci anni"):
        assert word in page
    for paper in (page, sheet):
        assert "Comune di Borgo Campione" in paper
        assert "rpd@example.it" in paper
    refused = signed_in("anna", Role.OPERATOR).get(home, headers=HTML)
    assert refused.status_code == 403


def test_notices_and_consents_stand_on_the_file(signed_in: SignIn, rosa: UUID) -> None:
    client = signed_in("clara", Role.COORDINATOR)
    client.post("/privacy/modello")
    home = f"/persone/{rosa}/privacy"
    assert client.post(f"{home}/informative", data={"edition": ""}, headers=HTML).status_code == 422
    client.post(f"{home}/informative", data={"edition": "Informativa 2026", "way": "spoken"})
    with transaction() as session:
        lines = {each.basis: each.id for each in purposes.all_(session)}
    refused = client.post(
        f"{home}/consensi", data={"purpose": lines[LegalBasis.PUBLIC_TASK]}, headers=HTML
    )
    client.post(f"{home}/consensi", data={"purpose": lines[LegalBasis.CONSENT]})
    page = client.get(home, headers=HTML).text

    assert "non si chiede il consenso" in refused.text
    assert "Informativa 2026" in page
    assert "Revoca" in page


def test_a_copy_is_read_before_it_is_handed_over(signed_in: SignIn, rosa: UUID) -> None:
    client = signed_in("clara", Role.COORDINATOR)
    drafted = client.post(f"/persone/{rosa}/privacy/copie", headers=HTML)
    with transaction() as session:
        made = session.scalars(select(SubjectExport)).one()
        hidden = made.hidden
    home = f"/persone/{rosa}/privacy/copie/{made.id}"
    assert "ZQVICINA" in drafted.text
    assert client.get(f"{home}/archivio.zip").status_code == 409

    without = client.post(home, data={"hidden": hidden, "what": "hand_over"}, headers=HTML)
    assert (without.status_code, "perché" in without.text) == (422, True)
    client.post(home, data={"hidden": hidden, "what": "hand_over", "reason": "riguarda la vicina"})
    archive = zipfile.ZipFile(io.BytesIO(client.get(f"{home}/archivio.zip").content))

    facts = json.loads(archive.read("dati.json"))
    page = archive.read("dati.html").decode()
    assert "cane in cortile" in [each["value"] for each in facts]
    assert "riguarda la vicina" in page
    assert "ZQVICINA" not in page + archive.read("dati.json").decode()
    with transaction() as session:
        kinds = session.scalars(select(Entry.kind).where(Entry.person_id == rosa)).all()
    assert {"registry.export_drafted", "registry.export_handed_over", "registry.export_taken"} <= {
        *kinds
    }


def test_a_document_goes_along_unless_its_name_is_left_out(signed_in: SignIn, rosa: UUID) -> None:
    client = signed_in("clara", Role.COORDINATOR)
    with transaction() as session:
        clara = staff.named(session, "clara").actor
        case = cases.open_(session, area=Area.EMERGENCY, person_id=rosa)
        for name in ("sua", "della-vicina"):
            content = f"%PDF-1.7 {name}".encode()
            attachments.add(session, case, clara, name=f"{name}.pdf", content=content)
    home = client.post(f"/persone/{rosa}/privacy/copie").url.path
    with transaction() as session:
        (made,) = session.scalars(select(SubjectExport))
        said = {each.said: str(at) for at, each in enumerate(made.pieces) if each.document}
        hidden = set(made.hidden)
    assert set(said.values()) <= hidden
    page = client.get(home, headers=HTML).text
    assert page.count("Apra il documento") == len(said)

    left_out = sorted(hidden - {said["sua.pdf"]})
    sent = {"hidden": left_out, "reason": "riguarda la vicina", "what": "hand_over"}
    assert client.post(home, data=sent).status_code == 200
    taken = client.get(f"{home}/archivio.zip").content
    with zipfile.ZipFile(io.BytesIO(taken)) as packed:
        papers = [packed.read(each) for each in packed.namelist() if each.startswith("documenti/")]
        said_there = packed.read("dati.json") + packed.read("dati.html")
    assert papers == [b"%PDF-1.7 sua"]
    assert (b"sua.pdf" in said_there, b"della-vicina" in said_there) == (True, False)


def test_words_about_others_are_blacked_out_on_the_page(signed_in: SignIn, rosa: UUID) -> None:
    client = signed_in("clara", Role.COORDINATOR)
    with transaction() as session:
        person = get(session, Person, rosa)
        channel = contacts.Channel.DESK
        note = "viene con la nipote\nGiulia e sta bene"
        contacts.record(session, channel=channel, outcome="listening", person_id=rosa, note=note)
        assert person.id == rosa
    drafted = client.post(f"/persone/{rosa}/privacy/copie", headers=HTML)
    with transaction() as session:
        made = session.scalars(select(SubjectExport)).one()
    home = f"/persone/{rosa}/privacy/copie/{made.id}"
    place = next(str(n) for n, each in enumerate(made.pieces) if each.said == note)
    assert f'name="place" value="{place}"' in drafted.text
    others = [each for each in made.hidden if each != place]
    said = {"hidden": others, "what": "hand_over", "reason": "terzi", "place": made.hidden}
    texts = {each: made.pieces[int(each)].said.replace("\n", "\r\n") for each in made.hidden}
    forged = said | {"said": [*(texts | {place: "sta male"}).values()]}
    refused = client.post(home, data=forged, headers=HTML)
    assert (refused.status_code, "sta male" in refused.text) == (422, True)
    texts[place] = "viene con [omissis]\r\n[omissis] e sta bene"
    client.post(home, data=said | {"said": [*texts.values()]})

    archive = zipfile.ZipFile(io.BytesIO(client.get(f"{home}/archivio.zip").content))
    values = [each["value"] for each in json.loads(archive.read("dati.json"))]
    assert "viene con [omissis]\n[omissis] e sta bene" in values
    assert "Giulia" not in archive.read("dati.html").decode()


def test_whoever_does_not_read_every_part_gathers_no_copy(signed_in: SignIn, rosa: UUID) -> None:
    with transaction() as session:
        person = get(session, Person, rosa)
        people.add_alert(
            session, person, kind="x", text="ZQVIOLENZA", compartment=Compartment.VIOLENCE
        )
    client = signed_in("clara", Role.COORDINATOR)

    answer = client.post(f"/persone/{rosa}/privacy/copie", headers=HTML)

    assert (answer.status_code, "ZQVIOLENZA" in answer.text) == (403, False)


def test_a_rule_without_years_or_law_comes_back_with_what_was_typed(signed_in: SignIn) -> None:
    client = signed_in("clara", Role.COORDINATOR)
    answer = client.post(
        "/privacy/conservazione",
        data={"name": "Fascicoli", "years": "molti", "source": "Piano"},
        headers=HTML,
    )
    assert (answer.status_code, 'value="molti"' in answer.text) == (422, True)
    client.post(
        "/privacy/conservazione", data={"name": "Fascicoli", "years": "1", "source": "Piano"}
    )
    client.post(
        "/privacy/conservazione",
        data={"name": "Minori", "years": "30", "source": "Piano", "area": "guardianship"},
    )
    page = client.get("/privacy/conservazione", headers=HTML).text
    assert "tutti i fascicoli" in page
    assert "30 anni" in page
    unknown = {"name": "Altri", "years": "1", "source": "Piano", "area": "zq"}
    assert client.post("/privacy/conservazione", data=unknown, headers=HTML).status_code == 422
    assert "1 anno dalla chiusura dell’ultimo caso" in page
    with transaction() as session:
        assert session.scalars(select(Disposal)).all() == []


def test_an_operator_neither_writes_rules_nor_gathers_copies(signed_in: SignIn, rosa: UUID) -> None:
    client = signed_in("anna", Role.OPERATOR)
    for path in ("/privacy/conservazione", f"/persone/{rosa}/privacy/copie"):
        assert client.post(path, headers=HTML).status_code == 403
    assert client.get(f"/persone/{rosa}/privacy", headers=HTML).status_code == 200
