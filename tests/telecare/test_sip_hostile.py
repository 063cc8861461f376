"""Nonsense, slowness and sudden death at the SCAIP door: good units do not notice."""

import asyncio
import random
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import uvloop

from telecare.alarms import Alarm
from telecare.receivers import main
from telecare.receivers.sip import SipDoor, SipPlan
from telecare.signals import Signal
from tests import processes
from tests.telecare.sip_centre import HERE, Silence, Unit, running, stored
from tests.telecare.sip_units import mrq, request
from webconsole.nursery import Forked

STREAM = socket.SOCK_STREAM
MUTATED = 10_000


@pytest.fixture
def door(database: None) -> Iterator[SipDoor]:
    with running(SipPlan(port=0)) as opened:
        yield opened


def mutated(dice: random.Random, raw: bytes) -> bytes:
    """The same message after a bad night: bytes changed, lost, doubled."""
    data = bytearray(raw)
    for _ in range(dice.randint(1, 8)):
        at = dice.randrange(len(data))
        what = dice.random()
        if what < 0.6:
            data[at] = dice.randrange(256)
        elif what < 0.8:
            del data[at : at + dice.randint(1, 40)]
        else:
            data[at:at] = data[at : at + dice.randint(1, 200)]
    return bytes(data)


def test_ten_thousand_mutated_messages_hurt_nobody(door: SipDoor) -> None:
    dice = random.Random(5)
    bad, good = Unit(door.port), Unit(door.port, STREAM)
    before = psutil.Process().memory_info().rss
    for number in range(MUTATED):
        body = mrq(cid=str(dice.randrange(50)), ref=f"B{number % 500}")
        raw = request(user="7", body=body, branch=f"z9hG4bK-b{number}", call=f"b{number}")
        bad.send(mutated(dice, raw))
        if number % 100 == 0:
            ref = f"GOOD{number}"
            good.send(request(body=mrq(ref=ref), branch=f"z9hG4bK-g{number}", call=f"g{number}"))
            assert good.code() == 200
    bad.close()
    good.close()

    found = {each.sequence for each in stored(Signal)}
    assert {f"GOOD{number}" for number in range(0, MUTATED, 100)} <= found
    assert psutil.Process().memory_info().rss - before < 64 * 1024 * 1024


def test_mutated_streams_are_hung_up_on(door: SipDoor) -> None:
    dice = random.Random(6)
    for number in range(200):
        bad = Unit(door.port, STREAM)
        body = mrq(cid=str(number))
        raw = request(user=str(number), body=body, branch=f"z9hG4bK-{number}", call=f"{number}")
        bad.send(mutated(dice, raw))
        bad.close()
    good = Unit(door.port, STREAM)
    good.send(request(body=mrq(ref="GOOD")))
    assert good.code() == 200
    good.close()


def test_slow_ones_are_closed_and_cost_nothing(
    door: SipDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telecare.receivers.sip_flows.FIRST_MESSAGE_WITHIN", 2.0)
    slow = [socket.create_connection((HERE, door.port), timeout=10) for _ in range(200)]
    for each in slow:
        each.sendall(request(body=mrq())[:50])
    good = Unit(door.port, STREAM)
    good.send(request(body=mrq(ref="GOOD")))
    assert good.code() == 200
    assert [each.recv(10) for each in slow] == [b""] * 200
    for each in slow:
        each.close()
    good.close()


@pytest.mark.gate
def test_killed_again_and_again_nothing_acknowledged_is_lost(
    database: None, pytestconfig: pytest.Config, tmp_path: Path
) -> None:
    """Rounds of SIGKILL while presses come in: each acknowledged one is there, once."""
    # Beside tests/gates, which kills everything else too.
    rounds = max(3, int(pytestconfig.getoption("--kills")) // 4)
    dice = random.Random(11)
    port = free_port()
    acknowledged: set[str] = set()
    for number in range(rounds):
        receiver = receiving(port, tmp_path / "receiver.log")
        killer = threading.Timer(dice.uniform(0.1, 0.8), receiver.kill)
        killer.start()
        acknowledged |= pressed_until_it_dies(port, number)
        killer.join()
        assert receiver.wait(30) == -signal.SIGKILL

    found = [each.sequence for each in stored(Signal)]
    assert len(acknowledged) > rounds
    assert acknowledged <= set(found)
    assert len(found) == len(set(found)) == len(stored(Alarm))


def pressed_until_it_dies(port: int, number: int) -> set[str]:
    """Press again and again; the references that were acknowledged."""
    acknowledged: set[str] = set()
    unit = Unit(port, STREAM)
    try:
        while True:
            ref = f"K{number}x{len(acknowledged)}"
            unit.send(request(body=mrq(ref=ref), branch=f"z9hG4bK-{ref}", call=ref))
            if unit.code() != 200:
                return acknowledged
            acknowledged.add(ref)
    except (ConnectionError, Silence):
        return acknowledged
    finally:
        unit.close()


def free_port() -> int:
    """One that is free for both TCP and UDP."""
    while True:
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind((HERE, 0))
            port = int(tcp.getsockname()[1])
            try:
                udp.bind((HERE, port))
            except OSError:
                continue
            return port


def receive(port: int) -> None:
    """Be a receiver with the SIP door alone."""
    plan = SipPlan(port=port)
    doors = [lambda ingest, book: SipDoor(plan, ingest, book)]
    uvloop.run(main.receive(HERE, 0, asyncio.Event(), more=doors))


def receiving(port: int, log: Path) -> Forked:
    """A receiver in a process of its own, listening."""
    process = processes.apart(receive, port, log=log)
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            socket.create_connection((HERE, port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return process
    process.kill()
    raise AssertionError("the receiver did not start")
