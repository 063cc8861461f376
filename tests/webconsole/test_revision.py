"""Pages of reserved files, of breaking the glass, and of the auditor."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import time_machine
from starlette.testclient import TestClient

from registry import cases, merges, openings, people, staff, unusual_reports
from registry.access import HOUSE, Compartment, Role
from registry.cases import Area
from registry.kit import clock
from registry.kit.db import transaction
from registry.unusual import Why
from registry.unusual_reports import Week
from webconsole.staff_words import COMPARTMENTS, UNUSUAL

SignIn = Callable[..., TestClient]
COORDINATES = replace(HOUSE, roles=frozenset({Role.COORDINATOR}))
REASON = "allarme in corso, la squadra chiede come entrare"


@pytest.fixture
def maria(database: None) -> UUID:
    """Reserved, with something about health and a case about violence."""
    with transaction() as session:
        person = people.create(
            session, given_name="Maria", family_name="Riservata", birth_year=1950, restricted=True
        )
        people.add_alert(
            session, person, kind="health", text="ZZSALUTE", compartment=Compartment.HEALTH
        )
        cases.open_(
            session,
            area=Area.EMERGENCY,
            person_id=person.id,
            title="ZZVIOLENZA",
            compartment=Compartment.VIOLENCE,
        )
        return person.id


def break_glass(client: TestClient, person_id: UUID, **given: str) -> tuple[int, str]:
    answer = client.post(
        f"/persone/{person_id}/apertura",
        data={"reason": REASON} | given,
        headers={"accept": "text/html"},
    )
    return answer.status_code, answer.text


def test_the_glass_of_a_merged_file_is_that_of_the_file_it_became(
    signed_in: SignIn, maria: UUID
) -> None:
    with transaction() as session:
        twin = people.create(session, given_name="Mariuccia", restricted=True).id
        open_ = people.create(session, given_name="Rosa", family_name="Aperta").id
        merges.merge(session, COORDINATES, maria, twin)
    client = signed_in("anna")
    for person_id, shown in ((open_, "Rosa"), (twin, "Riservata"), (maria, "Riservata")):
        status, page = break_glass(client, person_id)
        assert (status, shown in page) == (200, True)
    with transaction() as session:
        assert [each.person_id for each in openings.latest(session)] == [maria]


def test_a_reserved_file_looks_like_one_that_does_not_exist(signed_in: SignIn, maria: UUID) -> None:
    client = signed_in("anna")
    nobody = uuid4()
    reserved, missing = (client.get(f"/persone/{each}") for each in (maria, nobody))

    assert (reserved.status_code, missing.status_code) == (404, 404)
    once = re.compile(f'(nonce|name="once" value)="[^"]+"|{maria}|{nobody}')
    assert once.sub("", reserved.text) == once.sub("", missing.text)


def test_breaking_the_glass_opens_the_file_and_tells_the_coordinator(
    signed_in: SignIn, maria: UUID
) -> None:
    client = signed_in("anna")
    status, page = break_glass(client, maria)

    assert (status, "Maria Riservata" in page, REASON in page) == (200, True, True)
    assert "ZZSALUTE" not in page
    assert "ZZVIOLENZA" not in page
    assert "parte riservata: salute" in page
    carla = signed_in("carla", Role.COORDINATOR, name="Carla Esempio")
    assert carla.get("/api/v1/openings").json() == {"unseen": 1}
    page = carla.get("/aperture").text
    assert REASON in page
    with transaction() as session:
        (opening,) = openings.unseen(session)
    carla.post(f"/aperture/{opening.id}/vista")
    assert carla.get("/api/v1/openings").json() == {"unseen": 0}


def test_the_glass_asks_for_a_reason(signed_in: SignIn, maria: UUID) -> None:
    client = signed_in("anna")

    assert break_glass(client, maria, reason="corta")[0] == 422
    assert break_glass(client, uuid4())[0] == 404
    assert client.get(f"/persone/{maria}").status_code == 404


def test_who_may_read_a_compartment_reads_it(signed_in: SignIn, maria: UUID) -> None:
    client = signed_in("carla", Role.COORDINATOR, name="Carla Esempio")
    assert "ZZSALUTE" not in client.get(f"/api/v1/people/{maria}").text
    with transaction() as session:
        staff.named(session, "carla").compartments = ["health", "violence"]

    assert "ZZSALUTE" in client.get(f"/api/v1/people/{maria}").text
    assert "ZZSALUTE" in client.get(f"/api/v1/board/people/{maria}").text
    assert "ZZVIOLENZA" in client.get("/api/v1/cases").text


def test_the_auditor_sees_who_looked_and_no_file(signed_in: SignIn, maria: UUID) -> None:
    signed_in("carla", Role.COORDINATOR, name="Carla Esempio").get(f"/persone/{maria}")
    client = signed_in("aldo", Role.AUDITOR, name="Aldo Verifica")

    landed = client.get("/")
    assert landed.url.path == "/revisione"
    found = client.get("/revisione", params={"q": "maria riservata"}).text
    assert f"/persone/{maria}/accessi" in found
    page = client.get(f"/persone/{maria}/accessi").text
    assert "Carla Esempio" in page
    assert "Coordinatore" in page
    assert "ha aperto la scheda" in page
    assert client.get(f"/persone/{maria}").status_code == 403
    assert client.get(f"/persone/{uuid4()}/accessi").status_code == 404


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.SOCIAL_WORKER, Role.TEAM, Role.ADMINISTRATOR])
def test_nobody_else_reads_the_journal(signed_in: SignIn, maria: UUID, role: Role) -> None:
    client = signed_in("nessuno", role)

    for path in ("/revisione", "/revisione/letture", f"/persone/{maria}/accessi"):
        assert client.get(path).status_code == 403


def test_the_auditor_filters_the_journal_and_asks_for_a_check(signed_in: SignIn) -> None:
    client = signed_in("aldo", Role.AUDITOR, name="Aldo Verifica")
    for asked in ({"servizio": "registry", "chi": "x", "dal": "oggi"}, {"al": "2020-01-01"}):
        assert client.get("/revisione", params=asked).status_code == 200
    assert "è in corso" in client.post("/revisione/verifica").text


def test_printing_a_file_is_written_down(signed_in: SignIn, maria: UUID) -> None:
    client = signed_in("carla", Role.COORDINATOR, name="Carla Esempio")
    assert client.post(f"/api/v1/people/{maria}/printed").status_code == 200

    assert "ha stampato la scheda" in client.get(f"/persone/{maria}/accessi").text


def test_any_page_that_is_printed_says_who_was_on_it(signed_in: SignIn, maria: UUID) -> None:
    with transaction() as session:
        other = people.create(session, given_name="Rosa", family_name="Riservatella").id
        hidden = people.create(session, given_name="Nina", restricted=True).id
    client = signed_in("anna", name="Anna Riva")
    page = client.get("/persone", params={"q": "rosa riservatella"}).text
    frame = re.search(r'data-page="([^"]*)" data-shown="([^"]*)"', page)
    assert frame is not None
    assert (frame[1], frame[2]) == ("people", str(other))

    told = {"where": frame[1], "shown": [str(other), str(hidden), str(maria)]}
    assert client.post("/api/v1/printed", json=told).json() == {"kept": 1}
    assert client.post("/api/v1/printed", json={"where": "Rosa abita qui"}).status_code == 404

    carla = signed_in("carla", Role.COORDINATOR, name="Carla Esempio")
    looks = carla.get(f"/persone/{other}/accessi").text
    assert "ha stampato una pagina con il nome" in looks
    assert "Anna Riva" in looks
    assert "ha stampato" not in carla.get(f"/persone/{maria}/accessi").text


def test_unusual_readings_of_the_week_are_listed(signed_in: SignIn, maria: UUID) -> None:
    break_glass(signed_in("anna"), maria)
    client = signed_in("carla", Role.COORDINATOR, name="Carla Esempio")

    page = client.get("/revisione/letture").text
    assert "Anna Riva" in page
    assert "Maria Riservata" in page
    assert "Anna Riva" not in client.get("/revisione/letture?settimana=1").text


def test_every_code_of_these_pages_has_a_word() -> None:
    assert set(UNUSUAL) == set(Why)
    assert set(COMPARTMENTS) == set(Compartment)


def test_a_weekly_report_is_told_until_it_was_opened(signed_in: SignIn, maria: UUID) -> None:
    break_glass(signed_in("anna"), maria)
    api, monday = "/api/v1/unusual-reports", Week.of(clock.now()).until + timedelta(hours=5)
    with time_machine.travel(monday, tick=False):
        unusual_reports.report(unusual_reports.the_house)
        auditor = signed_in("aldo", Role.AUDITOR, name="Aldo Verifica")
        assert auditor.get(api).json() == {"unread": 1, "weeks_ago": 1}
        assert "data-revises" in auditor.get("/revisione").text
        running = auditor.get("/revisione/letture").text
        assert ("ancora in corso" in running, "<b>non ancora</b>" in running) == (True, True)
        assert auditor.get(api).json()["unread"] == 1

        page = auditor.get("/revisione/letture?settimana=1").text
        assert ("Anna Riva" in page, "con 2 domande da porre" in page) == (True, True)
        assert "<b>non ancora</b>" not in page
        assert auditor.get(api).json() == {"unread": 0, "weeks_ago": 0}
        carla = signed_in("carla", Role.COORDINATOR, name="Carla Esempio")
        assert carla.get(api).json()["unread"] == 1, "who read it is another one"
        operator = signed_in("anna")
        assert operator.get(api).status_code == 403
        assert "data-revises" not in operator.get("/").text
