"""The first promise under kill -9: nothing acknowledged is lost, and nothing is shown twice."""

import random
import secrets
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from registry.kit import db, engines
from telecare import devices
from telecare.protocols import receiver_lines
from tests.gates import apps
from tests.gates.apps import BrokerApp, HttpApp, SocketApp
from tests.gates.diallers import KEY, Dialler, HardwareReceiver, Transmitter
from tests.gates.kill_house import House

MOST_WAIT = 90.0  # seconds until acknowledgements flow again after a kill

# A line of a hardware receiver has no number of its own: group and zone are it here.
NUMBER = """CASE s.protocol WHEN 'receiver-lines'
    THEN convert_from(substring(s.raw FROM 17 FOR 4), 'UTF8') ELSE s.sequence END"""
ARCHIVE = (
    f"SELECT s.account, {NUMBER} FROM signals s WHERE s.verdict = 'good'",
    f"""SELECT s.account, {NUMBER} FROM alarms a JOIN signals s ON s.id = a.signal_id
    WHERE s.verdict = 'good'""",
    "SELECT id::text FROM alarms",
    "SELECT facts->>'alarm_id' FROM journal WHERE kind = 'telecare.alarm_raised'",
    "SELECT subject_id::text FROM deadlines",
)


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    given = request.config.getoption("--kill-seed")
    chosen = int(given) if given is not None else secrets.randbelow(10**9)
    print(f"\nseed {chosen}")  # noqa: T201 - a failure must be repeatable
    return chosen


@pytest.fixture
def house(seed: int, _database: None, tmp_path: Path) -> Iterator[House]:
    with engines.temporary(durable=True) as running:
        tokens = known_units(running.database_url)
        house = House(running, tmp_path, random.Random(seed), tokens)
        try:
            yield house
        finally:
            house.stop()


PLAIN, SEALED, DATAGRAMS, OTHERS, APPS = 6, 3, 3, 2, 2


def known_units(database_url: str) -> list[str]:
    """The schema, the units with a key, and apps; returns the tokens of the apps."""
    engine = db.connect(database_url)
    db.Base.metadata.create_all(engine)
    with db.factory(bind=engine) as session:
        for number in range(SEALED):
            devices.add(session, account=f"A{number:03d}", key=KEY.hex(), heartbeat_s=90)
        tokens = apps.known(session, [f"E{each}" for each in range(2 * APPS)])
        session.commit()
    engine.dispose()
    return tokens


def diallers(house: House) -> list[Dialler]:
    """Known units with keys, unknown ones in plain, some over UDP, some of other protocols."""
    port = house.port
    plain = [Dialler(f"B{number:03d}", port, udp=False, key=None) for number in range(PLAIN)]
    sealed = [Dialler(f"A{number:03d}", port, udp=False, key=KEY) for number in range(SEALED)]
    loose = [Dialler(f"C{number:03d}", port, udp=True, key=None) for number in range(DATAGRAMS)]
    others = [
        *(Transmitter(f"D{number:03d}", house.sos_port) for number in range(OTHERS)),
        *(HardwareReceiver(f"AE{number:02d}", house.lines_port) for number in range(OTHERS)),
    ]
    connected = [
        (SocketApp if number % 2 else HttpApp)(f"E{number}", house.apps_port, token)
        for number, token in enumerate(house.tokens)
    ]
    through = [BrokerApp(f"F{each}", house.broker.port) for each in range(APPS) if house.broker]
    return [*plain, *sealed, *loose, *others, *connected, *through]


def acknowledged(units: list[Dialler]) -> int:
    return sum(sum(unit.ledger.acknowledged.values()) for unit in units)


def wait_for_more(units: list[Dialler], least: int, killed: str = "") -> None:
    """Until so many more have been acknowledged: the house is up again."""
    before, limit = acknowledged(units), time.monotonic() + MOST_WAIT
    while acknowledged(units) < before + least:
        assert time.monotonic() < limit, f"nothing acknowledged any more {killed}"
        time.sleep(0.02)


def each_is_heard_again(units: list[Dialler]) -> None:
    """No door stays shut after the last kill."""
    before = {unit: acknowledged([unit]) for unit in units}
    limit = time.monotonic() + MOST_WAIT
    while deaf := [unit.name for unit in units if acknowledged([unit]) == before[unit]]:
        assert time.monotonic() < limit, f"not heard any more: {deaf}"
        time.sleep(0.05)


@pytest.mark.gate
@pytest.mark.timeout(3600)
def test_nothing_acknowledged_is_lost_and_nothing_is_shown_twice(
    house: House, request: pytest.FixtureRequest
) -> None:
    units = diallers(house)
    for unit in units:
        unit.start()
    wait_for_more(units, 20)
    for _ in range(int(request.config.getoption("--kills"))):
        time.sleep(house.chance.uniform(0.0, 0.6))
        killed = house.kill_something()
        wait_for_more(units, house.chance.randint(1, 40), killed)
    each_is_heard_again(units)
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
    news = sent_for_long(units)
    assert {each for each, times in stored.items() if times > 1} - news == set(), "stored twice"
    assert {each for each, times in shown.items() if times > 1} - news == set(), "shown twice"
    assert alarms == facts, "an alarm without its one fact in the journal"
    assert set(alarms) <= set(deadlines), "an alarm that nobody will be asked about again"


def sent_for_long(units: list[Dialler]) -> set[tuple[str, str]]:
    """Lines without a number, repeated for longer than a repeat is known: another press by then."""
    known = receiver_lines.SAME_WITHIN.total_seconds()
    return {
        (unit.account, f"{number:04d}")
        for unit in units
        if isinstance(unit, HardwareReceiver)
        for number in unit.ledger.acknowledged
        if unit.ledger.waited.get(number, known) >= known
    }
