"""Apps that stay connected: each signal is answered after the commit, a revoked token cuts off."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from starlette.testclient import TestClient, WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from registry.kit import db
from telecare import alarms, device_tokens, devices, signals
from telecare.device_tokens import DeviceToken
from telecare.receivers import web, web_socket
from telecare.receivers.door import Shares

PATH = "/api/v1/signals/socket"
PRESS = {"id": "press-1", "kind": "personal"}


@pytest.fixture
def token(database: None) -> tuple[DeviceToken, str]:
    with db.transaction() as session:
        device = devices.add(session, account="APP7", protocol="json", heartbeat_s=60)
        return device_tokens.issue(session, device)


Open = Callable[[], AbstractContextManager[WebSocketTestSession]]


@pytest.fixture
def connect(client: TestClient, token: tuple[DeviceToken, str]) -> Open:
    return lambda: client.websocket_connect(PATH, headers={"Authorization": f"Bearer {token[1]}"})


def raised() -> list[alarms.Alarm]:
    with db.transaction() as session:
        return alarms.listed(session)


def test_each_signal_is_answered_when_it_is_stored(connect: Open) -> None:
    with connect() as line:
        line.send_json(PRESS)
        answer = line.receive_json()
        assert (answer["type"], answer["id"]) == ("stored", "press-1")
        assert len(raised()) == 1
        line.send_json(PRESS)
        line.send_json({"kind": "heartbeat"})
        line.send_json({"id": "2"})
        answers: list[Any] = [line.receive_json() for _ in range(3)]
    assert sorted((each["type"], each["id"] or "") for each in answers) == [
        ("refused", "2"),
        ("stored", ""),
        ("stored", "press-1"),
    ]
    assert len(raised()) == 1
    with db.transaction() as session:
        assert {each.path for each in signals.listed(session)} == {"ws"}


def test_a_browser_says_its_token_first(client: TestClient, token: tuple[DeviceToken, str]) -> None:
    with client.websocket_connect(PATH) as line:
        line.send_json({"token": token[1]})
        assert line.receive_json() == {"type": "welcome"}
        line.send_bytes(b'{"id": "b", "kind": "fall"}')
        assert line.receive_json()["id"] == "b"


@pytest.mark.parametrize(
    "first",
    ['{"token": "cdt_no"}', r'{"token": "\ud800"}', '{"token": 5}', "[]", "x", '{"id": "1"}'],
)
def test_who_shows_no_good_token_is_cut_off(client: TestClient, first: str) -> None:
    with client.websocket_connect(PATH) as line:
        line.send_text(first)
        with pytest.raises(WebSocketDisconnect) as cut:
            line.receive_json()
    assert cut.value.code == web_socket.UNAUTHENTICATED


def test_a_revoked_token_closes_the_line(
    connect: Open, token: tuple[DeviceToken, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_socket, "RECHECK", 0.05)
    with connect() as line:
        line.send_json(PRESS)
        assert line.receive_json()["type"] == "stored"
        with db.transaction() as session:
            device_tokens.revoke(session, db.locked(session, DeviceToken, token[0].id))
        with pytest.raises(WebSocketDisconnect) as cut:
            line.receive_json()
    assert cut.value.code == web_socket.UNAUTHENTICATED


def test_too_much_is_told_to_come_later(connect: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web.writer, "shares", Shares(burst=1, every=60))
    with connect() as line:
        line.send_json(PRESS)
        assert line.receive_json()["type"] == "stored"
        line.send_json(PRESS | {"id": "2"})
        answer = line.receive_json()
        assert (answer["type"], answer["id"]) == ("later", "2")
        assert answer["retry_after"] > 0
        line.send_text("x" * 20_000)
        with pytest.raises(WebSocketDisconnect) as cut:
            line.receive_json()
    assert cut.value.code == web_socket.TOO_LARGE
