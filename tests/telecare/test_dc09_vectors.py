"""Every published and generated DC-09 frame: accepted with its fields, or refused and kept."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from telecare.protocols.base import Message, Verdict
from telecare.protocols.dc09_crypto import decrypt
from telecare.protocols.sia_codes import events
from telecare.protocols.sia_dc09 import SiaDc09

VECTORS = json.loads((Path(__file__).parents[1] / "frames" / "dc09.json").read_text())["vectors"]
DC09 = SiaDc09()
LATER = datetime(2026, 11, 22, tzinfo=UTC)


def key(vector: dict[str, Any]) -> bytes | None:
    written = vector.get("key")
    if written is None:
        return None
    return bytes.fromhex(written) if vector["key_format"] == "hex" else bytes(written, "ascii")


def now(vector: dict[str, Any]) -> datetime:
    said = vector.get("receiver_clock_utc")
    return datetime.fromisoformat(said) if said else LATER


def read(vector: dict[str, Any]) -> list[Message]:
    cuts = DC09.framer().feed(bytes.fromhex(vector["raw_hex"]))
    return [DC09.decode(cut, lambda _: key(vector), now(vector)) for cut in cuts]


def of_class(*classes: str) -> list[Any]:
    return [pytest.param(each, id=each["id"]) for each in VECTORS if each["cls"] in classes]


@pytest.mark.parametrize("vector", of_class("conformant", "tolerate"))
def test_a_good_frame_is_read_as_published(vector: dict[str, Any]) -> None:
    messages = read(vector)
    wanted = vector["expected"]

    assert len(messages) == wanted.get("frames", 1)
    if "id_token" not in wanted:
        assert len({message.content for message in messages}) == wanted.get("distinct_events", 1)
        return
    message = messages[0]
    assert message.token == wanted["id_token"]
    assert message.sequence == wanted["sequence"]
    assert message.receiver == wanted["receiver"]
    assert message.line == wanted["line"]
    assert message.account == wanted["account"]
    assert message.encrypted is wanted["encrypted"]
    assert message.data == wanted["data"]
    assert (message.inner_account or None) == wanted["data_account"]
    assert message.sent_at == (
        datetime.fromisoformat(wanted["timestamp"]) if wanted["timestamp"] else None
    )
    blocks = [{"id": name, "value": value} for name, value in message.extras]
    assert blocks == wanted.get("xdata", [])


@pytest.mark.parametrize("vector", of_class("conformant", "tolerate"))
def test_the_events_are_those_published(vector: dict[str, Any]) -> None:
    wanted = vector["expected"].get("events", [])
    message = read(vector)[0]

    if wanted and "qualifier" in wanted[0]:
        found = [(each.code, each.area, each.zone) for each in message.reports]
        assert found == [(each["code"], each["group"], each["zone"]) for each in wanted]
    elif wanted:
        block = message.data.partition("|")[2]
        assert events(block) == [
            (each["code"], each["address"] or "", each.get("text", ""), each["modifiers"])
            for each in wanted
        ]
        assert [each.code for each in message.reports] == [each["code"] for each in wanted]


@pytest.mark.parametrize("vector", of_class("conformant", "tolerate"))
def test_the_answer_is_the_one_published(vector: dict[str, Any]) -> None:
    reply = vector["expected_reply"]
    messages = read(vector)
    if reply["kind"].startswith("n/a"):
        assert DC09.refuse(messages[0], now(vector)) is None
        return
    for message in messages:
        assert message.verdict is Verdict.GOOD
        answer = DC09.acknowledge(message, lambda _: key(vector), now(vector))
        if "frame" in reply:
            assert answer == reply["frame"].encode("latin-1").decode("unicode_escape").encode()
        if reply["kind"] == "*ACK":
            assert_encrypted_answer(answer, message, vector)


def assert_encrypted_answer(answer: bytes, message: Message, vector: dict[str, Any]) -> None:
    secret = key(vector)
    assert secret is not None
    (cut,) = DC09.framer().feed(answer)
    again = DC09.decode(cut, lambda _: secret, now(vector))
    assert again.token == "ACK"
    assert (again.sequence, again.account) == (message.sequence, message.account)
    assert (again.receiver, again.line) == (message.receiver, message.line)
    opened = decrypt(secret, bytes.fromhex(cut.body.partition(b"[")[2].decode()))
    assert opened.endswith(now(vector).strftime("]_%H:%M:%S,%m-%d-%Y").encode())


@pytest.mark.parametrize("vector", of_class("reject"))
def test_a_bad_frame_never_becomes_a_trusted_event(vector: dict[str, Any]) -> None:
    messages = read(vector)

    assert all(message.verdict is not Verdict.GOOD for message in messages)
    assert all(message.reason for message in messages)
    if vector["expected_reply"]["kind"] == "NAK":
        (message,) = messages
        assert message.verdict is Verdict.CLOCK_OFF
        assert message.reports, "a refused press stays readable"
        wanted = vector["expected_reply"]["frame"].encode("latin-1").decode("unicode_escape")
        assert DC09.refuse(message, now(vector)) == wanted.encode()
