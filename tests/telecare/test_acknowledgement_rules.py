"""When a receiver may acknowledge: the nine rules (facts, section 5), at every door alike."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy.orm import Session

from registry import deadlines
from registry.kit import clock, db, engine_postgres, live
from registry.kit.errors import Unavailable
from telecare import alarms, batch, devices, escalation, ingest, signals
from telecare.alarms import Alarm, AlarmState
from telecare.protocols import sip_side
from telecare.protocols.base import Kind, Verdict
from telecare.protocols.dc09_crypto import encrypt, timestamp
from telecare.protocols.dc09_frames import wrap
from telecare.receivers.door import Door
from telecare.receivers.line_door import LineDoor, Port
from telecare.receivers.line_doors import SosDoor, receiver_lines
from telecare.receivers.sip import SipDoor, SipPlan
from telecare.signals import Signal
from telecare.triage import Lane
from tests.telecare.callers import ACCOUNT, CALLERS, Caller
from tests.telecare.doors import running

ALL = {each.door for each in CALLERS}
SETTING = "CENTRALE_ANY"
Ports = dict[str, int]


@pytest.fixture
def ports(database: None) -> Iterator[Ports]:
    """A receiver with every door that has sockets of its own."""
    dc09: list[int] = []
    makes: list[Any] = [
        lambda *given: SipDoor(SipPlan(port=0), *given),
        lambda *given: receiver_lines([Port(number=0, setting=SETTING)], *given),
        lambda *given: SosDoor([Port(number=0, setting=SETTING)], *given),
    ]
    with running(*makes, dc09=dc09) as doors:
        yield {each.door: _port(each, doors, dc09[0]) for each in CALLERS}


def _port(caller: Caller, doors: list[Door], dc09: int) -> int:
    for door in doors:
        if caller.protocol in {each.name for each in door.protocols}:
            if isinstance(door, SipDoor):
                return door.port
            assert isinstance(door, LineDoor)
            return door.numbers[0]
    return dc09


def stored(caller: Caller) -> list[Signal]:
    """What came by this door, oldest first."""
    path = "udp" if caller.door.endswith("udp") else "tcp"
    with db.transaction() as session:
        found = signals.listed(session, limit=200)[::-1]
    return [each for each in found if (each.protocol, each.path) == (caller.protocol, path)]


def raised(caller: Caller) -> list[Alarm]:
    own = {each.id for each in stored(caller)}
    with db.transaction() as session:
        return [each for each in alarms.listed(session, limit=200) if each.signal_id in own]


def test_1_intact_and_committed_then_acknowledged(ports: Ports) -> None:
    heard: dict[str, bytes] = {}

    def ask(caller: Caller) -> None:
        heard[caller.door] = caller.ask(ports[caller.door], caller.press(1))

    callers = [threading.Thread(target=ask, args=(each,)) for each in CALLERS]
    with db.engine().connect() as other, other.begin():
        other.exec_driver_sql("LOCK TABLE signals IN EXCLUSIVE MODE")
        for each in callers:
            each.start()
        for each in callers:
            each.join(0.15)
        assert heard == {}, "nobody is answered before the commit"
    for each in callers:
        each.join(10)

    assert {door for door, answer in heard.items() if answer} == ALL
    for caller in CALLERS:
        assert caller.is_taken(heard[caller.door]), caller.door
        (signal,) = stored(caller)
        (alarm,) = raised(caller)
        assert signal.raw, caller.door
        assert signal.peer.startswith("127.0.0.1:")
        assert (signal.verdict, alarm.kind) == (Verdict.GOOD, Kind.PERSONAL)


def test_2_intact_and_not_understood_is_an_alarm_and_acknowledged(ports: Ports) -> None:
    for caller in CALLERS:
        assert caller.is_taken(caller.ask(ports[caller.door], caller.unknown(1))), caller.door
        (alarm,) = raised(caller)
        assert (alarm.kind, alarm.lane) == (Kind.UNKNOWN, Lane.EMERGENCY), caller.door
        assert (alarm.account, alarm.device_id) == (caller.account, None), "an unknown account too"


def test_3_damaged_is_not_acknowledged_and_kept_as_an_error(ports: Ports) -> None:
    for caller in CALLERS:
        answer = caller.ask(ports[caller.door], caller.damaged(1), wait=0.3)
        assert not caller.is_taken(answer), caller.door
        assert caller.is_taken(caller.ask(ports[caller.door], caller.press(2))), caller.door
        bad, good = stored(caller)
        assert bad.verdict in {Verdict.BROKEN, Verdict.ODD}, caller.door
        assert bad.reason
        assert good.verdict is Verdict.GOOD
        assert len(raised(caller)) == 1, caller.door


def test_4_out_of_the_clock_window_is_refused_with_our_time_and_kept(ports: Ports) -> None:
    key = b"a key of 16 byte"
    with db.transaction() as session:
        devices.add(session, account=ACCOUNT, key=key.decode())
    for caller in CALLERS:
        if caller.protocol != "sia-dc09":
            continue  # no other protocol has a clock in its frames
        port = ports[caller.door]
        first = 0 if caller.door == "dc09-tcp" else 5
        for number in range(first, first + 3):
            late = timestamp(clock.now() - timedelta(hours=2))
            inside = encrypt(key, f"|#{ACCOUNT}|1101 01 00{number}]".encode() + late)
            frame = wrap(f'"*ADM-CID"000{number}L0#{ACCOUNT}['.encode() + inside)
            assert b'"NAK"0000R0L0A0[]_' in caller.ask(port, frame), caller.door
        assert [each.verdict for each in stored(caller)][:3] == [Verdict.CLOCK_OFF] * 3
    with db.transaction() as session:
        assert [each.kind for each in alarms.listed(session)] == [Kind.UNREADABLE]


def test_5_not_stored_is_not_acknowledged(ports: Ports, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*given: Any) -> Any:
        raise psycopg.errors.DiskFull

    monkeypatch.setattr(ingest, "PATIENCE", 0.1)
    monkeypatch.setattr(sip_side, "STORED_WITHIN", 0.3)
    answers: dict[str, bytes] = {}
    with monkeypatch.context() as outage:
        outage.setattr(batch, "store", away)
        for caller in CALLERS:
            answers[caller.door] = caller.ask(ports[caller.door], caller.press(1), wait=0.8)
            assert not caller.is_taken(answers[caller.door]), caller.door
    # Who has a word for it is sent to its second destination.
    assert b"SIP/2.0 503" in answers["scaip-udp"]
    assert b"<status>5</status>" in answers["sos-access"]
    assert answers["dc09-tcp"] == answers["receiver-lines"] == b""
    for caller in CALLERS:
        assert stored(caller) == []
        assert caller.is_taken(caller.ask(ports[caller.door], caller.press(1))), caller.door
        assert len(raised(caller)) == 1


def test_6_a_repeat_hears_the_same_and_is_one_alarm(ports: Ports) -> None:
    for caller in CALLERS:
        answers = [caller.ask(ports[caller.door], caller.press(1)) for _ in range(3)]
        assert all(map(caller.is_taken, answers)), caller.door
        (signal,) = stored(caller)
        assert signal.repeats == 2, caller.door
        assert len(raised(caller)) == 1
    tcp, udp = CALLERS[0], CALLERS[1]
    assert udp.is_taken(udp.ask(ports[udp.door], tcp.press(1))), "the other way in"
    assert stored(tcp)[0].repeats == 3


def test_7_acknowledged_is_not_handled(ports: Ports) -> None:
    for caller in CALLERS:
        caller.ask(ports[caller.door], caller.press(1))
        for alarm in raised(caller):
            with db.transaction() as session:
                (due,) = deadlines.of(session, alarm.id)
                assert due.due_at == alarm.raised_at + alarms.ANSWER_WITHIN, caller.door
                for _ in escalation.LADDER:
                    escalation.unanswered(session, alarm.id)
                found = session.get_one(Alarm, alarm.id)
                assert found.state is AlarmState.ESCALATED, caller.door


def test_8_the_commit_that_counts_is_the_local_one_as_the_server_makes_it(
    ports: Ports, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One database, so no quorum. The writer never asks for less than what the server gives."""
    sources: set[str] = set()
    meant = batch.store

    def store(session: Session, *given: Any) -> Any:
        cursor = signals.cursor_of(session)
        cursor.execute(
            "SELECT source FROM pg_settings WHERE name IN ('synchronous_commit', 'fsync')"
        )
        sources.update(row[0] for row in cursor)
        return meant(session, *given)

    monkeypatch.setattr(batch, "store", store)
    for caller in CALLERS:
        assert caller.is_taken(caller.ask(ports[caller.door], caller.press(1))), caller.door
    assert sources <= {"default", "command line", "configuration file"}
    assert sources
    assert set(engine_postgres.DURABLE.values()) == {"on"}


def test_9_the_table_is_the_truth_and_the_bell_only_a_hint(
    ports: Ports, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung = threading.Event()

    def dead() -> None:
        rung.set()
        raise Unavailable("no Redis")

    monkeypatch.setattr(live, "ring", dead)
    for caller in CALLERS:
        assert caller.is_taken(caller.ask(ports[caller.door], caller.press(1))), caller.door
    assert rung.wait(30)
    with db.transaction() as session:
        waiting = {each.signal_id for each in alarms.waiting(session)}
    for caller in CALLERS:
        assert {each.id for each in stored(caller)} <= waiting, caller.door
