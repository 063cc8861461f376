"""The self-test: a signal through every door each minute, and a fault when one does not come."""

import socket
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from registry.journal import Entry
from registry.kit import clock, db
from registry.kit.errors import Invalid
from registry.kit.settings import Settings
from telecare import alarms, device_tokens, devices, door_tests, signals, simulator
from telecare.door_tests import DoorFailed, DoorTest, DoorWorksAgain
from telecare.receivers import line_doors, prober, probes, probes_json
from telecare.receivers.broker import MqttPlan
from telecare.receivers.line_door import Port
from telecare.receivers.mqtt import MqttDoor
from telecare.receivers.prober import Prober
from telecare.receivers.sip import SipPlan
from tests.telecare import app_door, mqtt_broker, sip_centre
from tests.telecare.certificates import certificate
from tests.telecare.doors import running
from tests.telecare.mqtt_broker import HERE, Broker
from tests.waiting import eventually


def stored() -> list[signals.Signal]:
    with db.transaction() as session:
        return signals.listed(session)


def facts(session: Session) -> list[str]:
    kinds = [DoorFailed.kind, DoorWorksAgain.kind]
    return list(session.scalars(select(Entry.kind).where(Entry.kind.in_(kinds)).order_by(Entry.id)))


def test_dc09_is_tested_over_tcp_and_udp_and_raises_no_alarm(port: int) -> None:
    probes.dc09_tcp(HERE, port)
    probes.dc09_udp(HERE, port)
    assert {(each.path, each.became, each.account) for each in stored()} == {
        ("tcp", "kept", devices.SELF_TEST[devices.DC09]),
        ("udp", "kept", devices.SELF_TEST[devices.DC09]),
    }
    with db.transaction() as session:
        assert alarms.listed(session) == []
        assert signals.listed(session, unknown=True) == []


@pytest.mark.parametrize("domain", ["", "soccorso.example"])
def test_scaip_is_tested_over_udp_and_tcp(database: None, domain: str) -> None:
    with sip_centre.running(SipPlan(port=0, domain=domain)) as door:
        probes.sip_udp(HERE, door.port, domain)
        probes.sip_tcp(HERE, door.port, domain)
    assert {(each.path, each.kind, each.became) for each in stored()} == {
        ("udp", "heartbeat", "kept"),
        ("tcp", "heartbeat", "kept"),
    }


@pytest.mark.parametrize("domain", ["", "soccorso.example"])
def test_bs8521_is_tested_there_and_back(database: None, domain: str) -> None:
    with sip_centre.running(SipPlan(port=0, domain=domain)) as door:
        probes.bs8521(HERE, door.port, domain)
    assert [(each.protocol, each.kind, each.became) for each in stored()] == [
        ("bs8521", "test", "kept")
    ]


def test_scaip_is_tested_over_tls(database: None, tmp_path: Path) -> None:
    chain, key = certificate(tmp_path)
    with sip_centre.running(SipPlan(port=0, tls_port=0, certificate=chain, key=key)) as door:
        probes.sip_tls(HERE, door.tls_port, "")
    assert [(each.path, each.became) for each in stored()] == [("tls", "kept")]


def test_lines_of_receivers_and_sos_access_are_tested(database: None) -> None:
    one, two = Port(number=0, setting="ONE"), Port(number=0, setting="TWO")
    with (
        running(lambda *given: line_doors.receiver_lines([one], *given)) as (lines,),
        running(lambda *given: line_doors.SosDoor([two], *given)) as (sos,),
    ):
        probes.receiver_lines(HERE, lines.numbers[0])
        probes.sos_access(HERE, sos.numbers[0])
    assert {(each.protocol, each.account, each.became) for each in stored()} == {
        ("receiver-lines", "5E1F7E", "kept"),
        ("sos-access", "SELFTEST", "kept"),
    }


def test_sos_access_is_tested_over_tls(database: None, tmp_path: Path) -> None:
    chain, key = certificate(tmp_path)
    port = Port(number=0, setting="TLS", certificate=chain, key=key)
    with running(lambda *given: line_doors.SosDoor([port], *given)) as (sos,):
        probes.sos_access_tls(HERE, sos.numbers[0])
    assert [(each.path, each.account, each.became) for each in stored()] == [
        ("tls", "SELFTEST", "kept")
    ]


def test_the_web_door_knows_our_own_token(client: TestClient) -> None:
    secret = device_tokens.self_test_secret()
    headers = {"Authorization": f"Bearer {secret}"}
    answer = client.post("/api/v1/signals", json={"id": "t", "kind": "test"}, headers=headers)
    assert answer.status_code == 200
    assert [(each.account, each.became) for each in stored()] == [("SELFTEST", "kept")]
    assert device_tokens.self_test_secret() == secret


def test_http_and_websocket_are_tested_by_real_sockets(database: None) -> None:
    with app_door.running() as address:
        probes_json.post(address)
        probes_json.over_socket(address)
    assert {(each.path, each.account, each.became) for each in stored()} == {
        ("http", "SELFTEST", "kept"),
        ("ws", "SELFTEST", "kept"),
    }


def test_a_websocket_that_does_not_know_us_is_said(
    database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app_door.running() as address:
        monkeypatch.setattr(probes_json, "_token", lambda: {"Authorization": "Bearer cdt_no"})
        with pytest.raises(ConnectionError):
            probes_json.over_socket(address)


def test_mqtt_is_tested_there_and_back(database: None, tmp_path: Path) -> None:
    if mqtt_broker.MOSQUITTO is None:
        pytest.skip(mqtt_broker.MISSING)
    broker = Broker(tmp_path)
    plan = MqttPlan(host=HERE, port=broker.port, topic="centrale/v1", client_id="sala")
    try:
        with running(lambda ingest, _: MqttDoor(plan, ingest)) as opened:
            eventually(lambda: opened[0].figures()["mqtt_listening"])
            probes_json.publish(plan)
        assert [(each.path, each.became) for each in stored()] == [("mqtt", "kept")]
    finally:
        broker.stop()


def test_a_closed_door_is_said(free_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "PATIENCE", 0.3)
    monkeypatch.setattr(probes_json, "PATIENCE", 0.3)
    plan = MqttPlan(host=HERE, port=free_port, topic="t", client_id="c")
    closed: list[Callable[[], None]] = [
        lambda: probes.dc09_tcp(HERE, free_port),
        lambda: probes.dc09_udp(HERE, free_port),
        lambda: probes.sip_udp(HERE, free_port, ""),
        lambda: probes.sip_tcp(HERE, free_port, ""),
        lambda: probes_json.post(f"http://{HERE}:{free_port}"),
        lambda: probes_json.over_socket(f"http://{HERE}:{free_port}"),
        lambda: probes_json.publish(plan),
    ]
    for probe in closed:
        with pytest.raises((ConnectionError, TimeoutError)):
            probe()


def test_one_that_takes_and_never_answers_is_said_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "PATIENCE", 0.3)
    monkeypatch.setattr(probes_json, "PATIENCE", 0.3)
    monkeypatch.setattr(simulator, "PATIENCE", 0.3)
    with socket.socket() as deaf:
        deaf.bind((HERE, 0))
        deaf.listen()
        port = deaf.getsockname()[1]
        waiting: list[Callable[[], None]] = [
            lambda: probes.dc09_tcp(HERE, port),
            lambda: probes.sip_tcp(HERE, port, ""),
            lambda: probes_json.post(f"http://{HERE}:{port}"),
            lambda: probes_json.over_socket(f"http://{HERE}:{port}"),
        ]
        for probe in waiting:
            with pytest.raises(TimeoutError):
                probe()


def test_the_settings_decide_what_is_tested() -> None:
    assert set(probes.of(Settings(), HERE)) == {
        "dc09-tcp",
        "dc09-udp",
        "sip-udp",
        "sip-tcp",
        "bs8521",
        "http",
        "websocket",
    }
    broker = "mqtt://127.0.0.1"
    more = Settings(receiver_lines_port=1, sos_access_port=2)
    assert {"receiver-lines", "sos-access"} <= set(probes.of(more, HERE))
    assert "mqtt" in probes.of(Settings(mqtt_url=broker), HERE)
    tls = Settings(tls_certificate=Path("c"), tls_key=Path("k"), sos_access_tls_port=3)
    assert {"sip-tls", "sos-access-tls"} <= set(probes.of(tls, HERE))
    assert probes.of(Settings(self_test=False), HERE) == {}


def test_the_third_failure_is_a_fault_and_the_next_success_its_end(session: Session) -> None:
    assert door_tests.take_due(session, ["http"]) == ["http"]
    assert door_tests.take_due(session, ["http"]) == []
    for _ in range(door_tests.ENOUGH - 1):
        door_tests.failed(session, "http", "ConnectionRefusedError")
    assert facts(session) == []
    assert door_tests.broken(session) == []
    with time_machine.travel(clock.now() + door_tests.AGAIN_AFTER):
        assert door_tests.take_due(session, ["http"]) == ["http"]
        door_tests.failed(session, "http", "TimeoutError")
        door_tests.failed(session, "http", "TimeoutError")
    assert facts(session) == [DoorFailed.kind]
    assert [each.door for each in door_tests.broken(session)] == ["http"]

    door_tests.passed(session, "http", 12.5)
    assert facts(session) == [DoorFailed.kind, DoorWorksAgain.kind]
    assert door_tests.broken(session) == []
    assert [(each.door, each.took_ms) for each in door_tests.all_(session)] == [("http", 12.5)]


def test_a_test_that_nobody_makes_is_a_fault_and_a_door_given_up_is_none(session: Session) -> None:
    door_tests.take_due(session, ["http", "mqtt"])
    with time_machine.travel(clock.now() + door_tests.UNTESTED_AFTER + timedelta(seconds=1)):
        assert [each.door for each in door_tests.broken(session)] == ["http", "mqtt"]
    with time_machine.travel(clock.now() + door_tests.GIVEN_UP_AFTER + door_tests.EVERY * 2):
        door_tests.take_due(session, ["http"])
        assert [each.door for each in door_tests.all_(session)] == ["http"]


def test_our_own_signals_are_forgotten_after_a_day(port: int) -> None:
    probes.dc09_tcp(HERE, port)
    with db.transaction() as session:
        door_tests.take_due(session, ["dc09-tcp"])
    assert len(stored()) == 1
    with db.transaction() as session:
        session.scalars(select(signals.Signal)).one().arrived_at -= door_tests.KEPT_FOR
        door_tests.take_due(session, ["dc09-tcp"])
    assert stored() == []


def test_the_account_is_kept_for_us(session: Session) -> None:
    with pytest.raises(Invalid, match="kept for our own test"):
        devices.add(session, account=devices.SELF_TEST[devices.DC09])


@pytest.fixture
def tested(database: None) -> Callable[[str], DoorTest | None]:
    def read(door: str) -> DoorTest | None:
        with db.transaction() as session:
            return session.get(DoorTest, door)

    return read


def test_the_prober_tests_what_is_due_and_survives_a_broken_probe(
    tested: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prober, "LOOK", 0.0)

    def refuses() -> None:
        raise ConnectionRefusedError

    def breaks() -> None:
        raise ValueError

    chore = Prober(lambda: {"good": lambda: None, "shut": refuses, "odd": breaks})
    chore.look()
    eventually(lambda: all(tested(door).failures for door in ("shut", "odd")))
    eventually(lambda: tested("good").passed_at)
    assert tested("shut").reason == "ConnectionRefusedError"
    chore.look()  # nothing is due
    assert tested("shut").failures == 1
