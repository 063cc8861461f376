"""The body's own log-in against a real provider in a process of its own."""

import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
import time_machine
from joserfc import jwt
from joserfc.jwk import RSAKey
from sqlalchemy import select
from starlette.testclient import TestClient

from registry import door, own_ways, provider, staff
from registry.access import Role
from registry.kit import clock
from registry.kit.db import transaction
from registry.kit.settings import settings
from registry.staff import Staff
from tests.conftest import PASSWORD, somebody
from tests.telecare.certificates import certificate
from tests.webconsole import body_provider
from tests.webconsole.test_second_factor import digits, second, with_app

pytestmark = pytest.mark.in_order

EYES = {"accept": "text/html"}
OURS = "https://testserver"
HERE = {"origin": OURS}
CLIENT, SECRET = "centrale", "segreto inventato per le prove"


@dataclass(frozen=True)
class Body:
    """The provider, and a browser's hands at its form."""

    address: str
    browser: httpx2.Client

    def sign_in(self, there: str, who: str) -> str:
        """Where the provider sends the browser once this person has signed in."""
        assert "Account" in self.browser.get(there).text
        return str(self.browser.post(there, data={"who": who}).headers["location"])


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    chain, key = certificate(tmp_path_factory.mktemp("ente"))
    words = [str(chain), str(key), f"{OURS}/entra/ente/ritorno", CLIENT, SECRET]
    program = [sys.executable, body_provider.__file__, *words]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip(), chain
        process.terminate()


@pytest.fixture
def body(
    running: tuple[str, Path], monkeypatch: pytest.MonkeyPatch, database: None
) -> Iterator[Body]:
    """Centrale knows the provider before it starts, and Anna and Bruno work here."""
    address, chain = running
    known = {"ISSUER": address, "CLIENT_ID": CLIENT, "CLIENT_SECRET": SECRET, "CA": str(chain)}
    for name, value in known.items():
        monkeypatch.setenv(f"CENTRALE_OIDC_{name}", value)
    monkeypatch.setenv("CENTRALE_PUBLIC_URL", OURS)
    settings.cache_clear()
    with transaction() as session:
        somebody(session, "anna", "Anna Riva", Role.COORDINATOR).password = None
        somebody(session, "bruno", "Bruno Costa", Role.OPERATOR)
    with httpx2.Client(verify=ssl.create_default_context(cafile=chain)) as browser:
        yield Body(address, browser)
    monkeypatch.undo()
    settings.cache_clear()


def leave(client: TestClient, poi: str = "", by: str = "/entra/ente") -> str:
    answer = client.get(by, params={"poi": poi}, follow_redirects=False)
    assert answer.status_code == 303
    return str(answer.headers["location"])


def come(client: TestClient, body: Body, who: str, poi: str = "") -> Any:
    return client.get(body.sign_in(leave(client, poi), who), follow_redirects=False)


def test_the_button_says_whose_log_in_it_is(body: Body, client: TestClient) -> None:
    assert "Entra con l’account dell’ente" in client.get("/entra").text


def test_whoever_comes_in_from_there_is_told_what_was_tried_meanwhile(
    body: Body, client: TestClient
) -> None:
    """The password of the account is tried by others, while its owner comes in by the body's."""
    with transaction() as session:
        staff.set_password(session, staff.named(session, "anna"), PASSWORD)
    for _ in range(2):
        landed = come(client, body, "a.riva", "/persone")
        assert 'url=/persone"' in landed.text
    for _ in range(own_ways.OFTEN):
        client.post("/entra", data={"login": "anna", "password": "indovinata"}, headers=HERE)

    landed = come(client, body, "a.riva", "/persone")
    assert 'url=/sessioni?poi=%2Fpersone"' in landed.text


def test_whoever_is_of_the_staff_comes_in_with_their_own_rights(
    body: Body, client: TestClient
) -> None:
    there = leave(client, "/persone")
    asked = parse_qs(urlsplit(there).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert {"nonce", "state", "code_challenge"} <= set(asked)

    landed = client.get(body.sign_in(there, "a.riva"), follow_redirects=False)
    assert (landed.status_code, 'url=/persone"' in landed.text) == (200, True)
    me = client.get("/api/v1/me").json()
    assert me["name"] == "Anna Riva"
    assert "coordinate" in me["rights"]


def test_nobody_is_made_and_nobody_is_mistaken(body: Body, client: TestClient) -> None:
    refused = come(client, body, "nobody")
    assert (refused.status_code, "chieda all’amministratore" in refused.text) == (403, True)
    come(client, body, "a.riva")
    client.cookies.clear()
    # The name was given to somebody else over there: the account here stays Anna's.
    assert come(client, body, "new.riva").status_code == 403
    assert door.COOKIE not in client.cookies
    with transaction() as session:
        assert {each.login for each in session.scalars(select(Staff))} == {"anna", "bruno"}


def test_whoever_left_does_not_come_back_this_way(body: Body, client: TestClient) -> None:
    come(client, body, "b.costa")
    with transaction() as session:
        staff.leave(session, staff.named(session, "bruno"))
    client.cookies.clear()
    assert come(client, body, "b.costa").status_code == 403


def test_an_answer_is_good_once_and_for_the_browser_that_asked(
    body: Body, client: TestClient
) -> None:
    back = body.sign_in(leave(client), "a.riva")
    stolen = TestClient(client.app, base_url=OURS)
    assert stolen.get(back, follow_redirects=False).status_code == 401, "it holds no half"
    assert client.get(back, follow_redirects=False).status_code == 200
    client.cookies.clear()
    assert client.get(back, follow_redirects=False).status_code == 401


def test_an_answer_to_another_question_is_refused(body: Body, client: TestClient) -> None:
    first = body.sign_in(leave(client), "a.riva")
    leave(client)  # another state, nonce and verifier
    assert client.get(first, follow_redirects=False).status_code == 403


def test_a_code_that_was_intercepted_is_worth_nothing(body: Body, client: TestClient) -> None:
    """State and all from our own browser, the code from somebody else's log-in: PKCE refuses."""
    theirs = body.sign_in(leave(client), "b.costa")
    ours = urlsplit(leave(client)).query
    state = parse_qs(ours)["state"][0]
    code = parse_qs(urlsplit(theirs).query)["code"][0]
    answer = client.get("/entra/ente/ritorno", params={"state": state, "code": code})
    assert answer.status_code == 403
    assert door.COOKIE not in client.cookies


def test_somebody_with_a_factor_of_ours_is_asked_for_it_too(body: Body, client: TestClient) -> None:
    secret = with_app("bruno")
    landed = come(client, body, "b.costa", "/persone")
    assert "/entra/secondo" in landed.text
    assert door.COOKIE not in client.cookies
    assert second(client, digits(secret), poi="/persone") == (303, "/persone")


def test_an_assurance_level_that_the_house_wants_counts_as_two_factors(
    body: Body, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CENTRALE_OIDC_ACR", "loa2 loa3")
    monkeypatch.setenv("CENTRALE_SECOND_FACTOR_FOR", "everybody")
    settings.cache_clear()

    assert come(client, body, "b.costa").status_code == 403, "loa1 is too little"
    assert come(client, body, "a.riva").status_code == 200
    assert client.get("/persone", headers=EYES).status_code == 200


def test_whoever_has_no_password_here_shows_it_is_them_over_there(
    body: Body, client: TestClient
) -> None:
    come(client, body, "a.riva")
    with time_machine.travel(clock.now() + timedelta(minutes=10)):
        asked = client.get("/cifre.csv", headers=EYES)
        assert (asked.status_code, "/conferma/ente?poi=/cifre.csv" in asked.text) == (403, True)
    there = leave(client, "/cifre.csv", by="/conferma/ente")
    asked_anew = parse_qs(urlsplit(there).query)
    assert (asked_anew["prompt"], asked_anew["max_age"]) == (["login"], ["0"])
    somebody_else = body.sign_in(there, "b.costa")
    assert client.get(somebody_else, follow_redirects=False).status_code == 403
    again = body.sign_in(leave(client, "/cifre.csv", by="/conferma/ente"), "a.riva")
    landed = client.get(again, follow_redirects=False)
    assert (landed.status_code, "url=/cifre.csv" in landed.text) == (200, True)


def test_signing_out_ends_it_there_too(body: Body, client: TestClient) -> None:
    come(client, body, "a.riva")
    page = client.get("/sessioni", headers=EYES).text
    csrf = page.split('name="csrf" content="')[1].split('"')[0]
    left = client.post("/esci", data={"csrf": csrf}, headers=EYES)

    assert client.get("/api/v1/me").status_code == 401
    there = left.text.split('class="button main" href="')[1].split('"')[0].replace("&amp;", "&")
    assert there.startswith(f"{body.address}/logout?id_token_hint=")
    assert body.browser.get(there).headers["location"].rstrip("?") == f"{OURS}/entra"


FACTS = {"nonce": "n", "proof": "", "state": "s", "verifier": "v", "back": "b"}
WRONG: dict[str, Callable[[dict[str, Any]], object]] = {
    "another issuer": lambda said: said.update(iss="https://example.com"),
    "another client": lambda said: said.update(aud="somebody"),
    "an old answer": lambda said: said.update(exp=said["iat"] - 3_600),
    "another question": lambda said: said.update(nonce="m"),
    "no question": lambda said: said.pop("nonce"),
    "nobody": lambda said: said.pop("sub"),
    "meant for another": lambda said: said.update(azp="somebody"),
}


@pytest.mark.parametrize("wrong", [*WRONG, "another key", "no signature", "right"])
def test_a_token_that_does_not_fit_lets_nobody_in(
    body: Body, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    """Signed with the right key and wrong in one word; or in all words right, and not signed."""
    ours, other = (RSAKey.generate_key(2048, {"kid": "k"}) for _ in range(2))
    from joserfc.jwk import KeySet

    monkeypatch.setattr(provider, "_fetched", lambda _: KeySet([ours]).as_dict())
    provider._discovered.cache_clear()
    monkeypatch.setattr(provider, "_found", lambda: {"jwks_uri": "x"})
    provider._keys.cache_clear()
    now = int(clock.now().timestamp())
    said = {"iss": body.address, "aud": CLIENT, "sub": "s", "nonce": "n", "iat": now}
    said["exp"] = now + 600
    WRONG.get(wrong, dict)(said)
    key = other if wrong == "another key" else ours
    token = jwt.encode({"alg": "RS256", "kid": "k"}, said, key)
    if wrong == "no signature":
        token = "eyJhbGciOiJub25lIn0." + token.split(".")[1] + "."
    try:
        if wrong == "right":
            assert provider.check(token, FACTS)["sub"] == "s"
        else:
            with pytest.raises(Exception, match=r".+"):
                provider.check(token, FACTS)
    finally:
        provider._keys.cache_clear()
        provider._discovered.cache_clear()


def test_a_provider_that_is_away_keeps_nobody_from_their_password(
    body: Body, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CENTRALE_OIDC_ISSUER", "https://127.0.0.1:9")
    settings.cache_clear()
    provider._discovered.cache_clear()

    answer = client.get("/entra/ente", headers=EYES, follow_redirects=False)
    assert (answer.status_code, "Entri con la Sua password" in answer.text) == (503, True)
    assert client.get("/entra").status_code == 200


def test_without_a_provider_there_is_no_such_door(client: TestClient) -> None:
    assert client.get("/entra/ente", headers=EYES).status_code == 404
    assert "account dell’ente" not in client.get("/entra").text
