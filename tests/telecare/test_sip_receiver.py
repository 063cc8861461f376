"""The SCAIP door over real sockets and the real database."""

import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from registry.kit.db import transaction
from registry.kit.errors import Unavailable
from registry.kit.settings import Settings
from telecare import devices
from telecare.alarms import Alarm
from telecare.devices import SCAIP, Device
from telecare.ingest import Ingest
from telecare.protocols.base import Kind, Verdict
from telecare.receivers import sip
from telecare.receivers.sip import SipDoor, SipPlan
from telecare.signals import Signal
from tests.telecare.certificates import certificate
from tests.telecare.sip_centre import HERE, Connect, Silence, Unit, running, stored
from tests.telecare.sip_units import authorization, mrq, request

STREAM, DATAGRAM = socket.SOCK_STREAM, socket.SOCK_DGRAM


@pytest.fixture
def door(database: None) -> Iterator[SipDoor]:
    with running(SipPlan(port=0, voice_number="+390000000000")) as opened:
        yield opened


@pytest.fixture
def connect(door: SipDoor) -> Iterator[Connect]:
    opened: list[Unit] = []

    def unit(kind: socket.SocketKind = DATAGRAM) -> Unit:
        opened.append(Unit(door.port, kind))
        return opened[-1]

    yield unit
    for each in opened:
        each.close()


@pytest.mark.parametrize("kind", [STREAM, DATAGRAM])
def test_a_press_is_stored_answered_and_told(connect: Connect, kind: socket.SocketKind) -> None:
    unit = connect(kind)
    unit.send(request(body=mrq(crd="gsm:+39000")))

    assert unit.code() == 200
    (signal,) = stored(Signal)
    assert (signal.protocol, signal.account, signal.sequence) == ("scaip", "815", "A1")
    assert signal.path == ("tcp" if kind is STREAM else "udp")
    assert signal.raw == request(body=mrq(crd="gsm:+39000"))
    assert unit.told() == (
        b"<mrs><ref>A1</ref><snu>0</snu><mre>1</mre><cre>62</cre><tnu>gsm:+390000000000</tnu></mrs>"
    )
    (alarm,) = stored(Alarm)
    assert (alarm.kind, alarm.code, alarm.trusted) == (Kind.PERSONAL, "3/10", False)


def test_the_same_reference_is_one_alarm_whatever_the_transaction(
    connect: Connect, door: SipDoor
) -> None:
    for number in range(4):
        unit = connect(STREAM if number % 2 else DATAGRAM)
        unit.send(request(body=mrq(), branch=f"z9hG4bK-{number}", call=f"c{number}"))
        assert unit.code() == 200
        assert b"<snu>0</snu>" in unit.told()
    assert len(stored(Alarm)) == 1
    (signal,) = stored(Signal)
    assert signal.repeats == 3


def test_glued_and_cut_messages_give_the_same_alarms(connect: Connect) -> None:
    unit = connect(STREAM)
    stream = b"".join(
        request(body=mrq(ref=f"A{number}"), branch=f"z9hG4bK-{number}") for number in range(5)
    )
    for at in range(0, len(stream), 37):
        unit.send(stream[at : at + 37])
    assert [unit.code() for _ in range(5)] == [200] * 5
    assert len(stored(Alarm)) == 5


def test_a_keepalive_is_answered(connect: Connect) -> None:
    unit = connect(STREAM)
    unit.send(b"\r\n\r\n")
    assert unit.socket.recv(100) == b"\r\n"


def test_a_heartbeat_is_a_sign_of_life_and_no_alarm(connect: Connect) -> None:
    with transaction() as session:
        devices.add(session, account="815", protocol=SCAIP, heartbeat_s=60)
    unit = connect()
    unit.send(request(body=mrq(mty="PI", stc="102")))
    assert unit.code() == 200
    assert stored(Alarm) == []
    until = time.monotonic() + 30
    while time.monotonic() < until:
        (device,) = stored(Device)
        if device.last_seen_at is not None:
            break
        time.sleep(0.1)
    assert device.last_seen_at is not None


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_a_unit_with_a_password_is_trusted(database: None, algorithm: str) -> None:
    with transaction() as session:
        devices.add(session, account="4711", protocol=SCAIP, key="segreta")
    with running(SipPlan(port=0)) as door:
        unit = Unit(door.port)
        unit.send(request(user="4711", body=mrq(cid="4711")))
        challenge = unit.hear()
        assert b" 401 " in challenge
        assert stored(Signal) == []
        proof = {"Authorization": authorization(challenge, algorithm, "MESSAGE")}
        unit.send(request(user="4711", body=mrq(cid="4711"), branch="z9hG4bK-2", headers=proof))
        assert unit.code() == 200
        unit.close()
    (alarm,) = stored(Alarm)
    assert alarm.trusted
    assert alarm.device_id is not None


def test_a_forged_sender_is_kept_and_raises_nothing_until_it_insists(connect: Connect) -> None:
    unit = connect()
    for number in range(3):
        assert len(stored(Alarm)) == 0
        body = mrq(ref=f"A{number}")
        unit.send(request(user="999", body=body, branch=f"z9hG4bK-{number}"))
        assert unit.code() == 200
        assert b"<snu>99</snu>" in unit.told()
    signals = stored(Signal)
    assert {each.verdict for each in signals} == {Verdict.SEALED}
    (alarm,) = stored(Alarm)
    assert alarm.kind is Kind.UNREADABLE


def test_a_cancel_marks_and_never_deletes(connect: Connect) -> None:
    unit = connect()
    unit.send(request(body=mrq()))
    assert unit.code() == 200
    unit.send(request(body=mrq(ref="A2", mty="RE"), branch="z9hG4bK-2"))
    assert unit.code() == 200
    assert [each.became for each in stored(Signal)] == [
        "alarm",
        "called_off",
    ]
    assert len(stored(Alarm)) == 1


def test_a_store_that_fails_sends_units_elsewhere(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telecare.protocols.sip_side.STORED_WITHIN", 0.3)
    monkeypatch.setattr(Ingest, "put", lambda *_: None)
    unit = connect()
    unit.send(request(body=mrq()))
    heard = unit.hear()
    assert heard.startswith(b"SIP/2.0 503 ")
    assert b"Retry-After: " in heard


def test_a_thousand_messages_of_many_units_all_arrive(connect: Connect) -> None:
    unit = connect(STREAM)
    for number in range(1000):
        body = mrq(cid=str(1000 + number))
        unit.send(request(user=str(1000 + number), body=body, branch=f"z9hG4bK-{number}"))
        if number % 50 == 49:
            assert [unit.code() for _ in range(50)] == [200] * 50
    assert len(stored(Alarm)) == 1000


def test_over_tls_too(database: None, tmp_path: Path) -> None:
    chain, key = certificate(tmp_path)
    with running(SipPlan(port=0, tls_port=0, certificate=chain, key=key)) as door:
        unit = Unit(door.tls_port, STREAM)
        context = ssl.create_default_context(cafile=str(chain))
        unit.socket = context.wrap_socket(unit.socket, server_hostname=HERE)
        unit.send(request(body=mrq()))
        assert unit.code() == 200
        assert b"<snu>0</snu>" in unit.told()
        unit.close()
    (signal,) = stored(Signal)
    assert signal.path == "tls"


def test_nonsense_is_hung_up_on_and_hurts_nobody(connect: Connect) -> None:
    for junk in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01" * 99, b"MESSAGE x\r\n\r\n"):
        bad = connect(STREAM)
        bad.send(junk)
        assert bad.hear() == b""
    good = connect(STREAM)
    good.send(request(body=mrq()))
    assert good.code() == 200


def test_figures_are_told(connect: Connect, door: SipDoor) -> None:
    unit = connect()
    unit.send(request(body=mrq()))
    assert unit.code() == 200
    unit.told()
    until = time.monotonic() + 30
    while "sip_told" not in door.figures() and time.monotonic() < until:
        time.sleep(0.02)
    figures = door.figures()
    assert (figures["sip_answer_200"], figures["sip_told"]) == (1, 1)


def test_while_the_database_is_locked_nothing_is_acknowledged(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telecare.protocols.sip_side.STORED_WITHIN", 0.5)
    unit = connect()
    with transaction() as session:
        session.execute(text("LOCK TABLE signals IN ACCESS EXCLUSIVE MODE"))
        unit.send(request(body=mrq()))
        assert unit.code() == 503

    unit.send(request(body=mrq(), branch="z9hG4bK-2", call="c2"))
    assert unit.code() == 200
    assert b"<snu>0</snu>" in unit.told()
    (signal,) = stored(Signal)
    assert signal.repeats == 1, "the refused one was stored late, and is the same alarm"
    assert len(stored(Alarm)) == 1


def test_connections_are_read_no_further_while_the_store_is_behind(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telecare.receivers.sip.HIGH_WATER", 0)
    stream, packets = connect(STREAM), connect()
    stream.send(request(body=mrq()))
    assert stream.code() == 200, "what was read is answered"
    stream.send(request(body=mrq(ref="A2"), branch="z9hG4bK-2"))
    packets.send(request(body=mrq(ref="A3"), branch="z9hG4bK-3"))
    assert stream.code() == 200, "read again once the store has caught up"

    monkeypatch.undo()
    packets.send(request(body=mrq(ref="A3"), branch="z9hG4bK-3"))
    assert packets.code() == 200, "a datagram not taken is sent again"
    assert len(stored(Alarm)) == 3


def test_more_connections_than_we_hold_are_hung_up_on(
    connect: Connect, door: SipDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door._connections, "_most", 1)
    first = connect(STREAM)
    first.send(request("OPTIONS"))
    assert first.code() == 200
    second = connect(STREAM)
    with pytest.raises((ConnectionError, Silence)):
        second.code()
    assert door.figures()["sip_refused_connections"] == 1


def test_nonsense_beyond_the_allowance_is_refused_unstored(
    connect: Connect, door: SipDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door._allowance, "_most", 0.5)
    unit = connect()
    unit.send(request(user="999", body=mrq()))
    assert unit.code() == 200
    assert b"<snu>99</snu>" in unit.told()
    assert stored(Signal) == []


def test_a_taken_port_is_said_with_the_setting_that_moves_it(door: SipDoor) -> None:
    with (
        pytest.raises(Unavailable, match="CENTRALE_SIP_PORT"),
        running(SipPlan(port=door.port)),
    ):
        pass


def test_the_settings_make_the_door(tmp_path: Path) -> None:
    chosen = Settings(
        sip_port=5999, sip_domain="telesoccorso.example", sip_voice_number="+390000000000"
    )
    made = sip.from_settings(chosen)(Ingest({}, lambda _: None), {})
    assert isinstance(made, SipDoor)
    assert made.port == 5999
    assert made.protocol.name == SCAIP
