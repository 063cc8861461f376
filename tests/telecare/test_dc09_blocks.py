"""Extended data of DC-09, several events in one block, and a second encoder by somebody else."""

from collections.abc import Callable

import pytest
import siadc09
from siadc09.account import Account
from siadc09.admcid import parse_admcid
from siadc09.message import EventMessage, ExtendedNullMessage, NullMessage
from siadc09.siadcs import parse_siadcs
from siadc09.xdata import parse_xdata

from registry.kit import clock, db
from telecare import alarms, devices, signals
from telecare.protocols.base import Kind, Message, Verdict
from telecare.protocols.dc09_frames import wrap
from telecare.protocols.sia_dc09 import SiaDc09
from tests.telecare.conftest import Dial
from tests.telecare.mutants import NOW, survived
from tests.telecare.test_dc09_vectors import VECTORS

DC09 = SiaDc09()
PLACED = (
    b'"SIA-DCS"0061L0#4711[#4711|Nri1/PA001][X012E34.123][Y45N23.456][Z123.2M]'
    b"[H13:59:58,12-31-2025][IVicino al letto][RCamera 2]"
    b"[Vhttps://video.example.invalid/34AC][Kabcdabcdabcdabcdabcdabcdabcdabcd]"
)
KEY = bytes(range(16))


def read(body: bytes) -> Message:
    (cut,) = DC09.framer().feed(wrap(body))
    return DC09.decode(cut, lambda _: None, NOW)


def test_extended_data_are_kept_by_name() -> None:
    message = read(PLACED)

    assert message.blocks == {
        "longitude": "012E34.123",
        "latitude": "45N23.456",
        "altitude": "123.2M",
        "occurred_at": "2025-12-31T13:59:58+00:00",
        "text": "Vicino al letto",
        "room": "Camera 2",
        "verification": "https://video.example.invalid/34AC",
    }
    assert message.position is not None
    assert [round(each, 5) for each in message.position] == [45.39093, 12.56872]
    assert message.reports[0].text == "Vicino al letto · Camera 2"
    assert "abcdabcd" not in repr(message.extras), "a key is read by nobody"


@pytest.mark.parametrize(
    "block",
    [b"[Vjavascript:alert(1)]", b"[Vhttp://x/ y]", b"[H25:00:00,12-31-2025]", b"[I  ]", b"[?x]"],
)
def test_what_is_no_link_no_time_and_no_word_is_not_named(block: bytes) -> None:
    message = read(b'"SIA-DCS"0061L0#4711[#4711|NPA001]' + block)

    assert message.blocks == {}
    assert message.verdict is Verdict.GOOD
    assert len(message.extras) == 1, "it stays as it was sent"


def test_they_are_stored_and_the_alarm_is_on_the_map(dial: Dial) -> None:
    assert dial().ask(wrap(PLACED)) == b'"ACK"0061L0#4711[]'

    with db.transaction() as session:
        (signal,) = signals.listed(session)
        (alarm,) = alarms.listed(session)
    assert signal.decoded["blocks"]["verification"] == "https://video.example.invalid/34AC"
    assert signal.decoded["blocks"]["occurred_at"] == "2025-12-31T13:59:58+00:00"
    assert (alarm.latitude, alarm.longitude) == pytest.approx((45.39093, 12.56872), abs=1e-4)


def test_several_events_in_one_block_are_an_alarm_each(dial: Dial) -> None:
    body = b'"SIA-DCS"0007L0#4711[#4711|Nri1/MA001/ri2/FA002/AT000|NRP000]'
    assert dial().ask(wrap(body)) == b'"ACK"0007L0#4711[]'

    with db.transaction() as session:
        (signal,) = signals.listed(session)
        found = [(alarm.kind, alarm.zone) for alarm in alarms.listed(session)[::-1]]
    assert sorted(found) == [(Kind.PERSONAL, "001"), (Kind.SMOKE, "002")]
    told = [(each["kind"], each["area"]) for each in signal.decoded["reports"]]
    assert told == [("personal", "1"), ("smoke", "2"), ("mains", "2"), ("test", "2")]


@pytest.mark.parametrize("key", [None, KEY, KEY * 2], ids=["plain", "AES-128", "AES-256"])
def test_frames_of_siadc09_are_taken_and_it_reads_the_answers(
    dial: Dial, key: bytes | None
) -> None:
    with db.transaction() as session:
        devices.add(session, account="1A2B", key=key.hex() if key and len(key) == 32 else "")
        if key and len(key) == 16:
            device = devices.by_account(session, "1A2B")
            assert device is not None
            device.key = key
    account = Account(acct=0x1A2B, pref=0x99, rcvr=0x1, key=key)
    line = dial()

    for number, frame in enumerate(_frames(account), 1):
        answer = siadc09.message.parse_frame(wrap(line.ask(frame)), keys=key)
        assert (answer.idtoken, answer.seq) == ("ACK", number)
        assert (answer.account.acct, answer.account.pref, answer.account.rcvr) == (0x1A2B, 0x99, 1)
        assert answer.encrypted is (key is not None)

    with db.transaction() as session:
        stored = signals.listed(session)[::-1]
        raised = alarms.listed(session)[::-1]
    assert [each.kind for each in stored] == ["personal", "fall", "heartbeat", "heartbeat"]
    assert [alarm.trusted for alarm in raised] == [key is not None] * 2
    assert stored[0].decoded["blocks"]["text"] == "Bagno, piano 2"
    assert raised[0].latitude is not None


def _frames(account: Account) -> list[bytes]:
    """A press with extended data, a fall, and both kinds of link tests."""
    now: Callable[[], object] = clock.now
    extended = [parse_xdata(each) for each in (b"IBagno, piano 2", b"X012E34.123", b"Y45N23.456")]
    press = {"idtoken": "SIA-DCS", "data": parse_siadcs(b"#1A2B|Nri1/PA003"), "xdata": extended}
    fall = {"idtoken": "ADM-CID", "data": parse_admcid(b"#1A2B|1103 01 003")}
    return [
        EventMessage(account, config=press).encode(seq=1, timestamp=now()),
        EventMessage(account, config=fall).encode(seq=2, timestamp=now()),
        NullMessage(account).encode(seq=3, timestamp=now()),
        ExtendedNullMessage(account).encode(seq=4, timestamp=now()),
    ]


def test_ten_thousand_damaged_frames_are_survived() -> None:
    frames = [bytes.fromhex(each["raw_hex"]) for each in VECTORS if each["cls"] != "reject"]
    assert survived(DC09, frames, lambda _: KEY) > 1000
