"""The JSON contract: what an app says becomes a report, and no schema loses an alarm."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from registry.kit import clock
from telecare import signals
from telecare.protocols.base import Cut, Kind, Message, Phase, Verdict
from telecare.protocols.json_signals import LARGEST, JsonSignals

PROTOCOL = JsonSignals()
ACCOUNT = "APP7"


def read(said: Any, *, sender: str = ACCOUNT, reference: str = "") -> Message:
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    cut = Cut(body, body, proven=True, sender=sender, reference=reference)
    return PROTOCOL.decode(cut, lambda _: None, clock.now())


def digest(said: Any, **way: str) -> bytes:
    return signals.digest(PROTOCOL.name, read(said, **way), b"")


def test_a_fall_with_everything_an_app_knows() -> None:
    message = read(
        {
            "id": "a-1",
            "kind": "fall",
            "at": "2026-11-22T04:30:00+01:00",
            "account": "app7",
            "zone": "orologio",
            "text": "caduta rilevata",
            "battery": 41,
            "position": {"latitude": 40.82, "longitude": 14.12, "accuracy_m": 25},
        }
    )
    (report,) = message.reports
    assert (message.verdict, message.account, message.sequence) == (Verdict.GOOD, ACCOUNT, "a-1")
    assert (report.kind, report.phase, report.zone) == (Kind.FALL, Phase.NEW, "orologio")
    assert message.position == (40.82, 14.12)
    assert message.sent_at == datetime(2026, 11, 22, 3, 30, tzinfo=UTC)
    assert dict(message.extras) == {"accuracy_m": "25", "battery": "41"}
    assert message.encrypted


def test_fields_that_cannot_be_used_never_cost_an_alarm() -> None:
    message = read(
        {
            "id": 7,
            "kind": "personal",
            "phase": "beginning",
            "at": "yesterday",
            "battery": "full",
            "position": [1, 2],
            "zone": {"a": 1},
            "text": "a\x00b\ud800",
        }
    )
    assert (message.verdict, message.sequence) == (Verdict.GOOD, "7")
    answer = json.loads(PROTOCOL.acknowledge(message, lambda _: None, clock.now()))
    assert answer["ignored"] == ["at", "position", "battery", "phase"]
    assert message.reports[0].text == "a�b?"


def test_an_unknown_kind_is_an_alarm_for_a_person_to_look_at() -> None:
    assert read({"id": "1", "kind": "epilepsy"}).reports[0].kind is Kind.UNKNOWN
    # What only we find out is not believed of a sender.
    assert read({"id": "1", "kind": "silent"}).reports[0].kind is Kind.UNKNOWN


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"not json", "not_json"),
        (b"[1]", "not_json"),
        (b"\xff{}", "not_json"),
        (b"[" * 15_000, "not_json"),
        (b"{" + b" " * LARGEST + b"}", "too_large"),
        ({"kind": "fall"}, "no_id"),
        ({"id": "x" * 65, "kind": "fall"}, "no_id"),
        ({"id": True, "kind": "fall"}, "no_id"),
        ({"id": "1"}, "no_kind"),
        ({"id": "1", "kind": 5.5}, "no_kind"),
        ({"id": "1", "kind": "fall", "account": "4711"}, "foreign"),
    ],
)
def test_what_is_refused_says_why(said: Any, reason: str) -> None:
    message = read(said)
    assert (message.verdict, message.reason) == (Verdict.ODD, reason)
    assert message.account == ACCOUNT
    refusal = json.loads(PROTOCOL.refuse(message, clock.now()) or b"")
    assert (refusal["type"], refusal["reason"]) == ("refused", reason)


def test_a_repeat_is_known_by_its_id_and_what_was_said() -> None:
    press = {"id": "9", "kind": "personal"}
    moved = press | {"position": {"latitude": 1, "longitude": 2}, "at": "2026-01-01T00:00:00Z"}
    assert digest(press) == digest(moved) == digest({"kind": "personal"}, reference="9")
    assert digest(press) != digest(press | {"id": "10"})
    # An app that gives every event one id must not lose the second.
    assert digest(press) != digest(press | {"kind": "fall"})
    assert digest(press) != digest(press, sender="APP8")


def test_signs_of_life_need_no_id() -> None:
    message = read({"kind": "heartbeat"})
    assert (message.verdict, message.sequence) == (Verdict.GOOD, "")
    assert message.same_within == signals.SAME_WITHIN


PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
JSON = PLAIN | st.lists(PLAIN, max_size=2) | st.dictionaries(st.text(max_size=9), PLAIN, max_size=2)
FIELDS = st.sampled_from(
    ["id", "kind", "phase", "at", "account", "code", "zone", "text", "battery", "position"]
)


OBJECTS = st.dictionaries(FIELDS, JSON, max_size=5).map(lambda said: json.dumps(said).encode())


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=60) | OBJECTS)
@example(b'{"id":"1","kind":"fall","at":"0001-01-01T00:00:00+23:59"}')
@example(b'{"id":' + b"9" * 5000 + b',"kind":"fall"}')
@example(b'{"id":"1","kind":"fall","position":{"latitude":1e999,"longitude":NaN}}')
def test_any_bytes_are_survived_and_answered(body: bytes) -> None:
    message = read(body)
    said = json.dumps([message.account, message.sequence, message.data, message.extras])
    assert "\\u0000" not in said
    assert "\x00" not in message.data.encode().decode()
    if message.verdict is Verdict.GOOD:
        assert PROTOCOL.acknowledge(message, lambda _: None, clock.now())
    else:
        assert PROTOCOL.refuse(message, clock.now())
