"""The limit on requests in general: who floods waits, others and alarms do not."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from registry import door, tokens
from registry.access import Role
from registry.kit import live, pace
from registry.kit.db import transaction
from registry.kit.settings import settings
from tests.conftest import somebody
from tests.waiting import eventually
from tests.webconsole.feed import OURS, SignIn
from webconsole import paced

ONE = 1  # a second, so twenty in one go
AT_ONCE = ONE * pace.AT_ONCE
EYES = {"accept": "text/html", "accept-language": "it"}


@pytest.fixture(autouse=True)
def limited(
    _database: None, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[None]:
    monkeypatch.setenv("CENTRALE_REQUESTS_PER_SECOND", str(ONE))
    settings.cache_clear()
    monkeypatch.setattr(paced, "pace", pace.Pace())
    live.client().flushdb()
    yield
    live.client().flushdb()
    monkeypatch.undo()
    settings.cache_clear()


def many(client: TestClient, path: str, times: int, **more: Any) -> list[int]:
    asked = range(times)
    return [client.get(path, follow_redirects=False, **more).status_code for _ in asked]


def flood(client: TestClient, **more: Any) -> int:
    """How many requests pass until one has to wait; a slow machine gets some back meanwhile."""
    for passed in range(1_000):
        if client.get("/api/v1/me", **more).status_code == 429:
            return passed
    raise AssertionError("nothing ever had to wait")


def last(client: TestClient, path: str, headers: dict[str, str]) -> Any:
    """What a request that has to wait is told."""
    for _ in range(1_000):
        answer = client.get(path, headers=headers, follow_redirects=False)
        if answer.status_code == 429:
            return answer
    raise AssertionError("nothing ever had to wait")


def bearer(login: str) -> dict[str, str]:
    with transaction() as session:
        secret = tokens.issue(session, somebody(session, login, "Programma Prova", Role.OPERATOR))
    return {"authorization": f"Bearer {secret}"}


@pytest.fixture(params=["valkey", "without valkey"])
def counted(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Counted for all processes, and by this one alone while Valkey is dead."""
    if request.param == "without valkey":
        _look_anew(monkeypatch.setenv, "CENTRALE_REDIS_URL", "redis://127.0.0.1:9/0")
    yield request.param
    _look_anew(monkeypatch.undo)


def _look_anew(change: Callable[..., None], *given: str) -> None:
    """Another Valkey, and the same database: what works in it just now is left alone."""
    change(*given)
    settings.cache_clear()
    live.client().close()
    live.client.cache_clear()


def test_a_session_that_floods_waits_and_the_others_do_not(counted: str, signed_in: SignIn) -> None:
    client = signed_in("anna")
    assert flood(client) >= AT_ONCE
    told = last(client, "/api/v1/me", {"accept-language": "it"})
    assert (told.status_code, told.headers["content-type"]) == (429, "application/problem+json")
    assert int(told.headers["retry-after"]) >= 1
    assert told.json()["detail"].startswith("Troppe richieste in poco tempo. Attenda")

    seen = last(client, "/sessioni", EYES)
    assert (seen.status_code, "Troppe richieste in poco tempo" in seen.text) == (429, True)
    assert "<h1" in seen.text
    assert int(seen.headers["retry-after"]) >= 1

    assert many(signed_in("bruno", name="Bruno Costa"), "/api/v1/me", 3) == [200] * 3


def test_a_program_has_a_share_of_its_own(client: TestClient) -> None:
    first, second = bearer("uno"), bearer("due")
    assert flood(client, headers=first) >= AT_ONCE
    assert many(client, "/api/v1/me", 3, headers=second) == [200] * 3


def test_a_page_that_opens_its_feed_again_and_again_waits(signed_in: SignIn) -> None:
    client = signed_in("anna")
    opened, closed = 0, None
    while closed is None and opened < 1_000:
        try:
            with client.websocket_connect("/live", headers=OURS):
                opened += 1
        except WebSocketDisconnect as refused:
            closed = refused.code
    assert (closed, opened >= AT_ONCE) == (paced.TRY_LATER, True)
    assert many(signed_in("bruno", name="Bruno Costa"), "/api/v1/me", 3) == [200] * 3


def test_made_up_sessions_buy_nothing(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has a share of its own, but all of them have one address."""
    monkeypatch.setattr(paced, "ADDRESS", 2)
    said = [429]
    for number in range(1_000):
        made_up = {"cookie": f"{door.COOKIE}=made-up-{number}"}
        said = many(client, "/api/v1/me", 1, headers=made_up)
        if said == [429]:
            break
        assert said == [401]
    assert (said, number >= AT_ONCE * 2) == ([429], True)


def test_time_gives_the_share_back(signed_in: SignIn) -> None:
    client = signed_in("anna")
    flood(client)
    assert eventually(lambda: client.get("/api/v1/me").status_code == 200)


@pytest.mark.parametrize("path", ["/healthz", "/static/css/base.css"])
def test_what_watches_over_the_house_never_waits(client: TestClient, path: str) -> None:
    assert 429 not in many(client, path, AT_ONCE * 2)


def test_an_alarm_and_a_call_never_wait(client: TestClient) -> None:
    """Refused for what they lack, never for how many they are."""
    signals = [client.post("/api/v1/signals", content=b"{}") for _ in range(AT_ONCE * 2)]
    calls = [client.post("/twilio/voice/incoming", data={}) for _ in range(AT_ONCE * 2)]
    assert 429 not in {each.status_code for each in (*signals, *calls)}


def test_no_limit_is_wanted(signed_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CENTRALE_REQUESTS_PER_SECOND", "0")
    settings.cache_clear()
    assert set(many(signed_in("anna"), "/api/v1/me", AT_ONCE + 5)) == {200}


def test_the_memory_of_one_process_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "MOST", 5)
    alone = pace.Pace(alone_until=float("inf"))
    for number in range(20):
        assert alone.wait({f"key {number}": 1_000_000.0}) == 0
    assert len(alone.used_until) <= 7
