"""Devices that say the same in other words: no alarm of theirs is refused for its grammar."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.kit import clock
from telecare import signals
from telecare.protocols import json_dialects
from telecare.protocols.base import Cut, Kind, Message, Verdict
from telecare.protocols.json_signals import JsonSignals

FRAMES = Path(__file__).parents[1] / "frames" / "json_signals.json"
VECTORS = json.loads(FRAMES.read_text())["vectors"]
PROTOCOL = JsonSignals()
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
NAMES = st.sampled_from(
    ["kind", "sensor", "event", "timestamp", "location", "gps", "batteryLevel", "eventId", "at"]
)


def read(body: bytes) -> Message:
    return PROTOCOL.decode(Cut(body, body, sender="APP7"), lambda _: None, clock.now())


@pytest.mark.parametrize("vector", [pytest.param(each, id=each["id"]) for each in VECTORS])
def test_a_foreign_object_is_read_as_published(vector: dict[str, Any]) -> None:
    message = read(bytes.fromhex(vector["raw_hex"]))

    wanted = vector["expected"]
    assert message.verdict is Verdict.GOOD
    assert message.reports[0].kind is Kind(wanted["sensor"])
    assert message.position == (wanted["location"]["lat"], wanted["location"]["lon"])
    assert message.sent_at is not None
    assert message.sent_at.strftime("%Y-%m-%dT%H:%M:%SZ") == wanted["timestamp"]
    assert float(dict(message.extras)["battery"]) == wanted["batteryLevel"]
    assert json.loads(message.data) == wanted, "what is kept is what came"


def test_its_moment_is_its_id_where_it_has_none() -> None:
    one, again, other = (
        read(json.dumps({"timestamp": at, "sensor": "fall", "batteryLevel": level}).encode())
        for at, level in (("2026-09-06T12:34:56Z", 18), ("2026-09-06T12:34:56Z", 17),
                          ("2026-09-06T12:35:00Z", 17))
    )  # fmt: skip
    marks = [signals.digest(PROTOCOL.name, each, b"") for each in (one, again, other)]
    assert marks[0] == marks[1] != marks[2]


def test_a_word_nobody_knows_is_for_a_person_to_look_at() -> None:
    message = read(b'{"eventId": "e1", "eventType": "seizure-like"}')

    assert message.verdict is Verdict.GOOD
    assert (message.reports[0].kind, message.reports[0].code) == (Kind.UNKNOWN, "seizure-like")


def test_neither_event_nor_kind_is_refused_as_ever() -> None:
    message = read(b'{"timestamp": "2026-09-06T12:34:56Z", "batteryLevel": 3}')

    assert (message.verdict, message.reason) == (Verdict.ODD, "no_kind")


@given(st.dictionaries(NAMES, ANYTHING, max_size=5))
def test_any_object_is_survived_and_ours_stay_as_they_are(said: dict[str, Any]) -> None:
    found = json_dialects.ours(said)

    assert PROTOCOL.decode(
        Cut(b"", json.dumps(said).encode(), sender="APP7"), lambda _: None, clock.now()
    ).verdict in {Verdict.GOOD, Verdict.ODD}
    if said.get("kind") is not None:
        assert found is said
