"""The first promise under kill -9: nothing acknowledged is lost, and nothing is shown twice."""

import os
import random
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from sqlalchemy import text

from registry.kit import db, engines
from registry.kit.engines import Engines
from registry.kit.settings import settings
from telecare import devices
from tests.gates.diallers import KEY, Dialler, Transmitter

ROOT = Path(__file__).parents[2]
RECEIVER = "from telecare.receivers import main; main.serve()"
TARGETS = {"receiver": 10, "postgres": 4, "backend": 4, "valkey": 2}
MOST_WAIT = 45.0  # seconds until acknowledgements flow again after a kill


ARCHIVE = (
    "SELECT account, sequence FROM signals WHERE verdict = 'good'",
    """SELECT s.account, s.sequence FROM alarms a JOIN signals s ON s.id = a.signal_id
    WHERE s.verdict = 'good'""",
    "SELECT id::text FROM alarms",
    "SELECT facts->>'alarm_id' FROM journal WHERE kind = 'telecare.alarm_raised'",
    "SELECT subject_id::text FROM deadlines",
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class House:
    """Real engines with fsync on, one receiver process, and whatever kills them."""

    def __init__(self, running: Engines, home: Path, chance: random.Random) -> None:
        self.running = running
        self.chance = chance
        self.port, self.sos_port = free_port(), free_port()
        self.killed: Counter[str] = Counter()
        self._environment = os.environ | {
            "CENTRALE_HOME": str(settings().home),  # where the keys of this test are
            "CENTRALE_DATABASE_URL": running.database_url,
            "CENTRALE_REDIS_URL": running.redis_url,
            "CENTRALE_DC09_PORT": str(self.port),
            "CENTRALE_SIP_PORT": str(free_port()),
            "CENTRALE_SOS_ACCESS_PORT": str(self.sos_port),
        }
        self._log = (home / "receiver.log").open("ab")
        self.receiver = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-c", RECEIVER],
            cwd=ROOT,
            env=self._environment,
            stdout=self._log,
            stderr=self._log,
        )

    def kill_something(self) -> str:
        target = self.chance.choices(list(TARGETS), list(TARGETS.values()))[0]
        if target == "receiver":
            self.receiver.kill()
            self.receiver.wait()
            self.receiver = self._start()
        elif target == "backend":
            self._kill_a_backend()
        else:
            self.running.servers[target].process.kill()
            self.running.servers[target].process.wait()
            self.running.revive()
        self.killed[target] += 1
        return target

    def _kill_a_backend(self) -> None:
        """A crash inside PostgreSQL: its postmaster recovers by itself."""
        postmaster = psutil.Process(self.running.servers["postgres"].process.pid)
        backends = [
            each for each in postmaster.children() if "centrale" in " ".join(each.cmdline())
        ]
        if backends:
            self.chance.choice(backends).kill()

    def stop(self) -> None:
        self.receiver.send_signal(signal.SIGTERM)
        self.receiver.wait(30)
        self._log.close()


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    given = request.config.getoption("--kill-seed")
    chosen = int(given) if given is not None else secrets.randbelow(10**9)
    print(f"\nseed {chosen}")  # noqa: T201 - a failure must be repeatable
    return chosen


@pytest.fixture
def house(seed: int, _database: None, tmp_path: Path) -> Iterator[House]:
    with engines.temporary(durable=True) as running:
        _prepare(running)
        house = House(running, tmp_path, random.Random(seed))
        try:
            yield house
        finally:
            house.stop()


def _prepare(running: Engines) -> None:
    engine = db.connect(running.database_url)
    db.Base.metadata.create_all(engine)
    with db.factory(bind=engine) as session:
        for number in range(SEALED):
            devices.add(session, account=f"A{number:03d}", key=KEY.hex(), heartbeat_s=90)
        session.commit()
    engine.dispose()


PLAIN, SEALED, DATAGRAMS, OTHERS = 10, 4, 4, 2


def diallers(port: int, sos_port: int) -> list[Dialler]:
    """Known units with keys, unknown ones in plain, some over UDP, some of another protocol."""
    plain = [Dialler(f"B{number:03d}", port, udp=False, key=None) for number in range(PLAIN)]
    sealed = [Dialler(f"A{number:03d}", port, udp=False, key=KEY) for number in range(SEALED)]
    loose = [Dialler(f"C{number:03d}", port, udp=True, key=None) for number in range(DATAGRAMS)]
    others = [Transmitter(f"D{number:03d}", sos_port) for number in range(OTHERS)]
    return [*plain, *sealed, *loose, *others]


def acknowledged(units: list[Dialler]) -> int:
    return sum(sum(unit.ledger.acknowledged.values()) for unit in units)


def wait_for_more(units: list[Dialler], least: int) -> None:
    """Until so many more have been acknowledged: the house is up again."""
    before, limit = acknowledged(units), time.monotonic() + MOST_WAIT
    while acknowledged(units) < before + least:
        assert time.monotonic() < limit, "nothing is acknowledged any more"
        time.sleep(0.02)


@pytest.mark.gate
@pytest.mark.timeout(3600)
def test_nothing_acknowledged_is_lost_and_nothing_is_shown_twice(
    house: House, request: pytest.FixtureRequest
) -> None:
    units = diallers(house.port, house.sos_port)
    for unit in units:
        unit.start()
    wait_for_more(units, 20)
    for _ in range(int(request.config.getoption("--kills"))):
        time.sleep(house.chance.uniform(0.0, 0.6))
        house.kill_something()
        wait_for_more(units, house.chance.randint(1, 40))
    for unit in units:
        unit.ends.set()
    for unit in units:
        unit.join(10)

    sent = sum(len(unit.ledger.acknowledged) for unit in units)
    repeats = sum(unit.ledger.repeats for unit in units)
    ended = f"{sent} events, {acknowledged(units)} acknowledged, {repeats} sent again"
    print(f"kills {dict(house.killed)}: {ended}")  # noqa: T201 - what the gate has seen
    check(house, units)


def check(house: House, units: list[Dialler]) -> None:
    """Compare the ledgers of the units with the archive."""
    engine = db.connect(house.running.database_url)
    with engine.connect() as connection:
        stored, shown, alarms, facts, deadlines = (
            Counter(tuple(row) for row in connection.execute(text(query))) for query in ARCHIVE
        )
    engine.dispose()
    promised = {
        (unit.account, f"{number:04d}")
        for unit in units
        for number, yes in unit.ledger.acknowledged.items()
        if yes
    }
    assert promised - set(stored) == set(), "acknowledged but lost"
    assert promised - set(shown) == set(), "acknowledged but without an alarm"
    assert {each: times for each, times in stored.items() if times > 1} == {}, "stored twice"
    assert {each: times for each, times in shown.items() if times > 1} == {}, "shown twice"
    assert alarms == facts, "an alarm without its one fact in the journal"
    assert set(alarms) <= set(deadlines), "an alarm that nobody will be asked about again"
