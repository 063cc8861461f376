"""The way in: passwords, cookies, CSRF, the lock, and tokens for programs."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from starlette.testclient import TestClient

from registry import door, people, sessions, staff, tokens
from registry.access import Role
from registry.kit import clock
from registry.kit.db import transaction
from registry.kit.errors import TooMany
from tests.conftest import PASSWORD, somebody

SignIn = Callable[..., TestClient]


@pytest.fixture
def anna_exists(client: TestClient) -> None:
    with transaction() as session:
        somebody(session, "anna", "Anna Riva", Role.OPERATOR)


def enter(client: TestClient, login: str = "anna", password: str = PASSWORD, **more: str) -> int:
    return client.post(
        "/entra", data={"login": login, "password": password} | more, follow_redirects=False
    ).status_code


@pytest.mark.usefixtures("anna_exists")
def test_the_right_password_gives_a_cookie_that_only_this_host_gets(client: TestClient) -> None:
    answer = client.post(
        "/entra", data={"login": "Anna", "password": PASSWORD}, follow_redirects=False
    )

    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    for word in ("__Host-centrale=", "Secure", "HttpOnly", "SameSite=strict", "Path=/"):
        assert word in cookie
    assert "Domain" not in cookie


@pytest.mark.usefixtures("anna_exists")
def test_a_wrong_password_keeps_what_was_typed_and_says_so(client: TestClient) -> None:
    answer = client.post("/entra", data={"login": "anna", "password": "sbagliata"})

    assert answer.status_code == 403
    assert 'value="anna"' in answer.text
    assert "Nome utente o password non corretti" in answer.text


@pytest.mark.usefixtures("anna_exists")
def test_guessing_is_slowed_down_for_one_account_only(client: TestClient) -> None:
    with transaction() as session:
        somebody(session, "bruno", "Bruno Costa", Role.OPERATOR)
    start = clock.now()
    with time_machine.travel(start, tick=False):
        answers = [enter(client, password=f"tentativo numero {n}") for n in range(6)]

        assert answers == [403] * 5 + [429]
        assert enter(client) == 429, "even the right password waits"
        assert enter(client, "bruno") == 303
    with time_machine.travel(start + timedelta(seconds=10)):
        assert enter(client) == 303


@pytest.mark.usefixtures("anna_exists")
def test_a_form_from_another_site_is_refused(client: TestClient) -> None:
    answer = client.post(
        "/entra",
        data={"login": "anna", "password": PASSWORD},
        headers={"Origin": "https://example.com"},
    )
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.usefixtures("anna_exists")
@pytest.mark.parametrize("target", ["https://example.com", "//example.com", "/\\example.com", "x"])
def test_nobody_is_sent_to_another_host_after_signing_in(client: TestClient, target: str) -> None:
    answer = client.post(
        "/entra",
        data={"login": "anna", "password": PASSWORD, "poi": target},
        follow_redirects=False,
    )
    assert answer.headers["location"] == "/"


def test_without_a_session_the_api_answers_401_and_a_page_leads_to_the_way_in(
    client: TestClient,
) -> None:
    answer = client.get("/api/v1/me")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"

    page = client.get("/", headers={"accept": "text/html"}, follow_redirects=False)
    assert (page.status_code, page.headers["location"]) == (303, "/entra?poi=%2F")


def test_a_lock_without_a_session_leads_to_the_way_in_and_to_what_lay_behind(
    client: TestClient,
) -> None:
    page = client.get(
        "/blocco?poi=/persone", headers={"accept": "text/html"}, follow_redirects=False
    )
    assert (page.status_code, page.headers["location"]) == (303, "/entra?poi=%2Fpersone")


def test_a_change_without_the_csrf_token_is_refused(signed_in: SignIn) -> None:
    client = signed_in("anna")
    right = client.headers.pop(door.CSRF_HEADER)

    assert client.post("/api/v1/people", json={"family_name": "Prova"}).status_code == 403
    wrong = client.post("/api/v1/people", json={}, headers={door.CSRF_HEADER: "x" * 40})
    assert wrong.status_code == 403
    good = client.post("/api/v1/people", json={}, headers={door.CSRF_HEADER: right})
    assert good.status_code == 201


def test_after_signing_out_the_cookie_is_worth_nothing(signed_in: SignIn) -> None:
    client = signed_in("anna")
    stolen = client.cookies[door.COOKIE]
    assert client.post("/esci", follow_redirects=False).status_code == 303

    client.cookies.set(door.COOKIE, stolen, domain="testserver.local", path="/")
    assert client.get("/api/v1/me").status_code == 401


def test_an_idle_screen_locks_and_the_password_opens_it(signed_in: SignIn) -> None:
    client = signed_in("anna")
    with time_machine.travel(clock.now() + timedelta(minutes=16)):
        locked = client.get("/", headers={"accept": "text/html"}, follow_redirects=False)
        assert locked.headers["location"].startswith("/blocco")
        assert client.get("/api/v1/me").status_code == 401
        page = client.get("/blocco")
        assert "Anna Riva" in page.text
        assert client.post("/blocco", data={"password": "no"}).status_code == 403
        opened = client.post("/blocco", data={"password": PASSWORD}, follow_redirects=False)
        assert opened.status_code == 303
        assert client.get("/api/v1/me").status_code == 200


def test_looking_by_itself_does_not_keep_a_screen_open(signed_in: SignIn) -> None:
    client = signed_in("anna")
    start = clock.now()
    for minutes in (5, 10, 16):
        with time_machine.travel(start + timedelta(minutes=minutes)):
            status = client.get("/api/v1/me", headers={door.BACKGROUND_HEADER: "1"}).status_code
    assert status == 401


def test_twelve_hours_are_the_end_whatever_is_done(signed_in: SignIn) -> None:
    client = signed_in("anna")
    start = clock.now()
    for half_hours in range(24):
        with time_machine.travel(start + timedelta(minutes=10 * half_hours)):
            assert client.get("/api/v1/me").status_code == 200
    with time_machine.travel(start + timedelta(hours=12, seconds=1)):
        assert client.get("/api/v1/me").status_code == 401


def test_a_token_acts_with_its_owners_rights_until_it_is_revoked(client: TestClient) -> None:
    with transaction() as session:
        secret = tokens.issue(session, somebody(session, "aldo", "Aldo Verdi", Role.AUDITOR))
    header = {"Authorization": f"Bearer {secret}"}

    mine = client.get("/api/v1/me", headers=header).json()["rights"]
    assert mine == ["read_journal", "read_restricted"]
    assert client.get("/api/v1/people?q=rossi", headers=header).status_code == 403
    assert client.get("/api/v1/me", headers={"Authorization": "Bearer no"}).status_code == 401
    with transaction() as session:
        tokens.revoke(session, session.query(tokens.Token).one())
    assert client.get("/api/v1/me", headers=header).status_code == 401


def test_whoever_left_cannot_come_in(signed_in: SignIn) -> None:
    client = signed_in("anna")
    with transaction() as session:
        staff.leave(session, staff.named(session, "anna"))

    assert client.get("/api/v1/me").status_code == 401
    assert enter(client) == 403


def test_opening_a_file_is_written_down_and_a_restricted_one_does_not_exist(
    signed_in: SignIn,
) -> None:
    client = signed_in("anna")
    with transaction() as session:
        known = people.create(session, given_name="Nina", family_name="Prova", birth_year=1940).id
        hidden = people.create(session, family_name="Nascosta", restricted=True).id

    assert client.get(f"/api/v1/people/{known}").json()["age"] >= 80
    assert client.get(f"/api/v1/people/{hidden}").status_code == 404
    assert client.get("/api/v1/people?q=nascosta").json()["items"] == []
    with transaction() as session:
        from registry.journal import Entry

        reads = session.query(Entry).where(Entry.kind == people.PersonRead.kind).all()
    assert [each.person_id for each in reads] == [known]
    assert all(each.actor_id is not None for each in reads)


@pytest.mark.usefixtures("anna_exists")
def test_guesses_from_many_networks_are_one_a_second_and_others_are_not_held_up(
    client: TestClient,
) -> None:
    """A minute of ten guesses a second; time is moved, and the slow hash is left out."""
    with transaction() as session:
        somebody(session, "bruno", "Bruno Costa", Role.OPERATOR)
    start, tried = clock.now(), 0
    for tick in range(600):
        with time_machine.travel(start + timedelta(milliseconds=100 * tick), tick=False):
            try:
                sessions.count_guess("anna", f"198.51.100.{tick % 250}")
                tried += 1
            except TooMany:
                continue

    assert tried <= 60 + sessions.GUESSES_AT_ONCE
    with time_machine.travel(start + timedelta(seconds=60), tick=False):
        assert enter(client, "bruno") == 303


def test_a_cookie_stolen_before_the_end_opens_nothing_after_it(signed_in: SignIn) -> None:
    client = signed_in("anna")
    stolen = client.cookies[door.COOKIE]
    client.post("/esci", follow_redirects=False)
    client.cookies.set(door.COOKIE, stolen, domain="testserver.local", path="/")

    assert client.get("/api/v1/me").status_code == 401
