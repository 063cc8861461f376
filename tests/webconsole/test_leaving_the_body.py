"""The body's log-in says that somebody left there: their sessions end here, and nobody else's."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from registry import door, provider, sessions
from registry.identities import Identity
from registry.journal import Entry
from registry.kit import clock
from registry.kit.db import transaction
from registry.left_there import LeftThere
from registry.provider_leaving import EVENT
from registry.staff import Staff
from tests.conftest import PASSWORD
from tests.webconsole.feed import heard
from tests.webconsole.test_body_log_in import CLIENT, OURS, Body, body, come, running
from tests.webconsole.test_second_factor import with_app
from webconsole import live

__all__ = ["body", "running"]

pytestmark = pytest.mark.in_order
KIND = {"typ": "logout+jwt"}
ME = "/api/v1/me"


def word(body: Body, login: str, **more: Any) -> dict[str, Any]:
    """What the provider would say of whoever came in as one of ours."""
    with transaction() as session:
        subject = session.scalars(
            select(Identity.subject).join(Staff, Staff.id == Identity.staff_id).where(
                Staff.login == login
            )
        ).one()  # fmt: skip
    now = int(clock.now().timestamp())
    said = {"iss": body.address, "aud": CLIENT, "sub": subject, "iat": now, "exp": now + 120}
    said |= {"jti": "j-1", "events": {EVENT: {}}} | more
    return {name: value for name, value in said.items() if value is not None}


def signed(body: Body, claims: dict[str, Any], header: dict[str, str] = KIND) -> str:
    said = json.dumps({"header": header, "claims": claims})
    return str(body.browser.post(f"{body.address}/sign", content=said).json())


def tell(client: TestClient, token: str) -> int:
    outside = TestClient(client.app, base_url=OURS)
    return outside.post("/entra/ente/uscita", data={"logout_token": token}).status_code


def beside(client: TestClient, body: Body, who: str) -> TestClient:
    """The same person, or another, at another screen."""
    other = TestClient(client.app, base_url=OURS)
    come(other, body, who)
    assert other.get(ME).status_code == 200
    return other


def test_leaving_everywhere_there_ends_what_came_from_there(body: Body, client: TestClient) -> None:
    mine, anna_too, bruno = (beside(client, body, who) for who in ("a.riva", "a.riva", "b.costa"))
    assert tell(client, signed(body, word(body, "anna"))) == 200
    assert [each.get(ME).status_code for each in (mine, anna_too, bruno)] == [401, 401, 200]
    with transaction() as session:
        told = session.scalars(select(Entry).where(Entry.kind == LeftThere.kind)).one()
    assert told.facts["ended"] == 2


def test_leaving_one_log_in_there_ends_that_one_here(body: Body, client: TestClient) -> None:
    first, second = beside(client, body, "a.riva"), beside(client, body, "a.riva")
    sids = sessions_there()
    assert len(sids) == 2
    assert tell(client, signed(body, word(body, "anna", sid=sids[0], sub=None))) == 200
    assert [each.get(ME).status_code for each in (first, second)] == [401, 200]
    assert tell(client, signed(body, word(body, "anna", sid=sids[1]))) == 200
    assert second.get(ME).status_code == 401


def sessions_there() -> list[str]:
    """What the provider called Anna's log-ins, the first one first."""
    with transaction() as session:
        wanted = select(sessions.SignIn).order_by(sessions.SignIn.started_at)
        tokens = [each.id_token or b"" for each in session.scalars(wanted)]
    return [provider.decoded(each.decode()).claims["sid"] for each in tokens]


def test_a_log_in_that_has_no_name_there_ends_with_the_person(
    body: Body, client: TestClient
) -> None:
    bruno = beside(client, body, "b.costa")
    assert tell(client, signed(body, word(body, "bruno", sid="somewhere"))) == 200
    assert bruno.get(ME).status_code == 401


def test_the_sockets_close_too(body: Body, client: TestClient) -> None:
    come(client, body, "a.riva")
    with client.websocket_connect("/live", headers={"origin": OURS}) as socket:
        socket.send_json({"resume": None})
        assert tell(client, signed(body, word(body, "anna"))) == 200
        with pytest.raises(WebSocketDisconnect) as closed:
            heard(socket, "nothing more")
    assert closed.value.code == live.UNAUTHENTICATED


def test_a_session_with_a_password_of_ours_goes_on(body: Body, client: TestClient) -> None:
    come(client, body, "b.costa")
    secret, _ = sessions.sign_in("bruno", PASSWORD, network="192.0.2.1")
    assert tell(client, signed(body, word(body, "bruno"))) == 200
    client.cookies.clear()
    client.cookies.set(door.COOKIE, secret, domain="testserver.local", path="/")
    assert client.get(ME).status_code == 200


def test_half_a_log_in_is_over_too(body: Body, client: TestClient) -> None:
    come(client, body, "b.costa")
    with_app("bruno")
    half = TestClient(client.app, base_url=OURS)
    come(half, body, "b.costa")
    assert tell(client, signed(body, word(body, "bruno"))) == 200
    assert half.get("/entra/secondo", follow_redirects=False).headers["location"] == "/entra"


def test_said_again_it_ends_nothing_that_began_since(body: Body, client: TestClient) -> None:
    come(client, body, "a.riva")
    old = signed(body, word(body, "anna", exp=int(clock.now().timestamp()) + 3_600))
    assert tell(client, old) == 200
    with time_machine.travel(clock.now() + timedelta(minutes=5)):
        again = beside(client, body, "a.riva")
        assert tell(client, old) == 200
        assert again.get(ME).status_code == 200


WRONG: dict[str, Callable[[dict[str, Any]], object]] = {
    "another issuer": lambda said: said.update(iss="https://example.com"),
    "another client": lambda said: said.update(aud="somebody"),
    "too late": lambda said: said.update(exp=said["iat"] - 3_600, iat=said["iat"] - 7_200),
    "no end": lambda said: said.pop("exp"),
    "no beginning": lambda said: said.pop("iat"),
    "no number": lambda said: said.pop("jti"),
    "a token of log-in": lambda said: said.update(nonce="n"),
    "another event": lambda said: said.update(events={"https://example.com/x": {}}),
    "an event that is no object": lambda said: said.update(events={EVENT: "yes"}),
    "no event": lambda said: said.pop("events"),
    "nobody": lambda said: said.pop("sub"),
    "of another kind": lambda _: None,
    "not signed": lambda _: None,
    "nonsense": lambda _: None,
}


def test_what_is_no_word_of_leaving_ends_nothing(body: Body, client: TestClient) -> None:
    anna = beside(client, body, "a.riva")
    answers = {}
    for wrong, spoil in WRONG.items():
        said = word(body, "anna")
        spoil(said)
        token = signed(body, said, {"typ": "JWT"} if wrong == "of another kind" else KIND)
        if wrong == "not signed":
            token = "eyJhbGciOiJub25lIiwidHlwIjoibG9nb3V0K2p3dCJ9." + token.split(".")[1] + "."
        answers[wrong] = tell(client, "nonsense" if wrong == "nonsense" else token)
    assert answers == dict.fromkeys(WRONG, 400)
    assert anna.get(ME).status_code == 200


def test_without_a_provider_nobody_is_believed(client: TestClient) -> None:
    assert tell(client, "x.y.z") == 400
