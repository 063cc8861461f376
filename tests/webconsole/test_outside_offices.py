"""Offices of contractors and partners, and what their people may do: from the very next click."""

from collections.abc import Callable
from uuid import UUID

import pytest
from starlette.testclient import TestClient

from registry import codes, people, staff
from registry.access import Holder, Role
from registry.kit import clock
from registry.kit.db import transaction
from tests.conftest import somebody

SignIn = Callable[..., TestClient]
HOME = "/amministrazione/personale"
OFFICES = "/amministrazione/uffici"


@pytest.fixture
def ada(signed_in: SignIn) -> TestClient:
    client = signed_in("ada", Role.ADMINISTRATOR, name="Ada Facsimile")
    client.headers["accept"] = "text/html"
    with transaction() as session:
        codes.settle(session)
    return client


def seat(login: str, office: str, holder: Holder, *roles: Role) -> UUID:
    """Somebody who sits in an office of that holder; returns the office."""
    with transaction() as session:
        found = staff.office(session, office, holder=holder)
        somebody(session, login, "Olga Prova", *roles).office_id = found.id
        return found.id


def test_the_people_of_a_contractor_work_and_see_no_reserved_file(signed_in: SignIn) -> None:
    with transaction() as session:
        maria = people.create(
            session, given_name="Maria", family_name="Riservata", birth_year=1950, restricted=True
        ).id
        nina = people.create(session, given_name="Nina", family_name="Prova", birth_year=1950).id
    seat("olga", "Cooperativa Esempio", Holder.CONTRACTOR, Role.COORDINATOR, Role.AUDITOR)
    olga = signed_in("olga")
    olga.headers["accept"] = "text/html"

    assert olga.get(f"/persone/{nina}").status_code == 200
    assert olga.get(f"/persone/{maria}").status_code == 404
    for path in ("/revisione", "/doppioni", "/privacy", f"/persone/{nina}/accessi"):
        assert (path, olga.get(path).status_code) == (path, 403)
    opened = olga.post(f"/persone/{maria}/apertura", data={"reason": "Una ragione lunga"})
    assert opened.status_code == 403


def test_the_people_of_a_partner_open_nobodys_file(signed_in: SignIn) -> None:
    with transaction() as session:
        nina = people.create(session, given_name="Nina", family_name="Prova", birth_year=1950).id
    seat("olga", "Associazione Esempio", Holder.PARTNER, *Role)
    olga = signed_in("olga")

    for path in (f"/api/v1/people/{nina}", "/api/v1/cases", "/api/v1/people?q=prova"):
        assert (path, olga.get(path).status_code) == (path, 403)
    assert olga.get("/api/v1/signals").status_code == 200


def test_an_office_is_given_and_its_people_stop_at_their_next_click(
    ada: TestClient, signed_in: SignIn
) -> None:
    office = seat("olga", "Sportello Esempio", Holder.BODY, Role.OPERATOR)
    olga = signed_in("olga")
    assert olga.get("/persone").status_code == 200

    ada = signed_in("ada")
    given = ada.post(f"{OFFICES}/{office}", data={"holder": "partner"})
    assert given.url.path == OFFICES
    assert '<option value="partner" selected>' in given.text
    assert ada.post(f"{OFFICES}/{office}", data={"holder": "nobody"}).status_code == 422

    olga = signed_in("olga")
    assert olga.get("/persone").status_code == 403


def test_nobody_takes_their_own_office_out_of_the_house(ada: TestClient) -> None:
    with transaction() as session:
        mine = staff.office(session, "Centrale Esempio")
        staff.named(session, "ada").office_id = mine.id
    refused = ada.post(f"{OFFICES}/{mine.id}", data={"holder": "contractor"})

    assert refused.status_code == 409
    assert "chieda a un altro amministratore" in refused.text.lower()
    assert ada.get(HOME).status_code == 200


def test_a_qualification_is_recorded_told_before_it_ends_and_ended(ada: TestClient) -> None:
    with transaction() as session:
        sara = somebody(session, "sara", "Sara Modelli", Role.SOCIAL_WORKER).id
    today = clock.now().date()
    sent = {
        "qualification": "social_worker_b",
        "number": "4711",
        "since": today.replace(year=today.year - 1).isoformat(),
        "until": today.isoformat(),
    }
    page = ada.post(f"{HOME}/{sara}/qualifiche", data=sent)
    assert page.url.path == f"{HOME}/{sara}"
    assert "Assistente sociale (albo B)" in page.text
    assert "4711" in page.text
    assert f"fino al {today:%d/%m/%Y}" in ada.get(HOME).text

    again = ada.post(f"{HOME}/{sara}/qualifiche", data=sent)
    assert again.status_code == 409
    assert 'value="4711"' in again.text
    wrong = ada.post(f"{HOME}/{sara}/qualifiche", data=sent | {"since": "ieri"})
    assert wrong.status_code == 422
    assert "Non è un giorno del calendario" in wrong.text

    end = page.text.partition("/qualifiche/")[2].partition('"')[0]
    ended = ada.post(f"{HOME}/{sara}/qualifiche/{end}")
    assert "terminata il" in ended.text
    assert ada.post(f"{HOME}/{sara}/qualifiche/{end}").status_code == 409
