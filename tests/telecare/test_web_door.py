"""Signals over HTTP: 200 is stored, a repeat is no second alarm, and strangers learn nothing."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from registry.access import Role
from registry.kit import db
from telecare import alarms, device_tokens, devices, signals
from telecare.protocols.base import Kind, Verdict
from telecare.receivers import web, web_writer
from telecare.receivers.door import Shares
from tests.waiting import eventually

SignIn = Callable[..., TestClient]
PATH = "/api/v1/signals"
PRESS = {"id": "press-1", "kind": "personal"}


def token_of(account: str = "APP7") -> str:
    with db.transaction() as session:
        device = devices.add(session, account=account, protocol="json", heartbeat_s=60)
        return device_tokens.issue(session, device)[1]


def bearer(token: str, **more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Accept-Language": "en"} | more


def raised() -> list[alarms.Alarm]:
    with db.transaction() as session:
        return alarms.listed(session)


def stored() -> list[signals.Signal]:
    with db.transaction() as session:
        return signals.listed(session)


def test_a_press_is_stored_before_it_is_answered_and_a_repeat_is_no_second_alarm(
    client: TestClient,
) -> None:
    token = token_of()
    where = {"position": {"latitude": 40.8, "longitude": 14.1}}
    first = client.post(PATH, json=PRESS | where, headers=bearer(token))
    assert (first.status_code, first.json()["type"], first.json()["id"]) == (
        200,
        "stored",
        "press-1",
    )
    (alarm,) = raised()
    assert (alarm.kind, alarm.account, alarm.trusted) == (Kind.PERSONAL, "APP7", True)
    assert (alarm.latitude, alarm.longitude) == (40.8, 14.1)
    assert alarm.device_id is not None

    again = client.post(PATH, json=PRESS, headers=bearer(token))
    keyed = client.post(
        PATH, json={"kind": "personal"}, headers=bearer(token) | {"Idempotency-Key": "press-1"}
    )
    assert (again.status_code, keyed.status_code) == (200, 200)
    (signal,) = stored()
    assert (signal.repeats, signal.path, signal.protocol) == (2, "http", "json")
    assert len(raised()) == 1

    assert client.post(PATH, json=PRESS | {"id": "2"}, headers=bearer(token)).status_code == 200
    assert len(raised()) == 2


def test_a_signal_is_a_sign_of_life(client: TestClient) -> None:
    token = token_of()
    assert client.post(PATH, json={"kind": "heartbeat"}, headers=bearer(token)).status_code == 200

    def seen() -> Any:
        with db.transaction() as session:
            device = devices.by_account(session, "APP7", "json")
            assert device is not None
            return device.last_seen_at

    assert eventually(seen)


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer cdt_wrong", "Basic YTpi", "Bearer ü"])
def test_who_shows_no_good_token_is_nobody(client: TestClient, given: str) -> None:
    headers = {"Authorization": given.encode("utf-8")} if given else {}
    answer = client.post(PATH, json=PRESS, headers=headers)  # type: ignore[arg-type]
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
    assert stored() == []
    assert web.writer.counted["http_unauthenticated"] > 0


def test_a_revoked_token_opens_nothing(signed_in: SignIn) -> None:
    client = signed_in("tea", Role.TECHNICIAN, name="Tea Tecnica")
    made = client.post("/api/v1/devices", json={"account": "app7", "protocol": "json"}).json()
    tokens = f"/api/v1/devices/{made['id']}/tokens"
    issued = client.post(tokens, json={"label": "telefono"}).json()
    assert client.post(PATH, json=PRESS, headers=bearer(issued["token"])).status_code == 200
    assert issued["token"] not in client.get(tokens).text

    revoked = client.post(f"{tokens}/{issued['id']}/revoke").json()
    assert client.post(f"{tokens}/{issued['id']}/revoke").json() == revoked
    assert client.post(PATH, json=PRESS, headers=bearer(issued["token"])).status_code == 401
    assert client.get(tokens).json()["items"][0]["revoked_at"] is not None


def test_tokens_are_the_technicians_business(signed_in: SignIn) -> None:
    token_of()
    with db.transaction() as session:
        device = devices.by_account(session, "APP7", "json")
        other = devices.add(session, account="4711")
    assert device is not None
    client = signed_in("anna", Role.OPERATOR)
    assert client.post(f"/api/v1/devices/{device.id}/tokens", json={}).status_code == 403
    client = signed_in("tea", Role.TECHNICIAN, name="Tea Tecnica")
    assert client.post(f"/api/v1/devices/{other.id}/tokens", json={}).status_code == 409
    (token,) = client.get(f"/api/v1/devices/{device.id}/tokens").json()["items"]
    elsewhere = f"/api/v1/devices/{other.id}/tokens/{token['id']}/revoke"
    assert client.post(elsewhere).status_code == 404


def test_somebody_elses_account_is_refused_alike_whether_it_exists(client: TestClient) -> None:
    token = token_of()
    token_of("APP8")
    known = client.post(PATH, json=PRESS | {"account": "APP8"}, headers=bearer(token))
    unknown = client.post(PATH, json=PRESS | {"account": "APP9"}, headers=bearer(token))
    assert (known.status_code, known.json()) == (403, unknown.json())
    assert {(each.account, each.verdict, each.reason) for each in stored()} == {
        ("APP7", Verdict.ODD, "foreign")
    }
    assert raised() == []


def test_a_device_that_can_only_be_refused_calls_an_operator_in_the_end(client: TestClient) -> None:
    token = token_of()
    for attempt in range(3):
        answer = client.post(PATH, content=f"broken {attempt}", headers=bearer(token))
        assert answer.status_code == 422
    (alarm,) = raised()
    assert (alarm.kind, alarm.account) == (Kind.UNREADABLE, "APP7")


def test_bad_bodies_are_answered_in_a_sentence(client: TestClient) -> None:
    token = token_of()
    no_id = client.post(PATH, json={"kind": "fall"}, headers=bearer(token))
    assert (no_id.status_code, no_id.json()["errors"][0]["field"]) == (422, "id")
    large = client.post(PATH, content=b"{" + b" " * 20_000 + b"}", headers=bearer(token))
    assert (large.status_code, large.json()["title"]) == (413, "TooLarge")
    italian = client.post(PATH, content=b"x", headers=bearer(token) | {"Accept-Language": "it"})
    assert "oggetto JSON" in italian.json()["detail"]


def test_a_mad_device_is_slowed_down(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web.writer, "shares", Shares(burst=2, every=60))
    token, other = token_of(), token_of("APP8")
    codes = [
        client.post(PATH, json=PRESS | {"id": str(number)}, headers=bearer(token)).status_code
        for number in range(3)
    ]
    assert codes == [200, 200, 429]
    assert client.post(PATH, json=PRESS, headers=bearer(other)).status_code == 200
    late = client.post(PATH, json=PRESS, headers=bearer(token))
    assert int(late.headers["Retry-After"]) > 0


def test_what_cannot_be_stored_is_not_acknowledged(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from telecare import ingest

    token = token_of()
    assert client.post(PATH, json=PRESS, headers=bearer(token)).status_code == 200
    monkeypatch.setattr(ingest, "PATIENCE", 0.2)
    with db.engine().connect() as other:
        other.execute(text("LOCK TABLE signals IN ACCESS EXCLUSIVE MODE"))
        answer = client.post(PATH, json=PRESS | {"id": "2"}, headers=bearer(token))
        other.rollback()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, str(web_writer.RETRY_AFTER))
    again = client.post(PATH, json=PRESS | {"id": "2"}, headers=bearer(token))
    assert again.status_code == 200
    assert len(raised()) == 2


def test_the_contract_is_in_the_openapi_description(client: TestClient) -> None:
    described = client.get("/api/openapi.json").json()
    post = described["paths"]["/api/v1/signals"]["post"]
    schema = post["requestBody"]["content"]["application/json"]["schema"]
    assert schema["required"] == ["id", "kind"]
    assert "personal" in schema["properties"]["kind"]["enum"]
    assert "latitude" in json.dumps(schema["properties"]["position"])
    assert "$defs" not in schema
    assert {"200", "401", "403", "413", "422", "429", "503"} <= set(post["responses"])
