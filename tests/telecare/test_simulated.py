"""Simulated apps on a WebSocket and a broker, and a BS 8521-2 unit: each is understood."""

import threading
from pathlib import Path

import pytest

from registry.kit import db
from telecare import device_tokens, devices, signals, simulator_doors
from telecare.receivers import simulated
from telecare.receivers.broker import MqttPlan
from telecare.receivers.mqtt import MqttDoor
from telecare.receivers.sip import SipPlan
from telecare.simulator_doors import SAYINGS, Send, Unit
from tests.telecare import app_door, sip_centre
from tests.telecare.doors import running
from tests.telecare.mqtt_broker import HERE, MISSING, MOSQUITTO, Broker
from tests.waiting import eventually

SAID = [saying for _, saying in SAYINGS]
MEANT = [kind for kind, _, _ in SAID]
GO = threading.Event()


def understood(unit: Unit, send: Send) -> list[str]:
    """What the archive has of a unit that has said everything, oldest first."""
    for saying in SAID:
        assert simulator_doors.deliver(unit, saying, send, GO), "acknowledged"
    with db.transaction() as session:
        return [each.kind for each in signals.listed(session, account=unit.account)][::-1]


def test_an_app_that_connects_by_websocket(database: None) -> None:
    with db.transaction() as session:
        token = device_tokens.issue(session, devices.add(session, account="APP7", protocol="json"))
    with app_door.running() as address:
        unit, send = Unit("APP7", token[1]), simulated.over_socket(address)
        assert understood(unit, send) == MEANT


def test_a_unit_of_bs8521(database: None) -> None:
    with sip_centre.running(SipPlan(port=0)) as door:
        send = simulated.over_bs8521(HERE, door.port)
        assert understood(Unit("123456780001"), send) == MEANT


@pytest.mark.skipif(MOSQUITTO is None, reason=MISSING)
def test_a_device_behind_a_broker(database: None, tmp_path: Path) -> None:
    broker = Broker(tmp_path)
    plan = MqttPlan(host=HERE, port=broker.port, topic="centrale/v1", client_id="centrale-ways")
    try:
        with running(lambda ingest, _: MqttDoor(plan, ingest)) as (door,):
            eventually(lambda: door.figures()["mqtt_listening"] == 1)
            assert understood(Unit("APP7"), simulated.over_broker(plan)) == MEANT
    finally:
        broker.stop()
