"""The administrator's pages, and everybody's list of their own sessions."""

import re
from collections.abc import Callable
from uuid import UUID

import pytest
from starlette.testclient import TestClient

from registry import sessions, staff
from registry.access import Role
from registry.kit.db import transaction
from tests.conftest import PASSWORD, somebody
from webconsole import browsers

SignIn = Callable[..., TestClient]
HOME = "/amministrazione/personale"
CHOSEN = "tre papere nello stagno"


@pytest.fixture
def ada(signed_in: SignIn) -> TestClient:
    """Ada administers; Anna answers calls."""
    client = signed_in("ada", Role.ADMINISTRATOR, name="Ada Facsimile")
    with transaction() as session:
        somebody(session, "anna", "Anna Riva", Role.OPERATOR)
    return client


def id_of(login: str) -> UUID:
    with transaction() as session:
        return staff.named(session, login).id


def code_in(page: str) -> str:
    found = re.search(r'id="code">([A-Z0-9-]+)<', page)
    assert found, page
    return found[1]


def test_an_administrator_lands_among_the_staff(ada: TestClient) -> None:
    page = ada.get("/")

    assert page.url.path == HOME
    assert "Anna Riva" in page.text


@pytest.mark.parametrize(
    "role", [Role.OPERATOR, Role.COORDINATOR, Role.SOCIAL_WORKER, Role.TEAM, Role.AUDITOR]
)
def test_nobody_else_comes_near(signed_in: SignIn, role: Role) -> None:
    client = signed_in("nessuno", role)
    somebody_else = id_of("nessuno")

    for path in (HOME, f"{HOME}/nuovo", f"{HOME}/{somebody_else}", "/amministrazione/uffici"):
        assert client.get(path).status_code == 403
    for path in (f"{HOME}/nuovo", f"{HOME}/{somebody_else}/codice"):
        assert client.post(path, data={"name": "x"}).status_code == 403


def test_somebody_new_gets_a_code_and_signs_in_with_a_password_of_their_own(
    ada: TestClient,
) -> None:
    with transaction() as session:
        office = staff.office(session, "Sportello Nord").id
    page = ada.post(
        f"{HOME}/nuovo",
        data={"name": "Rosa Esempio", "login": "rosa", "roles": "operator", "office": str(office)},
    )
    code = code_in(page.text)

    assert ada.get("/primo-accesso").status_code == 200
    ada.cookies.clear()
    chosen = {"login": "rosa", "code": code, "password": CHOSEN}
    answer = ada.post("/primo-accesso", data=chosen, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/entra")
    assert ada.post("/entra", data={"login": "rosa", "password": CHOSEN}).status_code == 200
    assert ada.get("/api/v1/me").json()["name"] == "Rosa Esempio"


def test_what_was_typed_is_kept_and_nothing_is_half_done(ada: TestClient) -> None:
    page = ada.post(
        f"{HOME}/nuovo", data={"name": "Rosa Esempio", "login": "anna", "roles": "team"}
    )

    assert page.status_code == 409
    assert 'value="Rosa Esempio"' in page.text
    assert re.search(r'value="team" checked', page.text)
    for wrong in ({"roles": "emperor"}, {"roles": "team", "office": "not an id"}):
        assert (
            ada.post(f"{HOME}/nuovo", data={"name": "R", "login": "r"} | wrong).status_code == 422
        )
    with transaction() as session:
        assert staff.by_login(session, "r") is None


def test_a_change_holds_at_the_next_click(ada: TestClient) -> None:
    anna = id_of("anna")
    page = ada.post(f"{HOME}/{anna}", data={"name": "Anna Riva", "roles": ["coordinator"]})

    assert "Salvato" in page.text
    with transaction() as session:
        assert staff.named(session, "anna").roles == ["coordinator"]


def test_closing_and_opening_an_account(ada: TestClient) -> None:
    anna = id_of("anna")
    assert "Riapri" in ada.post(f"{HOME}/{anna}/chiusura").text
    assert "Anna Riva" not in ada.get(HOME).text
    assert "Anna Riva" in ada.get(f"{HOME}?tutti=true").text
    code_in(ada.post(f"{HOME}/{anna}/rientro").text)

    assert ada.post(f"{HOME}/{id_of('ada')}/chiusura").status_code == 409


def test_a_wrong_code_is_said_and_what_was_typed_is_kept(client: TestClient) -> None:
    answer = client.post(
        "/primo-accesso", data={"login": "rosa", "code": "AAAA", "password": CHOSEN}
    )

    assert answer.status_code == 403
    assert 'value="rosa"' in answer.text
    assert CHOSEN not in answer.text


def test_offices_are_added_once(ada: TestClient) -> None:
    for name in ("Sportello Nord", "sportello nord", " "):
        ada.post("/amministrazione/uffici", data={"name": name, "kind": "sportello"})

    with transaction() as session:
        assert [each.name for each in staff.offices(session)] == ["Sportello Nord"]


def test_everybody_sees_and_ends_their_own_sessions_only(signed_in: SignIn) -> None:
    client = signed_in("bruno", name="Bruno Costa")
    other = signed_in("anna")
    mine = client.get("/sessioni")
    assert mine.text.count("session-row") == 1
    other.post("/entra", data={"login": "anna", "password": PASSWORD}, follow_redirects=False)
    signed_in("anna")
    page = client.get("/sessioni").text
    assert page.count("session-row") == 3
    assert page.count("questo schermo") == 1
    client.post("/sessioni/altre")
    assert client.get("/sessioni").text.count("session-row") == 1
    with transaction() as session:
        bruno = staff.named(session, "bruno").id
        (his,) = sessions.open_of(session, bruno)
    assert client.post(f"/sessioni/{his.id}").status_code == 404


@pytest.mark.parametrize(
    ("says", "named"),
    [
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Firefox, Linux",
        ),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/130.0 Safari/537.36 Edg/130.0", "Edge, Windows"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/130.0 Mobile Safari/537.36", "Chrome, Android"),
        ("curl/8.0", ""),
    ],
)
def test_a_browser_in_two_words(says: str, named: str) -> None:
    assert browsers.named(says) == named
