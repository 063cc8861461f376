"""Text lines of hardware receivers: what each means, however they are delivered."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telecare.protocols.base import Cut, Message, Verdict
from telecare.protocols.line_frames import HOPELESS, LONGEST, LineFramer
from telecare.protocols.receiver_lines import ReceiverLines
from tests.telecare.mutants import NOW, survived

PAGE = json.loads((Path(__file__).parents[1] / "frames" / "receiver_lines.json").read_text())
VECTORS = PAGE["vectors"]
LINES = ReceiverLines()
GOOD = [bytes.fromhex(each["raw_hex"]) for each in VECTORS if each["cls"] != "reject"]


def sent(vector: dict[str, Any]) -> bytes:
    end = b"\x14" if vector["family"].startswith("cid-") else b""
    return bytes.fromhex(vector["raw_hex"]) + end


def read(data: bytes) -> Message:
    (cut,) = LINES.framer().feed(data)
    return LINES.decode(cut, lambda _: None, NOW)


def of_class(*classes: str, tones: bool) -> list[Any]:
    return [
        pytest.param(each, id=each["id"])
        for each in VECTORS
        if each["cls"] in classes and each["family"].startswith("cid-") is tones
    ]


@pytest.mark.parametrize("vector", of_class("conformant", "tolerate", tones=False))
def test_a_line_is_read_as_the_manuals_say(vector: dict[str, Any]) -> None:
    wanted = vector["expected"]
    message = read(sent(vector))

    assert message.verdict is Verdict.GOOD
    report = message.reports[0]
    assert wanted == {
        "account": message.account,
        "receiver": message.receiver,
        "line": message.line,
        "kind": report.kind,
        "phase": report.phase,
        "code": report.code,
        "area": report.area,
        "zone": report.zone,
    }
    assert LINES.acknowledge(message, lambda _: None, NOW) == b"\x06"


@pytest.mark.parametrize("keys", [False, True], ids=["digits", "keys"])
@pytest.mark.parametrize("vector", of_class("conformant", tones=True))
def test_tones_are_read_when_their_check_digit_is_right(vector: dict[str, Any], keys: bool) -> None:
    wanted = vector["expected"]
    message = read(
        (wanted["dtmf_keys"] if keys else bytes.fromhex(vector["raw_hex"]).decode()).encode()
        + b"\r\n"
    )

    assert message.verdict is Verdict.GOOD
    (report,) = message.reports
    assert (message.account, report.code, report.area, report.zone) == (
        wanted["account"],
        wanted["code"],
        wanted["group"],
        wanted["zone"],
    )
    assert report.phase == {"1": "new", "3": "over", "6": "still"}[wanted["qualifier"]]


@pytest.mark.parametrize("vector", of_class("reject", tones=True))
def test_tones_with_a_wrong_check_digit_are_not_kissed_off(vector: dict[str, Any]) -> None:
    message = read(sent(vector))

    assert (message.verdict, message.reason) == (Verdict.BROKEN, "checksum")
    assert LINES.refuse(message, NOW) is None


@pytest.mark.parametrize("vector", of_class("reject", tones=False))
def test_what_no_receiver_says_is_kept_with_its_flaw(vector: dict[str, Any]) -> None:
    message = read(sent(vector))

    assert (message.verdict, message.reason) == (Verdict.BROKEN, vector["expected"]["reason"])


def test_a_message_type_that_is_not_contact_id_is_not_kissed_off() -> None:
    assert read(b"100117110101001F\x14").reason == "message_type"


@given(st.lists(st.sampled_from(GOOD), max_size=6), st.binary(max_size=20), st.data())
def test_delivery_changes_nothing(lines: list[bytes], junk: bytes, data: st.DataObject) -> None:
    stream = junk + b"\x14" + b"\x14".join(lines) + b"\x14"
    glued = LineFramer().feed(stream)
    slow = LineFramer()
    single = [cut for byte in stream for cut in slow.feed(bytes([byte]))]
    pieces, at = LineFramer(), 0
    anyhow: list[Cut] = []
    while at < len(stream):
        step = data.draw(st.integers(1, 30))
        anyhow += pieces.feed(stream[at : at + step])
        at += step

    assert glued == single == anyhow
    assert len([cut for cut in glued if not cut.flaw]) >= len(lines)


def test_shuffled_lines_mean_the_same() -> None:
    whole = [cut.body for cut in LineFramer().feed(b"\x14".join(GOOD) + b"\x14")]
    turned = [cut.body for cut in LineFramer().feed(b"\x14".join(reversed(GOOD)) + b"\x14")]
    assert sorted(whole) == sorted(turned)


@given(st.binary(max_size=700))
def test_any_bytes_are_survived(noise: bytes) -> None:
    for stream in (noise, b"5011 18" + noise + b"\x14", b"S011[" + noise + b"]\r"):
        for cut in LineFramer().feed(stream):
            message = LINES.decode(cut, lambda _: None, NOW)
            # Refused, a line would hold up all the rest: only what came broken is.
            assert (message.verdict is Verdict.BROKEN) == bool(cut.flaw)
            assert message.content == (b"" if cut.flaw else cut.body)


def test_an_endless_line_stays_bounded_and_the_next_is_read() -> None:
    framer = LineFramer()
    cuts = [cut for _ in range(200) for cut in framer.feed(b"5" * 100)]
    assert [(cut.flaw, len(cut.raw)) for cut in cuts] == [("too_long", LONGEST)]
    assert not framer.within_frame
    (_, *after) = [*cuts, *framer.feed(b"\x14" + GOOD[0])]
    assert [cut.raw for cut in after] == [GOOD[0]]


def test_a_peer_that_sends_only_junk_is_given_up() -> None:
    framer = LineFramer()
    assert len(framer.feed(b"GET / HTTP/1.1\r\n" * 1000)) == HOPELESS
    assert framer.hopeless


def test_ten_thousand_damaged_lines_are_survived() -> None:
    assert survived(LINES, GOOD, lambda _: None) > 1000
