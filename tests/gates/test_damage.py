"""Damaged frames at every door of a running receiver: good alarms beside them are not delayed."""

import select
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import sqlalchemy
from typing_extensions import override

from registry.kit import db
from telecare.signals import Signal
from tests import processes
from tests.conftest import empty
from tests.gates.conftest import START_WITHIN, serve
from tests.gates.kill_house import free_port
from tests.telecare.callers import CALLERS, HERE, Caller
from tests.telecare.mutants import mutants
from tests.waiting import eventually

GOOD_P99 = 1.0  # seconds
# Whoever sends damage is elsewhere: it may use up its own measure, and not that of the unit.
ELSEWHERE = "127.0.0.2"
# A flood of datagrams fills the socket, and what is lost there units send again.
AGAIN = 0.25  # seconds
# Five hundred a second at each door: more than a storm, and long enough for a percentile.
PAUSE = 0.002  # seconds
GROWTH = 100 * 1024 * 1024  # bytes
PORTS = {
    "sia-dc09": "CENTRALE_DC09_PORT",
    "scaip": "CENTRALE_SIP_PORT",
    "receiver-lines": "CENTRALE_RECEIVER_LINES_PORT",
    "sos-access": "CENTRALE_SOS_ACCESS_PORT",
}


@pytest.fixture
def ports(_database: None, tmp_path: Path) -> Iterator[tuple[dict[str, int], psutil.Process]]:
    """A receiver process with all its doors, and the process."""
    ports = {protocol: free_port() for protocol in PORTS}
    told = {PORTS[protocol]: str(port) for protocol, port in ports.items()}
    log = tmp_path / "receiver.log"
    process = processes.apart(serve, log=log, told=told)
    try:
        eventually(
            lambda: log.read_text().count("receivers.ready") == len(PORTS), within=START_WITHIN
        )
        yield ports | {"bs8521": ports["scaip"]}, psutil.Process(process.pid)
        assert process.poll() is None, "the receiver has died"
    finally:
        process.terminate()
        process.wait(30)
        empty()


class Noise(threading.Thread):
    """One peer that sends nothing but damage, and calls again when it is hung up on."""

    def __init__(self, caller: Caller, port: int, many: int) -> None:
        super().__init__(daemon=True, name=f"noise at {caller.door}")
        frames = [make(number) for make in (caller.press, caller.unknown) for number in range(9)]
        self._caller, self._port = caller, port
        self._damage = mutants(frames, many, seed=11)
        self.sent = 0

    @override
    def run(self) -> None:
        line = self._call()
        for mutant in self._damage:
            try:
                line.send(mutant or b"\n")
                if select.select([line], [], [], PAUSE)[0]:
                    line.recv(65_536)
            except OSError:
                line.close()
                line = self._call()
            self.sent += 1
        line.close()

    def _call(self) -> socket.socket:
        line = socket.socket(socket.AF_INET, self._caller.kind)
        line.settimeout(10)
        line.bind((ELSEWHERE, 0))
        line.connect((HERE, self._port))
        return line


@pytest.mark.gate
@pytest.mark.timeout(1800)
def test_good_alarms_are_answered_beside_any_damage(
    ports: tuple[dict[str, int], psutil.Process], request: pytest.FixtureRequest
) -> None:
    where, process = ports
    noise = [
        Noise(caller, where[caller.protocol], int(request.config.getoption("--damaged")))
        for caller in CALLERS
    ]
    for caller in CALLERS:
        assert caller.is_taken(caller.ask(where[caller.protocol], caller.press(60)))
    before = process.memory_info().rss
    for each in noise:
        each.start()
    took: list[float] = []
    number = 0
    while number < 5 or any(each.is_alive() for each in noise):
        number += 1
        for caller in CALLERS:
            began = time.monotonic()
            frame = caller.press(10 + number % 40)
            answer = caller.ask(where[caller.protocol], frame, again=AGAIN)
            took.append(time.monotonic() - began)
            assert caller.is_taken(answer), caller.door
    for each in noise:
        each.join(60)
    p99 = sorted(took)[int(0.99 * (len(took) - 1))]
    grown = process.memory_info().rss - before
    with db.transaction() as session:
        stored = session.scalar(sqlalchemy.select(sqlalchemy.func.count(Signal.id)))
    sent = sum(each.sent for each in noise)
    told = f"{sent} damaged, {len(took)} good, {stored} stored, p99 {1000 * p99:.0f} ms"
    print(f"\n{told}, grown by {grown / 1e6:.0f} MB")  # noqa: T201 - what the gate has seen
    assert p99 < GOOD_P99
    assert grown < GROWTH
