"""The door of hardware receivers: one byte for each line, after the commit and not before."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest
from sqlalchemy import func, select

from registry.kit import db
from registry.kit.errors import Unavailable
from registry.kit.settings import Settings
from telecare import alarms, batch, devices, ingest, signals
from telecare.alarms import Alarm
from telecare.protocols.base import Kind, Verdict
from telecare.protocols.receiver_lines import SAME_WITHIN
from telecare.receivers import lines, main
from telecare.receivers.line_door import LineDoor, Port
from telecare.receivers.line_doors import receiver_lines
from telecare.signals import Signal
from tests.telecare.doors import HERE, Line, running

ANY = Port(number=0, setting="CENTRALE_RECEIVER_LINES_PORT")
HEARTBEAT = b"1011           @    \x14"


def cid(code: str, account: str = "1234", zone: int = 3) -> bytes:
    return f"5011 18{account}E{code}01{zone:03}\x14".encode()


@pytest.fixture
def door(database: None) -> Iterator[LineDoor]:
    with running(lambda *given: receiver_lines([ANY], *given)) as (made,):
        yield made


@pytest.fixture
def line(door: LineDoor) -> Iterator[Line]:
    with closing(Line(door.numbers[0])) as opened:
        yield opened


def raised() -> list[Alarm]:
    with db.transaction() as session:
        return alarms.listed(session)[::-1]


def stored() -> list[Signal]:
    with db.transaction() as session:
        return signals.listed(session)[::-1]


def test_a_press_is_an_alarm_of_the_right_home_before_the_byte_leaves(line: Line) -> None:
    with db.transaction() as session:
        unit = devices.add(session, account="1234", protocol="receiver-lines")
        devices.add(session, account="1234", protocol="sia-dc09")

    assert line.ask(cid("101")) == b"\x06"

    (alarm,) = raised()
    (signal,) = stored()
    assert (alarm.kind, alarm.account, alarm.zone) == (Kind.PERSONAL, "1234", "003")
    assert (alarm.device_id, alarm.trusted) == (unit.id, False)
    assert (signal.raw, signal.path) == (cid("101"), "tcp")
    assert (signal.decoded["receiver"], signal.decoded["line"]) == ("01", "1")


def test_the_same_line_again_is_the_same_press_and_later_another(line: Line) -> None:
    assert [line.ask(cid("101")) for _ in range(3)] == [b"\x06"] * 3
    assert len(raised()) == 1
    assert stored()[0].repeats == 2

    with db.transaction() as session:
        session.scalars(select(Signal)).one().arrived_at -= SAME_WITHIN
    assert line.ask(cid("101")) == b"\x06"
    assert len(raised()) == 2


def test_lines_glued_and_byte_by_byte_get_a_byte_each(line: Line) -> None:
    line.send(cid("101", zone=1) + HEARTBEAT + cid("103", zone=2))
    heard = b""
    while len(heard) < 3:
        heard += line.hear()
    for byte in cid("602", zone=3):
        line.send(bytes([byte]))
    heard += line.hear()

    assert heard == b"\x06" * 4
    assert [alarm.kind for alarm in raised()] == [Kind.PERSONAL, Kind.FALL]


def test_heartbeats_are_signs_of_life_of_the_receiver_itself(line: Line) -> None:
    assert [line.ask(HEARTBEAT) for _ in range(2)] == [b"\x06"] * 2

    (signal,) = stored()
    assert (signal.account, signal.kind, signal.became) == ("RX01", "heartbeat", "kept")
    assert signal.repeats == 1
    with db.transaction() as session:
        assert [each.account for each in signals.listed(session, unknown=True)] == ["RX01"]


def test_a_damaged_line_hears_nothing_and_is_kept(line: Line, door: LineDoor) -> None:
    line.send(b"1234181140010221\x14")
    assert line.ask(cid("101")) == b"\x06"

    broken, good = stored()
    assert (broken.verdict, broken.reason, broken.became) == (
        Verdict.BROKEN,
        "checksum",
        "refused",
    )
    assert good.verdict is Verdict.GOOD
    assert door.figures()["receiver_lines_broken_checksum"] == 1
    assert door.figures()["receiver_lines_connections"] == 1


def test_a_format_without_a_table_is_an_alarm_and_does_not_block_the_receiver(line: Line) -> None:
    assert line.ask(b"8011 1234 5555 1555 7\x14") == b"\x06"
    assert [alarm.kind for alarm in raised()] == [Kind.UNKNOWN]


def test_without_a_commit_no_byte_leaves(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = threading.Event()

    def away(*given: Any) -> Any:
        tried.set()
        raise psycopg.errors.ReadOnlySqlTransaction

    monkeypatch.setattr(ingest, "PATIENCE", 0.1)
    line.socket.settimeout(0.5)
    with monkeypatch.context() as outage:
        outage.setattr(batch, "store", away)
        line.send(cid("101"))
        assert tried.wait(30)
        with pytest.raises(TimeoutError):
            line.hear()
    assert raised() == []
    line.socket.settimeout(30)
    assert line.ask(cid("101")) == b"\x06"
    assert len(raised()) == 1


def test_more_than_can_be_stored_is_read_more_slowly_and_none_is_lost(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "HIGH_WATER", 8)
    monkeypatch.setattr(lines, "LOW_WATER", 4)
    monkeypatch.setattr(lines, "MOST_UNANSWERED", 8)
    for number in range(0, 300, 20):
        line.send(*(cid("602", zone=each) for each in range(number, number + 20)))
    heard = b""
    while len(heard) < 300:
        heard += line.hear()
    assert heard == b"\x06" * 300
    with db.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Signal)) == 300


def test_a_peer_that_is_no_receiver_is_hung_up_on(door: LineDoor) -> None:
    with closing(Line(door.numbers[0])) as browser:
        browser.send(b"GET / HTTP/1.1\r\nHost: x\r\n" * 30)
        assert browser.hear() == b""
    assert raised() == []


def test_it_is_closed_until_it_has_a_port(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(main.wanted(Settings())) == 1
    monkeypatch.setenv("CENTRALE_RECEIVER_LINES_PORT", "7710")
    assert len(main.wanted(Settings())) == 2


def test_a_taken_port_is_said_with_the_setting_that_moves_it(database: None) -> None:
    with socket.socket() as taken:
        taken.bind((HERE, 0))
        taken.listen()
        port = Port(number=taken.getsockname()[1], setting="CENTRALE_RECEIVER_LINES_PORT")
        with (
            pytest.raises(Unavailable, match="CENTRALE_RECEIVER_LINES_PORT"),
            running(lambda *given: receiver_lines([port], *given)),
        ):
            pass
