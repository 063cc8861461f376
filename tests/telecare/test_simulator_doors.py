"""Simulated receivers and transmitters: each is understood at the real door of its protocol."""

import threading

import pytest

from registry.kit import db
from telecare import devices, signals, simulator_doors
from telecare.receivers.line_door import Port
from telecare.receivers.line_doors import SosDoor, receiver_lines
from telecare.simulator_doors import SAYINGS, Unit
from tests.telecare.doors import HERE, running

SAID = [saying for _, saying in SAYINGS]
ANY = Port(number=0, setting="CENTRALE_NO_PORT")
PASSWORD = "abcdefghijklmno"
GO = threading.Event()


def understood(account: str) -> list[str]:
    with db.transaction() as session:
        return [each.kind for each in signals.listed(session, account=account)][::-1]


def test_lines_of_a_hardware_receiver_are_understood(database: None) -> None:
    with running(lambda *given: receiver_lines([ANY], *given)) as (door,):
        unit, send = Unit("1234"), simulator_doors.over_lines(HERE, door.numbers[0])
        assert all(simulator_doors.deliver(unit, saying, send, GO) for saying in SAID)
    assert understood("1234") == [kind for kind, _, _ in SAID]


def test_transmitters_of_sos_access_are_understood(database: None) -> None:
    with db.transaction() as session:
        devices.add(session, account="1234567", protocol="sos-access", key=PASSWORD)
    with running(lambda *given: SosDoor([ANY], *given)) as (door,):
        unit = Unit("1234567", PASSWORD)
        send = simulator_doors.over_sos_access(HERE, door.numbers[0])
        assert all(simulator_doors.deliver(unit, saying, send, GO) for saying in SAID)
    kinds = understood("1234567")
    assert len(kinds) == len(SAID)
    assert kinds[0] == "personal"


def test_what_nobody_acknowledges_is_sent_again_and_then_given_up(
    free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulator_doors, "REPEAT_AFTER", 0.001)
    unit, send = Unit("1234"), simulator_doors.over_lines(HERE, free_port)
    assert not simulator_doors.deliver(unit, SAID[0], send, GO)
    halted = threading.Event()
    halted.set()
    simulator_doors.run([unit], send, stop=halted)
