"""Frames through the real door: stored, understood, and acknowledged after the commit only."""

import os
import socket
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from registry import deadlines
from registry.journal import Entry
from registry.kit import clock, db
from telecare import alarms, batch, devices, escalation, faults, ingest, rows, signals
from telecare.alarms import AlarmRaised, AlarmState
from telecare.faults import Fault
from telecare.protocols.base import Kind, Message, Verdict
from telecare.protocols.dc09_crypto import encrypt, timestamp
from telecare.protocols.dc09_frames import HOPELESS, wrap
from telecare.protocols.sia_dc09 import SiaDc09
from telecare.receivers import lines
from telecare.signals import Signal
from telecare.triage import Lane
from tests.telecare.conftest import Dial

KEY = "00112233445566778899aabbccddeeff"  # 32 characters: read as the text of an AES-256 key
UNIT = "4711"


def cid(code: str, sequence: int = 1, account: str = UNIT, zone: int = 3) -> bytes:
    return wrap(
        b'"ADM-CID"%04dL0#%b[#%b|%b 01 %03d]'
        % (sequence, account.encode(), account.encode(), code.encode(), zone)
    )


def sealed(code: str, sequence: int = 1, ahead: float = 0, key: bytes = KEY.encode()) -> bytes:
    moment = clock.now() + timedelta(seconds=ahead)
    content = b"|#%b|%b 01 003]" % (UNIT.encode(), code.encode()) + timestamp(moment)
    return wrap(b'"*ADM-CID"%04dL0#%b[' % (sequence, UNIT.encode()) + encrypt(key, content))


def stored() -> list[Signal]:
    with db.transaction() as session:
        return signals.listed(session)[::-1]


def raised() -> list[alarms.Alarm]:
    with db.transaction() as session:
        return alarms.listed(session)[::-1]


@pytest.fixture
def unit(database: None) -> devices.Device:
    with db.transaction() as session:
        return devices.add(session, account=UNIT, heartbeat_s=90, label="Casa prova")


def test_a_press_is_an_alarm_with_a_deadline_before_it_is_acknowledged(
    unit: devices.Device, dial: Dial
) -> None:
    assert dial().ask(cid("1101")) == b'"ACK"0001L0#4711[]'

    (alarm,) = raised()
    (signal,) = stored()
    assert (alarm.kind, alarm.lane, alarm.state) == (
        Kind.PERSONAL,
        Lane.EMERGENCY,
        AlarmState.WAITING,
    )
    assert alarm.device_id == signal.device_id == unit.id
    assert (signal.verdict, signal.became, signal.raw) == (Verdict.GOOD, "alarm", cid("1101"))
    with db.transaction() as session:
        (deadline,) = deadlines.of(session, alarm.id)
        assert deadline.due_at == alarm.raised_at + alarms.ANSWER_WITHIN
        entry = session.scalars(select(Entry).where(Entry.kind == AlarmRaised.kind)).one()
    # The hot path writes its lines itself: they must be what the journal would have written.
    assert entry.event() == AlarmRaised(
        alarm_id=alarm.id, alarm_kind="personal", lane="emergency", person_id=None
    )


def test_the_same_message_again_gets_the_same_answer_and_no_second_alarm(dial: Dial) -> None:
    first, second = dial(), dial()
    answers = {first.ask(cid("1101")), second.ask(cid("1101"))}
    second.send(cid("1101"), cid("1101"))
    answers |= {second.answer(), second.answer()}

    assert answers == {b'"ACK"0001L0#4711[]'}
    assert len(raised()) == 1
    (signal,) = stored()
    assert signal.repeats == 3
    with db.transaction() as session:
        found = session.scalars(select(Entry).where(Entry.kind == "telecare.signal_repeated")).all()
    assert found
    assert found[0].facts["alarm_id"] == str(raised()[0].id)


def test_the_next_press_is_another_alarm(dial: Dial) -> None:
    line = dial()
    assert line.ask(cid("1101", 1))
    assert line.ask(cid("1101", 2))
    assert len(raised()) == 2


def test_what_was_sent_long_ago_is_news_again(dial: Dial) -> None:
    line = dial()
    assert line.ask(cid("1101"))
    with db.transaction() as session:
        signal = session.scalars(select(Signal)).one()
        signal.arrived_at -= signals.SAME_WITHIN
    assert line.ask(cid("1101"))
    assert len(raised()) == 2


def test_frames_glued_together_and_byte_by_byte(dial: Dial) -> None:
    line = dial()
    line.send(b"\r\n" + cid("1101", 1), b"\x00\x00", cid("1100", 2), cid("1602", 3))
    assert [line.answer()[5:9] for _ in range(3)] == [b"0001", b"0002", b"0003"]
    for byte in cid("1103", 4):
        line.send(bytes([byte]))
    assert line.answer() == b'"ACK"0004L0#4711[]'
    assert [alarm.kind for alarm in raised()] == [Kind.PERSONAL, Kind.PERSONAL, Kind.FALL]


def test_an_unknown_account_is_kept_shown_and_acknowledged(dial: Dial) -> None:
    assert dial().ask(cid("1101", account="99999")) == b'"ACK"0001L0#99999[]'
    (alarm,) = raised()
    assert (alarm.account, alarm.device_id) == ("99999", None)
    with db.transaction() as session:
        assert [each.account for each in signals.listed(session, unknown=True)] == ["99999"]


def test_an_unknown_code_waits_with_the_gravest(dial: Dial) -> None:
    dial().ask(cid("1999"))
    (alarm,) = raised()
    assert (alarm.kind, alarm.lane) == (Kind.UNKNOWN, Lane.EMERGENCY)


def test_tests_and_heartbeats_make_no_alarm(unit: devices.Device, dial: Dial) -> None:
    line = dial()
    assert line.ask(cid("1602")) == b'"ACK"0001L0#4711[]'
    null = wrap(b'"NULL"0000L0#4711[]')
    assert line.ask(null) == line.ask(null) == b'"ACK"0000L0#4711[]'
    assert raised() == []
    assert [(each.kind, each.became, each.repeats) for each in stored()] == [
        ("test", "kept", 0),
        ("heartbeat", "kept", 1),
    ]


def test_technical_signals_keep_one_fault_open(unit: devices.Device, dial: Dial) -> None:
    line = dial()
    for number, code in enumerate(["1301", "1302", "1301", "6301"]):
        assert line.ask(cid(code, number + 1))
    assert raised() == []
    with db.transaction() as session:
        found = {each.cause: each.times for each in faults.open_(session)}
    assert found == {Kind.MAINS: 3, Kind.UNIT_BATTERY: 1}

    assert line.ask(cid("3301", 9))
    with db.transaction() as session:
        assert [each.cause for each in faults.open_(session)] == [Kind.UNIT_BATTERY]
        assert len(session.scalars(select(Fault)).all()) == 2


def test_a_cancel_never_deletes(dial: Dial) -> None:
    line = dial()
    line.ask(cid("1101", 1))
    line.ask(cid("1406", 2))
    cancel = stored()[1]
    assert cancel.became == "called_off"
    with db.transaction() as session:
        due = deadlines.of(session, cancel.id)
        assert [each.kind for each in due] == [escalation.CALLED_OFF]
        escalation.called_off(session, cancel.id)
    (alarm,) = raised()
    assert alarm.state is AlarmState.WAITING
    assert alarm.called_off_at is not None


def test_an_encrypted_press_is_answered_encrypted(database: None, dial: Dial) -> None:
    with db.transaction() as session:
        devices.add(session, account=UNIT, key=KEY)
    # The unit is newer than the receiver's book: it is looked up before anything is refused.
    answer = dial().ask(sealed("1101"))
    assert answer.startswith(b'"*ACK"0001L0#4711[')
    (alarm,) = raised()
    assert alarm.trusted


def test_a_wrong_clock_gets_our_time_and_the_press_is_kept(dial: Dial) -> None:
    with db.transaction() as session:
        devices.add(session, account=UNIT, key=KEY)
    line = dial()
    assert line.ask(sealed("1101", ahead=3600)).startswith(b'"NAK"0000R0L0A0[]_')
    assert raised() == []
    (signal,) = stored()
    assert (signal.verdict, signal.became) == (Verdict.CLOCK_OFF, "refused")
    assert signal.decoded["reports"][0]["kind"] == "personal"
    with db.transaction() as session:
        assert [each.cause for each in faults.open_(session)] == [Kind.CLOCK]


def test_refused_three_times_it_may_be_somebody_in_need(dial: Dial) -> None:
    with db.transaction() as session:
        devices.add(session, account=UNIT, key=KEY)
    line = dial()
    for number in range(5):
        line.ask(sealed("1101", number + 1, key=b"another key, 16B"))
    (alarm,) = raised()
    assert (alarm.kind, alarm.account) == (Kind.UNREADABLE, UNIT)


def test_a_broken_frame_gets_no_answer_but_is_kept(dial: Dial) -> None:
    line = dial()
    line.send(cid("1101").replace(b"1101", b"1100"))
    assert line.ask(cid("1602", 2)) == b'"ACK"0002L0#4711[]'
    broken, _ = stored()
    assert (broken.verdict, broken.reason, broken.became) == (Verdict.BROKEN, "crc", "refused")
    assert raised() == []


def test_datagrams_are_answered_too(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unit:
        unit.settimeout(30)
        unit.sendto(cid("1101"), ("127.0.0.1", port))
        assert wrap(b'"ACK"0001L0#4711[]') == unit.recv(500)
    (signal,) = stored()
    assert signal.path == "udp"


def test_a_text_no_database_takes_is_kept_all_the_same(dial: Dial) -> None:
    body = b'"SIA-DCS"0001L0#4711[#4711|NMA1^\x00\xff\\u0000^]'
    assert dial().ask(wrap(body)) == b'"ACK"0001L0#4711[]'
    assert stored()[0].raw == wrap(body)


def test_a_frame_that_cannot_be_stored_does_not_hold_up_the_others(
    dial: Dial, monkeypatch: pytest.MonkeyPatch
) -> None:
    meant = rows.decoded

    def strict(message: Message) -> str:
        if "1100" in message.data:
            raise ValueError("a fault of ours")
        return meant(message)

    monkeypatch.setattr(rows, "decoded", strict)
    line = dial()
    line.send(cid("1101", 1), cid("1100", 2), cid("1103", 3))
    assert [line.answer()[5:9] for _ in range(3)] == [b"0001", b"0002", b"0003"]
    assert [alarm.kind for alarm in raised()] == [Kind.PERSONAL, Kind.UNKNOWN, Kind.FALL]


def test_without_a_commit_there_is_no_answer(dial: Dial) -> None:
    line = dial(timeout=1)
    with db.engine().connect() as other, other.begin():
        other.exec_driver_sql("LOCK TABLE signals IN EXCLUSIVE MODE")
        line.send(cid("1101"))
        with pytest.raises(TimeoutError):
            line.answer()
    line.socket.settimeout(30)
    assert line.answer() == b'"ACK"0001L0#4711[]'
    assert len(raised()) == 1


def test_slow_and_silent_peers_are_closed_and_good_ones_are_not(
    dial: Dial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "FIRST_FRAME_WITHIN", 0.5)
    silent, slow, good = dial(), dial(), dial()
    slow.send(b"\n1234")
    assert good.ask(cid("1602"))
    assert silent.answer() == b""
    assert slow.answer() == b""
    assert good.ask(cid("1602", 2))


def test_a_peer_that_sends_only_nonsense_is_closed(dial: Dial) -> None:
    line = dial()
    line.send(b'\n00000010"xxxx\r' * 100)
    assert line.answer() == b""
    assert dial().ask(cid("1602"))  # whoever comes later is stored later
    with db.transaction() as session:
        (kept,) = signals.listed(session, verdict=Verdict.BROKEN)
    assert kept.repeats < HOPELESS


def test_more_than_can_be_stored_at_once_is_read_more_slowly_and_none_is_lost(
    dial: Dial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "HIGH_WATER", 8)
    monkeypatch.setattr(lines, "LOW_WATER", 4)
    monkeypatch.setattr(lines, "MOST_UNANSWERED", 8)
    line = dial()
    for number in range(1, 301, 20):
        line.send(*(cid("1602", sequence) for sequence in range(number, number + 20)))
    answers = [line.answer()[5:9] for _ in range(300)]
    assert answers == [b"%04d" % number for number in range(1, 301)]
    with db.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Signal)) == 300


def test_good_alarms_are_answered_beside_many_broken_frames(dial: Dial) -> None:
    noisy = dial()
    good = dial()
    for number in range(1, 6):
        for _ in range(20):
            noisy.send(cid("1101").replace(b"1101", b"1100"))
        noisy.send(cid("1602", number))
        assert good.ask(cid("1101", number, account="8001"))
    assert len(raised()) == 5


def test_what_cannot_be_stored_in_time_stays_unanswered_and_the_line_goes_on(
    dial: Dial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "PATIENCE", 0.3)
    monkeypatch.setattr(lines, "MOST_UNANSWERED", 1)
    line = dial(timeout=4)
    with db.engine().connect() as other, other.begin():
        other.exec_driver_sql("LOCK TABLE signals IN EXCLUSIVE MODE")
        line.send(cid("1101"))
        with pytest.raises(TimeoutError):
            line.answer()
    assert raised() == []
    line.socket.settimeout(30)
    assert line.ask(cid("1101")) == b'"ACK"0001L0#4711[]'
    assert len(raised()) == 1


def test_a_database_that_only_reads_is_an_outage_and_nobody_is_answered(
    dial: Dial, monkeypatch: pytest.MonkeyPatch
) -> None:
    meant = batch.store

    def refuses(*given: Any) -> Any:
        monkeypatch.setattr(batch, "store", meant)
        raise psycopg.errors.ReadOnlySqlTransaction

    monkeypatch.setattr(batch, "store", refuses)
    assert dial().ask(cid("1101")) == b'"ACK"0001L0#4711[]'
    (alarm,) = raised()
    assert alarm.kind is Kind.PERSONAL


@given(data=st.binary(max_size=60).filter(lambda some: not {0x0A, 0x0D, 0x5D} & set(some)))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(data=rb'","\\","}\",{NULL,null \N')
def test_whatever_is_written_is_stored_as_it_was(session: Session, data: bytes) -> None:
    dc09 = SiaDc09()
    for account in (b"NULL", b"null"):
        body = b'"SIA-DCS"0001L0#%b[%b]' % (account, data)
        (cut,) = dc09.framer().feed(wrap(body))
        message = dc09.decode(cut, lambda _: None, clock.now())
        frame = batch.Received(dc09, cut, message, "tcp", '{"}\\:,NULL', clock.now())
        frame.digest = os.urandom(16)
        assert batch.store(session, [frame], {}).alarms >= 0
        signal = session.get_one(Signal, frame.id)
        assert (signal.raw, signal.account, signal.peer) == (cut.raw, "NULL", '{"}\\:,NULL')
        assert signal.decoded["data"] == message.data
