"""Only what Twilio signed gets in: Twilio's own published vectors, and what forgers try."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from starlette.datastructures import FormData, UploadFile
from starlette.testclient import TestClient

from callcenter.carriers import twilio_hooks
from callcenter.carriers.account import Account
from callcenter.carriers.simulated_wire import signature
from callcenter.carriers.twilio_hooks import Signed, genuine
from tests.callcenter.office import SID, TOKEN, account

# twilio-python tests/unit/test_request_validator.py and twilio-node spec/validation.spec.js (MIT).
URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
FIELDS = {
    "CallSid": "CA1234567890ABCDE",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
    "Caller": "+14158675309",
}
PUBLISHED = "RSOYDt4T1cUTdK1PDd93/VVr8B8="


def test_our_signing_agrees_with_twilios_published_vector() -> None:
    assert signature(TOKEN, URL, FIELDS) == PUBLISHED


def test_repeated_fields_survive_only_in_a_multi_value_form() -> None:
    fields: list[tuple[str, str | UploadFile]] = [
        *FIELDS.items(),
        ("AccountSid", SID),
        ("MediaUrl", "b"),
        ("MediaUrl", "a"),
    ]
    flat = {"AccountSid": SID, "MediaUrl": "aMediaUrlb"} | FIELDS
    signed = signature(TOKEN, URL, flat)
    assert genuine(account(), URL, FormData(fields), signed)
    assert not genuine(account(), URL, FormData(dict(fields)), signed)


@pytest.mark.parametrize("signed_as", [URL, URL.replace(".com/", ".com:443/")])
@pytest.mark.parametrize("asked_at", [URL, URL.replace(".com/", ".com:443/")])
def test_the_usual_port_may_be_written_or_not(signed_as: str, asked_at: str) -> None:
    fields = FIELDS | {"AccountSid": SID}
    assert genuine(account(), asked_at, FormData(fields), signature(TOKEN, signed_as, fields))


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """An application with one signed route that even forgets to ask for the fields."""
    ours = account("https://centrale.example")
    both = Account(sid=ours.sid, tokens=(TOKEN, "the old token"), public_url=ours.public_url)
    monkeypatch.setattr(twilio_hooks, "account", lambda: both)
    router = twilio_hooks.router()

    @router.post("/forgetful")
    def forgetful() -> str:
        return "in"

    @router.post("/fields")
    def fields(hook: Signed) -> dict[str, str]:
        return hook.fields | {"path": hook.path, "call": hook.call_id, "token": hook.token}

    app = FastAPI()
    app.include_router(router)
    with TestClient(app, base_url="http://10.0.0.7:8080") as opened:
        yield opened


FORM = {"AccountSid": SID, "CallSid": "CA1", "From": "+39081555 0101", "Body": "così è, d'ora"}
ASKED = "https://centrale.example/twilio/fields?call=7"


def post(client: TestClient, signed: str | None, form: dict[str, str] | None = None) -> int:
    headers = {} if signed is None else {"X-Twilio-Signature": signed}
    return client.post("/twilio/fields?call=7", data=form or FORM, headers=headers).status_code


@pytest.mark.parametrize("token", [TOKEN, "the old token"])
def test_a_genuine_request_passes_behind_any_proxy(client: TestClient, token: str) -> None:
    headers = {
        "X-Twilio-Signature": signature(token, ASKED, FORM),
        "I-Twilio-Idempotency-Token": "t1",
    }
    answer = client.post("/twilio/fields?call=7", data=FORM, headers=headers)
    assert answer.json() == FORM | {"path": "/twilio/fields", "call": "7", "token": "t1"}


@pytest.mark.parametrize(
    ("token", "url", "change"),
    [
        ("another token", ASKED, {}),
        (TOKEN, ASKED.replace("https", "http"), {}),
        (TOKEN, ASKED.replace(".example", ".example:8080"), {}),
        (TOKEN, ASKED.replace("centrale.example", "10.0.0.7:8080"), {}),
        (TOKEN, ASKED.replace("call=7", "call=8"), {}),
        (TOKEN, ASKED, {"From": "+390815550199"}),
        (TOKEN, ASKED, {"Extra": "1"}),
    ],
)
def test_what_differs_from_what_was_signed_is_forbidden(
    client: TestClient, token: str, url: str, change: dict[str, str]
) -> None:
    assert post(client, signature(token, url, FORM), FORM | change) == 403


@pytest.mark.parametrize("signed", [None, "", "x", PUBLISHED, PUBLISHED.lower()])
def test_a_missing_or_wrong_signature_is_forbidden(client: TestClient, signed: str | None) -> None:
    assert post(client, signed) == 403


def test_headers_that_claim_another_address_change_nothing(client: TestClient) -> None:
    headers = {
        "X-Twilio-Signature": signature(TOKEN, "https://evil.example/twilio/fields?call=7", FORM),
        "X-Forwarded-Host": "evil.example",
        "Host": "evil.example",
    }
    assert client.post("/twilio/fields?call=7", data=FORM, headers=headers).status_code == 403


@pytest.mark.parametrize("sid", [["AC" + "f" * 32], [], [SID, SID]])
def test_another_account_is_forbidden_even_when_signed(client: TestClient, sid: list[str]) -> None:
    body = "&".join(["CallSid=CA1", *(f"AccountSid={each}" for each in sid)])
    fields = {"CallSid": "CA1"} | ({"AccountSid": sid[0]} if sid else {})
    answer = client.post(
        "/twilio/fields?call=7",
        content=body,
        headers={
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Twilio-Signature": signature(TOKEN, ASKED, fields),
        },
    )
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded", b"\xff\xfe%ff=%\x00&&&=;"),
        ("application/json", b"{}"),
        ("text/plain", b"AccountSid=1"),
        ("multipart/form-data; boundary=x", b"--x\r\nbroken"),
        ("application/octet-stream", b"\x00\x01"),
        ("application/x-www-form-urlencoded", b"a=" + b"b" * 70_000),
        ("", b""),
    ],
)
@pytest.mark.parametrize("signed", [PUBLISHED, "è\xff"])
def test_raw_bytes_are_forbidden_and_never_a_fault(
    client: TestClient, kind: str, body: bytes, signed: str
) -> None:
    headers = [
        (b"Content-Type", kind.encode()),
        (b"X-Twilio-Signature", signed.encode("latin-1")),
    ]
    assert client.post("/twilio/fields", content=body, headers=headers).status_code == 403


def test_a_body_of_unsaid_length_is_forbidden(client: TestClient) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    body = iter([b"AccountSid=1"])
    assert client.post("/twilio/fields", content=body, headers=headers).status_code == 403


def test_a_route_that_forgets_to_ask_is_signed_all_the_same(client: TestClient) -> None:
    assert client.post("/twilio/forgetful", data=FORM).status_code == 403
    signed = signature(TOKEN, "https://centrale.example/twilio/forgetful", FORM)
    headers = {"X-Twilio-Signature": signed}
    answer = client.post("/twilio/forgetful", data=FORM, headers=headers)
    assert answer.json() == "in"
