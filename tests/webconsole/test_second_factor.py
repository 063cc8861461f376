"""Signing in with a second factor, and showing again that it is the same person."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import UUID, uuid4

import pyotp
import pytest
import time_machine
from sqlalchemy import select
from starlette.testclient import TestClient
from webauthn.helpers import bytes_to_base64url

from registry import (
    authenticators,
    door,
    openings,
    own_ways,
    people,
    recovery_codes,
    sessions,
    staff,
)
from registry.access import Role
from registry.authenticators import PERIOD
from registry.door import CODE_FIELD, PASSWORD_FIELD
from registry.journal import Entry
from registry.kit import clock
from registry.kit.db import transaction
from registry.kit.errors import NotAllowed, NotSignedIn
from registry.kit.settings import settings
from registry.passkeys import Passkey
from registry.sessions import SignInRefused
from tests.conftest import PASSWORD, somebody
from webconsole import cli_records
from webconsole.entering import HALF

SignIn = Callable[..., TestClient]
EYES = {"accept": "text/html"}
REASON = "allarme in corso, la squadra chiede come entrare"


def digits(secret: str, ahead: int = 0) -> str:
    return pyotp.TOTP(secret).generate_otp(int(clock.now().timestamp()) // PERIOD + ahead)


def with_app(login: str = "anna", *roles: Role) -> str:
    """Somebody whose app was confirmed a while ago; its secret."""
    with time_machine.travel(clock.now() - timedelta(hours=1)), transaction() as session:
        person = staff.by_login(session, login) or somebody(
            session, login, "Anna Riva", *(roles or (Role.OPERATOR,))
        )
        made = authenticators.begin(session, person)
        authenticators.confirm(session, person.id, digits(made.secret))
        return made.secret


def by_password(client: TestClient, login: str = "anna", **more: str) -> str:
    """Where the password alone leads."""
    data = {"login": login, "password": PASSWORD} | more
    return client.post("/entra", data=data, follow_redirects=False).headers["location"]


def second(client: TestClient, code: str, **more: str) -> tuple[int, str]:
    answer = client.post("/entra/secondo", data={"code": code} | more, follow_redirects=False)
    return answer.status_code, answer.headers.get("location", answer.text)


def test_the_password_alone_no_longer_opens(client: TestClient) -> None:
    secret = with_app()

    assert by_password(client, poi="/persone").startswith("/entra/secondo")
    assert door.COOKIE not in client.cookies
    assert client.get("/api/v1/me").status_code == 401
    assert second(client, "000000")[0] == 403
    assert second(client, digits(secret), poi="/persone") == (303, "/persone")
    assert client.get("/api/v1/me").status_code == 200
    assert HALF not in client.cookies


def test_digits_seen_over_a_shoulder_open_nothing(client: TestClient) -> None:
    secret = with_app()
    by_password(client)
    seen = digits(secret)
    assert second(client, seen)[0] == 303
    client.cookies.clear()

    by_password(client)
    status, page = second(client, seen)
    assert (status, "già stato usato" in page) == (403, True)


def test_half_a_log_in_is_worth_nothing_after_five_minutes(client: TestClient) -> None:
    secret = with_app()
    by_password(client)
    with time_machine.travel(clock.now() + timedelta(minutes=6)):
        status, page = second(client, digits(secret))
    assert (status, "Nome utente" in page) == (401, True)


def test_guesses_at_the_digits_are_few(client: TestClient) -> None:
    secret = with_app()
    with time_machine.travel(clock.now(), tick=False):
        by_password(client)
        assert [second(client, f"{n:06d}")[0] for n in range(6)] == [403] * 5 + [429]
        assert second(client, digits(secret))[0] == 429, "even the right ones wait"


def test_a_code_on_paper_lets_in_once(client: TestClient) -> None:
    with_app()
    with transaction() as session:
        code = recovery_codes.make(session, staff.named(session, "anna").id)[3]
    by_password(client)
    assert second(client, code)[0] == 303
    client.cookies.clear()
    by_password(client)
    assert second(client, code)[0] == 403


def test_setting_up_an_app_shows_the_codes_once(signed_in: SignIn) -> None:
    client = signed_in("anna")
    page = client.post("/accesso/app").text
    secret = re.search(r'class="code letters">([A-Z2-7 ]+)<', page)
    assert secret is not None
    assert "<svg" in page
    assert client.post("/accesso/app/conferma", data={"code": "123"}).status_code == 403
    shown = digits(secret[1].replace(" ", ""))
    codes = client.post("/accesso/app/conferma", data={"code": shown}).text
    assert len(re.findall(r'<li class="code">', codes)) == recovery_codes.HOW_MANY
    again = client.get("/accesso").text
    assert "10 codici" in again
    assert 'class="code"' not in again


@pytest.fixture
def careful(monkeypatch: pytest.MonkeyPatch, database: None) -> Iterator[None]:
    """A house that wants a second factor of administrators and auditors."""
    monkeypatch.setenv("CENTRALE_SECOND_FACTOR_FOR", "administrators")
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


@pytest.mark.usefixtures("careful")
def test_an_administrator_without_a_second_factor_gets_no_further_than_setting_it_up(
    signed_in: SignIn,
) -> None:
    client = signed_in("ada", Role.ADMINISTRATOR, name="Ada Facsimile")

    landed = client.get("/amministrazione/personale", headers=EYES)
    assert landed.url.path == "/accesso"
    assert "richiede un secondo fattore" in landed.text
    assert client.get("/api/v1/devices").status_code == 403
    page = client.post("/accesso/app").text
    secret = re.search(r'class="code letters">([A-Z2-7 ]+)<', page)
    assert secret is not None
    client.post("/accesso/app/conferma", data={"code": digits(secret[1].replace(" ", ""))})
    assert client.get("/amministrazione/personale", headers=EYES).status_code == 200
    assert client.post("/accesso/app/fine", headers=EYES).status_code == 409


@pytest.mark.usefixtures("careful")
def test_operators_are_asked_for_nothing_more_in_that_house(signed_in: SignIn) -> None:
    assert signed_in("anna").get("/persone", headers=EYES).status_code == 200


@pytest.fixture
def ten_minutes_on() -> Iterator[None]:
    """Nobody has shown for ten minutes that it is them."""
    with time_machine.travel(clock.now() + timedelta(minutes=10)):
        yield


EXPORTS = ("/cifre.csv?da=2026-11-01&a=2026-11-20", "/cifre.xlsx", "/elenco/esporta.csv")


@pytest.mark.parametrize("export", EXPORTS)
def test_an_export_asks_who_is_there_and_then_comes(signed_in: SignIn, export: str) -> None:
    client = signed_in("carla", Role.COORDINATOR, name="Carla Esempio")
    assert client.get(export, headers=EYES).status_code == 200, "just signed in"
    with time_machine.travel(clock.now() + timedelta(minutes=10)):
        asked = client.get(export, headers=EYES)
        assert (asked.status_code, "Confermi la Sua identità" in asked.text) == (403, True)
        assert "attachment" not in asked.headers.get("content-disposition", "")
        proof = {"poi": export, PASSWORD_FIELD: "sbagliata"}
        assert client.post("/conferma", data=proof, headers=EYES).status_code == 403
        gone = client.post("/conferma", data=proof | {PASSWORD_FIELD: PASSWORD}, headers=EYES)
        assert gone.status_code == 200
        assert f'content="0; url={export.replace("&", "&amp;")}"' in gone.text
        assert client.get(export, headers=EYES).status_code == 200
    with time_machine.travel(clock.now() + timedelta(minutes=16)):
        assert client.get(export, headers=EYES).status_code == 403


def test_every_export_asks(client: TestClient) -> None:
    """A new door that gives a whole list away as a file asks too."""
    from tests.webconsole import matrix
    from webconsole.app import app

    asking = {f"{each.method} {each.path}" for each in matrix.doors(app) if each.asks_for_proof}
    files = {
        each.name
        for each in matrix.doors(app)
        if each.path.endswith((".csv", ".xlsx")) or "/esporta" in each.path
    }
    assert files - asking == set()
    assert "POST /persone/{person_id}/apertura" in asking


def hidden_person() -> UUID:
    with transaction() as session:
        return people.create(session, family_name="Riservata", restricted=True).id


def test_breaking_the_glass_asks_and_keeps_the_reason(signed_in: SignIn) -> None:
    client, maria = signed_in("anna"), hidden_person()
    there = f"/persone/{maria}/apertura"
    with time_machine.travel(clock.now() + timedelta(minutes=10)):
        asked = client.post(there, data={"reason": REASON}, headers=EYES)
        assert asked.status_code == 403
        assert f'name="reason" value="{REASON}"' in asked.text
        with transaction() as session:
            assert openings.unseen(session) == []
        wrong = client.post(there, data={"reason": REASON, PASSWORD_FIELD: "no"}, headers=EYES)
        assert (wrong.status_code, REASON in wrong.text) == (403, True)
        opened = client.post(there, data={"reason": REASON, PASSWORD_FIELD: PASSWORD}, headers=EYES)
        assert (opened.status_code, opened.url.path) == (200, f"/persone/{maria}")
        nobody = client.post(f"/persone/{uuid4()}/apertura", data={"reason": REASON}, headers=EYES)
        assert nobody.status_code == 404, "a fresh proof, and still no such file"


@pytest.mark.usefixtures("database")
def test_the_digits_of_the_app_are_a_proof_too(client: TestClient) -> None:
    secret = with_app("carla", Role.COORDINATOR)
    by_password(client, "carla")
    second(client, digits(secret))
    with time_machine.travel(clock.now() + timedelta(minutes=10)):
        page = client.get("/cifre.csv", headers=EYES)
        assert 'name="prova_codice"' in page.text
        csrf = re.search(r'name="csrf" value="(\w+)"', page.text)
        assert csrf is not None
        proof = {"poi": "/cifre.csv", "csrf": csrf[1], CODE_FIELD: digits(secret)}
        assert client.post("/conferma", data=proof, headers=EYES).status_code == 200
        assert client.get("/cifre.csv", headers=EYES).status_code == 200


def test_ways_in_are_changed_only_by_whoever_just_showed_who_they_are(signed_in: SignIn) -> None:
    client = signed_in("anna")
    with time_machine.travel(clock.now() + timedelta(minutes=10)):
        assert client.get("/accesso", headers=EYES).status_code == 200
        for path in ("/accesso/app", "/accesso/app/fine", "/accesso/codici"):
            assert client.post(path, headers=EYES).status_code == 403
        told = client.post("/accesso/passkey/inizio")
        assert (told.status_code, told.json()["proof"]) == (403, "/conferma")


def test_an_administrator_lets_somebody_begin_anew(signed_in: SignIn) -> None:
    with_app("bruno")
    client = signed_in("ada", Role.ADMINISTRATOR, name="Ada Facsimile")
    with transaction() as session:
        bruno, ada = (staff.named(session, each).id for each in ("bruno", "ada"))
    assert "app di codici" in client.get(f"/amministrazione/personale/{bruno}").text
    client.post(f"/amministrazione/personale/{bruno}/fattori/fine")
    client.post(f"/amministrazione/personale/{ada}/fattori/fine", follow_redirects=False)

    client.cookies.clear()
    assert by_password(client, "bruno") == "/"


def test_the_last_administrator_begins_anew_at_the_machine(client: TestClient) -> None:
    with_app("ada", Role.ADMINISTRATOR)
    assert by_password(client, "ada").startswith("/entra/secondo")
    cli_records.begin_anew(login="ada")
    assert by_password(client, "ada") == "/"


def test_a_password_is_changed_by_whoever_knows_the_present_one(signed_in: SignIn) -> None:
    client = signed_in("anna")
    other, _ = sessions.sign_in("anna", PASSWORD, network="192.0.2.9")
    new = "una mattina di vento a Cuma"

    wrong = client.post("/accesso/password", data={"old": "no", "password": new})
    weak = client.post("/accesso/password", data={"old": PASSWORD, "password": "annaannaannaanna"})
    assert (wrong.status_code, weak.status_code) == (403, 422)
    assert "password attuale" in wrong.text
    done = client.post("/accesso/password", data={"old": PASSWORD, "password": new})

    assert done.url.path == "/sessioni"
    assert "Password impostata" in done.text
    with transaction() as session, pytest.raises(NotSignedIn):
        sessions.check(session, other)
    with pytest.raises(NotAllowed):
        sessions.sign_in("anna", PASSWORD, network="192.0.2.9")
    assert sessions.sign_in("anna", new, network="192.0.2.9")


def test_whoever_comes_in_is_told_what_was_tried_meanwhile(client: TestClient) -> None:
    with transaction() as session:
        somebody(session, "anna", "Anna Riva", Role.OPERATOR)
    form = {"login": "anna", "password": PASSWORD}
    assert come_in(client, form) == "/"
    assert come_in(client, form) == "/"
    for _ in range(own_ways.OFTEN):
        with pytest.raises(NotAllowed):
            sessions.sign_in("anna", "tentativo di un altro", network="203.0.113.9")

    assert come_in(client, form) == "/sessioni?poi=%2F"
    page = client.get("/sessioni?poi=%2F", headers={"accept": "text/html"}).text
    assert "3 tentativi di accesso rifiutati" in page
    assert "Continua" in page
    assert come_in(client, form) == "/"


def test_a_passkey_that_is_refused_was_tried_at_its_owners_account(client: TestClient) -> None:
    with transaction() as session:
        anna = somebody(session, "anna", "Anna Riva", Role.OPERATOR)
        lost = Passkey(
            staff_id=anna.id,
            name="Telefono perso",
            credential_id=b"una chiave di prova",
            public_key=b"",
            revoked_at=clock.now(),
        )
        session.add(lost)
    form = {"login": "anna", "password": PASSWORD}
    assert [come_in(client, form) for _ in range(2)] == ["/", "/"]
    client.cookies.clear()

    tries = [by_passkey(client, lost.credential_id) for _ in range(own_ways.OFTEN)]
    assert [*tries, by_passkey(client, b"di nessuno")] == [403] * (own_ways.OFTEN + 1)

    assert refused_at() == [anna.id] * own_ways.OFTEN + [None]
    assert come_in(client, form) == "/sessioni?poi=%2F"
    assert "3 tentativi di accesso rifiutati" in client.get("/sessioni?poi=%2F", headers=EYES).text


def test_guesses_at_a_locked_screen_are_told_like_tries_to_sign_in(signed_in: SignIn) -> None:
    client = signed_in("anna")
    with transaction() as session:
        anna = staff.named(session, "anna")
    client.post("/blocca")
    wrong = client.post("/blocco", data={"password": "forse questa"})

    assert wrong.status_code == 403
    assert refused_at() == [anna.id]


def refused_at() -> list[UUID | None]:
    """At whose accounts tries were refused, in order."""
    with transaction() as session:
        found = session.scalars(
            select(Entry).where(Entry.kind == SignInRefused.kind).order_by(Entry.id)
        )
        told = [each.event() for each in found]
        return [each.staff_id for each in told if isinstance(each, SignInRefused)]


def by_passkey(client: TestClient, credential_id: bytes) -> int:
    """A try with a signature that nobody made."""
    assert client.post("/entra/passkey/inizio").status_code == 200
    name, nothing = bytes_to_base64url(credential_id), bytes_to_base64url(b"{}")
    credential = {
        "id": name,
        "rawId": name,
        "type": "public-key",
        "response": {
            "clientDataJSON": nothing,
            "authenticatorData": nothing,
            "signature": nothing,
        },
    }
    return client.post("/entra/passkey", json={"credential": credential}).status_code


def come_in(client: TestClient, form: dict[str, str]) -> str:
    client.cookies.clear()
    answer = client.post("/entra", data=form, follow_redirects=False)
    assert answer.status_code == 303
    return str(answer.headers["location"])
