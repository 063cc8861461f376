"""The simulated hardware receiver and transmitters speak with the running doors."""

import threading
from collections import Counter
from collections.abc import Callable

import pytest

from registry.kit import db
from telecare import alarms, devices, signals, simulator_lines, simulator_sos
from telecare.alarms import Alarm
from telecare.receivers.line_door import LineDoor, Port
from telecare.receivers.line_doors import SosDoor, receiver_lines
from telecare.simulator import Home
from telecare.simulator_lines import HardwareReceiver
from telecare.simulator_sos import Transmitter
from tests.telecare.doors import HERE, running
from tests.waiting import eventually

ANY = Port(number=0, setting="CENTRALE_ANY")
HOMES = [Home(account=f"{number:04}") for number in range(1, 6)]
Play = Callable[..., Counter[str]]


def played(play: Play, homes: list[Home], port: int) -> Counter[str]:
    """Run until some alarms are there."""
    stop = threading.Event()
    counted: list[Counter[str]] = []

    def run() -> None:
        counted.append(play(homes, HERE, port, seed=7, stop=stop, mean_pause=0.005))

    def some() -> bool:
        with db.transaction() as session:
            return len(alarms.listed(session)) > 5

    thread = threading.Thread(target=run)
    thread.start()
    try:
        eventually(some)
    finally:
        stop.set()
        thread.join(20)
    return counted[0]


def raised() -> list[Alarm]:
    with db.transaction() as session:
        return alarms.listed(session)


def test_analogue_homes_are_heard_through_their_receiver(database: None) -> None:
    with running(lambda *given: receiver_lines([ANY], *given)) as (door,):
        counted = played(simulator_lines.run, HOMES, door.numbers[0])

    assert counted["taken"] > 5
    assert set(counted) == {"taken"}
    assert {alarm.account for alarm in raised()} <= {home.account for home in HOMES}
    with db.transaction() as session:
        assert signals.listed(session, account="RX01")


def test_a_receiver_repeats_and_gives_up_when_nobody_answers(
    free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver = HardwareReceiver(HERE, free_port)
    assert not receiver.event("1234", "1101", 3)
    assert receiver.counted == {"repeated": 3, "given_up": 1}


def test_transmitters_are_taken_with_their_password_and_told_without(database: None) -> None:
    with db.transaction() as session:
        devices.add(session, account="0001", protocol="sos-access", key="012345678901234")
    homes = [Home(account="0001", key=b"012345678901234")]

    def make(*given: object) -> LineDoor:
        return SosDoor([ANY], *given)  # type: ignore[arg-type]  # as MakeDoor gives them

    with running(make) as (door,):
        counted = played(simulator_sos.run, homes, door.numbers[0])
        wrong = Transmitter(Home(account="0001", key=b"x" * 15), HERE, door.numbers[0])
        assert wrong.alarm("QA") == "4"
    assert wrong.ping() == "", "nobody is there any more"
    assert set(counted) == {"ping_0", "alarm_0"}
    assert {alarm.trusted for alarm in raised() if alarm.kind != "unreadable"} == {True}
