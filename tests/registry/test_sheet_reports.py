"""A sheet that is no longer right: anybody says so, whoever keeps the directory looks."""

from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from registry import directory, sheet_reports
from registry.access import Role
from registry.directory import BodyKind, Service, ServiceArea
from registry.kit import db
from registry.kit.errors import Conflict, Invalid
from tests.conftest import somebody

SignedIn = Callable[..., TestClient]


def sheet(session: Session) -> Service:
    body = directory.body(session, "Comune di Prova", BodyKind.OWN)
    return directory.add(
        session, body, name="Pasti a casa", area=ServiceArea.HOME_CARE, published=True
    )


def test_a_reported_sheet_stands_among_those_to_be_read_until_somebody_has_looked(
    session: Session,
) -> None:
    meals = sheet(session)
    sara = somebody(session, "sara", "Sara Esempio", Role.SOCIAL_WORKER).actor
    assert directory.listed(session, out_of_date=True) == []

    sheet_reports.report(session, meals.id, "Il numero non risponde")
    sheet_reports.report(session, meals.id, "Chiuso il sabato", sara)
    assert directory.listed(session, out_of_date=True) == [meals]
    assert sheet_reports.counted(session, [meals.id]) == {meals.id: 2}

    assert sheet_reports.settle(session, meals.id, sara) == 2
    assert sheet_reports.settle(session, meals.id, sara) == 0
    assert directory.listed(session, out_of_date=True) == []
    assert sheet_reports.counted(session, [meals.id]) == {}


def test_a_report_says_something_and_their_number_is_bounded(session: Session) -> None:
    meals = sheet(session)
    with pytest.raises(Invalid):
        sheet_reports.report(session, meals.id, "  ")
    for number in range(sheet_reports.MOST):
        sheet_reports.report(session, meals.id, f"Il numero è cambiato {number}")
    with pytest.raises(Conflict):
        sheet_reports.report(session, meals.id, "Il numero è cambiato ancora")


@pytest.fixture
def meals(database: None) -> UUID:
    with db.transaction() as session:
        return sheet(session).id


def test_a_visitor_tells_and_the_keeper_mends(meals: UUID, signed_in: SignedIn) -> None:
    sara = signed_in("sara", Role.SOCIAL_WORKER, name="Sara Esempio")
    sara.headers["accept"] = "text/html"
    with TestClient(sara.app, base_url=str(sara.base_url)) as visitor:
        visitor.headers["accept"] = "text/html"
        door = f"/servizi/{meals}/segnalazione"
        elsewhere = {"origin": "https://altrove.example"}
        assert visitor.post(door, data={"words": "x"}, headers=elsewhere).status_code == 403
        assert visitor.post(door, data={"words": " "}).status_code == 422
        told = visitor.post(door, data={"words": "Il numero non risponde più"})
        assert "Grazie" in told.text
        assert "non risponde più" not in told.text

    assert "1 segnalazione" in sara.get("/elenco?scadute=true").text
    assert "Grazie" in sara.post(f"/elenco/{meals}/segnalazione", data={"words": "Chiuso"}).text
    page = sara.get(f"/elenco/{meals}").text
    assert "non risponde più" in page
    assert "da un visitatore" in page
    assert "2 persone" in sara.get(f"/elenco/{meals}/modifica").text
    sara.post(f"/elenco/{meals}/riletta")
    assert "non risponde più" not in sara.get(f"/elenco/{meals}").text
    del sara.headers["accept"]


def test_by_the_api_reports_are_told_and_settled_on_the_version_read(
    meals: UUID, signed_in: SignedIn
) -> None:
    sara = signed_in("sara", Role.SOCIAL_WORKER, name="Sara Esempio")
    there = f"/api/v1/services/{meals}"
    told = sara.post(f"{there}/reports", json={"words": "Il prezzo è un altro"})
    assert told.status_code == 201
    assert [each["id"] for each in sara.get(f"{there}/reports").json()["items"]] == [
        told.json()["id"]
    ]
    tag = sara.get(there).headers["ETag"]
    assert sara.post(f"{there}/reviewed", headers={"If-Match": '"99"'}).status_code == 412
    assert sara.post(f"{there}/reviewed", headers={"If-Match": tag}).status_code == 200
    assert sara.get(f"{there}/reports").json() == {"items": []}
