"""SOS Access v4: what each request means, what is answered, however it is delivered."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telecare.protocols import xml_documents
from telecare.protocols.base import Kind, Message, Verdict
from telecare.protocols.sos_access import SosAccess, elsewhere, password_of
from telecare.protocols.sos_frames import HOPELESS, KEPT, LONGEST, SosFramer
from tests.telecare.mutants import NOW, survived

PAGE = json.loads((Path(__file__).parents[1] / "frames" / "sos_access.json").read_text())
VECTORS = PAGE["vectors"]
PASSWORD = b"hxp4x9nnwxjatv8"
KEYS = {"1234567": PASSWORD, "IK00001": b"012345678912345"}
FRAMES = [bytes.fromhex(each["raw_hex"]) for each in VECTORS]
SHORT = [frame for frame in FRAMES if len(frame) < 700]
PRESS = next(bytes.fromhex(each["raw_hex"]) for each in VECTORS if each["id"] == "sos-alarm-02")


def after(account: str, password: bytes) -> bytes:
    """A new password that a test can foresee."""
    return (account.encode() + password[::-1])[:15]


SOS = SosAccess(after)


def read(data: bytes, keys: dict[str, bytes] = KEYS) -> Message:
    (cut,) = SOS.framer().feed(data)
    return SOS.decode(cut, keys.get, NOW)


def of_class(*classes: str) -> list[Any]:
    return [pytest.param(each, id=each["id"]) for each in VECTORS if each["cls"] in classes]


@pytest.mark.parametrize("vector", of_class("conformant", "tolerate"))
def test_a_request_is_read_and_answered_as_described(vector: dict[str, Any]) -> None:
    wanted = vector["expected"]
    message = read(bytes.fromhex(vector["raw_hex"]))

    assert message.verdict is Verdict.GOOD
    assert message.sequence == wanted["reference"]
    assert message.account == wanted.get("account", wanted.get("transmittercode", "1234567"))
    (report,) = message.reports
    if "kind" in wanted:
        assert (report.kind, report.phase) == (wanted["kind"], wanted["phase"])
    if "eventcode" in wanted:
        assert report.code == wanted["eventcode"]
        assert dict(message.extras)["alarmtype"] == wanted["alarmtype"]
    assert message.encrypted, "it has shown the password of its unit"
    answer = xml_documents.read(SOS.acknowledge(message, KEYS.get, NOW))
    assert answer.root == vector["expected_reply"]["kind"]
    assert answer.first("reference") == wanted["reference"]
    assert (answer.first("status"), answer.first("info")) == ("0", "OK")
    assert answer.first("arrivaltime") == "2026-11-22 03:04:05.000"


@pytest.mark.parametrize("vector", of_class("reject"))
def test_a_bad_request_is_refused_with_its_number_and_kept(vector: dict[str, Any]) -> None:
    message = read(bytes.fromhex(vector["raw_hex"]))

    assert message.verdict in {Verdict.ODD, Verdict.SEALED}
    assert message.reason == vector["expected"]["reason"]
    answer = xml_documents.read(SOS.refuse(message, NOW) or b"")
    assert answer.root == vector["expected_reply"]["kind"]
    assert answer.first("status") == str(vector["expected_reply"]["status"])
    if message.token == "alarmrequest":
        assert message.reports, "what it would have meant is kept"


def test_what_is_kept_shows_no_password() -> None:
    (cut,) = SOS.framer().feed(PRESS)
    message = SOS.decode(cut, KEYS.get, NOW)

    assert PASSWORD not in cut.raw
    assert b"*" * len(PASSWORD) in cut.raw
    assert PASSWORD.decode() not in repr(message)
    assert password_of(cut.body) == PASSWORD


def test_what_could_not_be_stored_sends_the_unit_to_its_second_address() -> None:
    answer = xml_documents.read(elsewhere(read(PRESS), NOW) or b"")
    assert (answer.first("status"), answer.first("info")) == ("5", "NOT_TREATED_NOT_DISTRIBUTED")
    (cut,) = SOS.framer().feed(PRESS[:-20] + PRESS)[:1]
    assert elsewhere(SOS.decode(cut, KEYS.get, NOW), NOW) is None


def test_a_unit_without_a_password_is_believed_and_not_trusted() -> None:
    message = read(PRESS, {})
    assert (message.verdict, message.encrypted) == (Verdict.GOOD, False)


def test_a_new_password_is_foreseen_and_the_old_one_stays_until_it_is_used() -> None:
    asked = next(each for each in VECTORS if each["id"] == "sos-auth-01")
    message = read(bytes.fromhex(asked["raw_hex"]))
    new = after("1234567", PASSWORD)

    for _ in range(2):  # an answer that got lost is the same when asked for again
        answer = xml_documents.read(SOS.acknowledge(message, KEYS.get, NOW))
        assert answer.first("newauthentication").encode() == new
    assert read(PRESS).verdict is Verdict.GOOD
    assert read(PRESS.replace(PASSWORD, new)).verdict is Verdict.GOOD
    assert read(PRESS, {"1234567": new}).reason == "wrong_key"
    assert read(bytes.fromhex(asked["raw_hex"]), {}).reason == "no_password"


def test_two_presses_are_two_and_a_repeat_is_one() -> None:
    timed = PRESS.replace(b"<receiver>", b"<transmittertime>T</transmittertime><receiver>")
    later = timed.replace(b">T<", b">U<")

    assert read(PRESS).content == read(PRESS).content
    assert read(timed).content != read(later).content
    assert read(timed).same_within is None
    within = read(PRESS).same_within
    assert within is not None
    assert within.total_seconds() == 60


def test_a_position_is_degrees_and_an_impossible_one_is_none() -> None:
    placed = next(each for each in VECTORS if each["id"] == "sos-alarm-07")
    frame = bytes.fromhex(placed["raw_hex"])
    found = read(frame).position
    assert found is not None
    assert (round(found[0], 4), round(found[1], 4)) == (45.905, 9.2)
    assert read(frame.replace(b"N4554", b"N4577")).position is None
    assert read(frame.replace(b"N4554", b"E4554")).position is None


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from(SHORT), max_size=3),
    st.sampled_from([b"", b"\r\n", b"junk ", b"<", b"<?xml ", b"</alarmrequest>", b"<<a"]),
    st.data(),
)
def test_delivery_changes_nothing(frames: list[bytes], junk: bytes, data: st.DataObject) -> None:
    stream = junk.join([b"", *frames, b""])
    slow, pieces = SosFramer(), SosFramer()
    single = [cut for byte in stream for cut in slow.feed(bytes([byte]))]
    anyhow, at = [], 0
    while at < len(stream):
        step = data.draw(st.integers(1, 400))
        anyhow += pieces.feed(stream[at : at + step])
        at += step

    glued = SosFramer().feed(stream)
    assert glued == single == anyhow
    assert [cut.body for cut in glued if cut.body in frames] == frames


def test_a_request_that_never_ends_is_cut_short_and_the_next_is_read() -> None:
    endless = PRESS.replace(b"</eventcode>", b"x" * 250_000 + b"</eventcode>")
    whole = SosFramer().feed(endless + PRESS)
    framer = SosFramer()
    pieces: list[Any] = []
    for at in range(0, len(endless + PRESS), 7001):
        pieces += framer.feed((endless + PRESS)[at : at + 7001])
        assert len(framer._held) < LONGEST + 8000

    assert whole == pieces
    assert [(len(cut.body), cut.length_ok) for cut in whole] == [(KEPT, False), (len(PRESS), True)]
    assert SOS.decode(whole[0], KEYS.get, NOW).account == "1234567", "the kept part says who"
    assert SOS.decode(whole[1], KEYS.get, NOW).verdict is Verdict.GOOD


def test_an_unfinished_request_does_not_hide_the_next() -> None:
    cuts = SosFramer().feed(PRESS[:-30] + PRESS)
    assert [cut.flaw for cut in cuts] == ["unfinished", ""]
    assert SosFramer().feed(b"<a>" * 500)[:HOPELESS] == SosFramer().feed(b"<a>" * 500)
    framer = SosFramer()
    framer.feed(b"no bracket at all, " * 10_000)
    assert framer.hopeless


@given(st.binary(max_size=400))
def test_any_bytes_are_survived(noise: bytes) -> None:
    for stream in (noise, b"<alarmrequest>" + noise + b"</alarmrequest>", PRESS[:90] + noise):
        for cut in SOS.framer().feed(stream):
            message = SOS.decode(cut, KEYS.get, NOW)
            assert message.verdict is not Verdict.GOOD or message.reports[0].kind in Kind


def test_ten_thousand_damaged_requests_are_survived() -> None:
    assert survived(SOS, SHORT, KEYS.get) > 1000
