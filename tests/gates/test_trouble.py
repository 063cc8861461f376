"""Trouble on every side: a database locked or full, lost datagrams, slow peers, wrong clocks.

Small here; at the size of the promises: `pytest tests/gates/test_trouble.py -n0 -s --locked 60
--loris 2000 --returning 5000`.
"""

import asyncio
import calendar
import random
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import text

from registry.kit import clock, db
from registry.kit.settings import settings
from telecare import devices
from telecare.protocols.dc09_crypto import encrypt, timestamp
from telecare.protocols.dc09_frames import Dc09Framer, wrap
from tests.gates.conftest import Receiver
from tests.gates.crowds import Crowd, press
from tests.gates.diallers import KEY, Dialler
from tests.waiting import apart, eventually

pytestmark = [pytest.mark.gate, pytest.mark.timeout(900)]

RECOVERED_WITHIN = 30.0  # seconds after the trouble has ended
GOOD_P99 = 0.5  # seconds for honest units beside slow ones
ALL_BACK_WITHIN = 60.0
LOST = 0.3  # of the datagrams, each way
SLOW = "lines.FIRST_FRAME_WITHIN = 3.0"  # small runs do not wait the whole 20 s


@pytest.fixture(scope="module")
def port(receiver: Receiver) -> int:
    return receiver()


def stored(prefix: str) -> dict[tuple[str, str], int]:
    """Alarms by account and sequence, of the accounts that begin so."""
    wanted = text(
        "SELECT s.account, s.sequence, count(a.id)"
        " FROM signals s JOIN alarms a ON a.signal_id = s.id"
        " WHERE s.account LIKE :like AND s.verdict = 'good' GROUP BY 1, 2"
    )
    with db.engine().connect() as connection:
        rows = connection.execute(wanted, {"like": f"{prefix}%"})
        return {(account, sequence): count for account, sequence, count in rows}


def url() -> str:
    given = settings().database_url
    assert given is not None
    return given.get_secret_value().replace("+psycopg", "")


@contextmanager
def locked() -> Iterator[None]:
    """Nobody can write a signal, as while somebody alters the table."""
    with psycopg.connect(url()) as connection:
        connection.execute("LOCK TABLE signals IN ACCESS EXCLUSIVE MODE")
        yield
        connection.rollback()


FULL = """
CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$;
CREATE TRIGGER full_disk BEFORE INSERT ON signals FOR EACH STATEMENT EXECUTE FUNCTION full_disk();
"""


@contextmanager
def full() -> Iterator[None]:
    """Each write ends as it does when the disk is full."""
    with psycopg.connect(url(), autocommit=True) as connection:
        connection.execute(FULL)
        try:
            yield
        finally:
            connection.execute("DROP FUNCTION full_disk CASCADE")


def counted(units: list[Dialler]) -> int:
    return sum(sum(unit.ledger.acknowledged.values()) for unit in units)


@pytest.mark.parametrize(("trouble", "prefix"), [(locked, "B"), (full, "C")])
def test_nothing_is_acknowledged_that_cannot_be_stored(
    port: int,
    trouble: Callable[[], AbstractContextManager[None]],
    prefix: str,
    request: pytest.FixtureRequest,
) -> None:
    units = [
        Dialler(f"{prefix}{number:03d}", port, udp=number % 3 == 0, key=None)
        for number in range(12)
    ]
    for unit in units:
        unit.start()
    eventually(lambda: counted(units) > 40, within=30)
    with trouble():
        time.sleep(0.5)  # answers of what was committed before are still on their way
        before = counted(units)
        time.sleep(float(request.config.getoption("--locked")))
        assert counted(units) == before, "acknowledged without a commit"
    began, sent = time.monotonic(), {unit: len(unit.ledger.acknowledged) for unit in units}
    eventually(
        lambda: all(unit.ledger.acknowledged[number] for unit, number in sent.items()),
        within=RECOVERED_WITHIN,
    )
    print(f"recovered after {time.monotonic() - began:.1f} s")  # noqa: T201
    for unit in units:
        unit.ends.set()
    for unit in units:
        unit.join(10)
    promised = {
        (unit.account, f"{number:04d}")
        for unit in units
        for number, yes in unit.ledger.acknowledged.items()
        if yes
    }
    found = stored(prefix)
    assert promised - set(found) == set(), "acknowledged but lost"
    assert {each: count for each, count in found.items() if count != 1} == {}, "shown twice"


def test_with_a_third_of_the_datagrams_lost_each_press_is_one_alarm(port: int) -> None:
    chance = random.Random(7)
    answers = 0
    for number in range(60):
        frame = press(f"D{number:03d}", 1)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            line.connect(("127.0.0.1", port))
            line.settimeout(2)
            heard = False
            while not heard:
                if chance.random() < LOST:
                    continue  # lost on the way there; the unit's next attempt follows
                line.send(frame)
                answer = line.recv(2048)
                assert b'"ACK"0001' in answer
                answers += 1
                heard = chance.random() >= LOST  # or lost on the way back
    assert answers > 60
    found = stored("D")
    assert len(found) == 60
    assert set(found.values()) == {1}


def test_slow_peers_delay_nobody_and_are_sent_away(
    receiver: Receiver, request: pytest.FixtureRequest
) -> None:
    number = int(request.config.getoption("--loris"))
    patience = 30.0 if number >= 1000 else 15.0
    port = receiver("pass" if number >= 1000 else SLOW)
    slow = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(number)]
    began = time.monotonic()
    try:
        for each in slow:
            each.sendall(b"\n00")
            each.setblocking(False)
        crowd = Crowd(port, until=time.monotonic() + 60)
        apart(asyncio.run, _honest(crowd, units=20, events=20))
        assert len(crowd.acknowledged) == 400
        print(f"{number} slow peers, p99 {1000 * crowd.percentile(0.99):.0f} ms")  # noqa: T201
        assert crowd.percentile(0.99) < GOOD_P99
        eventually(lambda: all(map(_hung_up, slow)), within=patience - (time.monotonic() - began))
    finally:
        for each in slow:
            each.close()


async def _honest(crowd: Crowd, *, units: int, events: int) -> None:
    numbers = range(1, events + 1)
    await asyncio.gather(*(crowd.unit(f"E{each:04d}", numbers) for each in range(units)))


def _hung_up(line: socket.socket) -> bool:
    """Whether the other side has ended; a byte more keeps a slow peer slow."""
    try:
        line.send(b"0")
        return line.recv(64) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def test_after_an_outage_all_are_back_at_once(port: int, request: pytest.FixtureRequest) -> None:
    number = int(request.config.getoption("--returning"))
    spread = min(10.0, number / 250)  # seconds
    crowd = Crowd(port, until=time.monotonic() + ALL_BACK_WITHIN)
    began = time.monotonic()

    async def everybody() -> None:
        units = (
            crowd.unit(f"F{each:05d}", (1, 2, 3), random.uniform(0, spread))
            for each in range(number)
        )
        await asyncio.gather(*units)

    apart(asyncio.run, everybody())
    took = time.monotonic() - began
    print(f"{number} units, {len(crowd.acknowledged)} events in {took:.1f} s, again {crowd.again}")  # noqa: T201
    assert len(crowd.acknowledged) == 3 * number
    assert set(stored("F").values()) == {1}
    assert len(stored("F")) == 3 * number


def test_a_clock_an_hour_off_costs_one_answer_and_no_alarm(port: int) -> None:
    off = {"AC01": 3600.0, "AC02": -3600.0, "AC03": 86400.0 * 40, "AC04": -45.0}
    with db.transaction() as session:
        for account in off:
            devices.add(session, account=account, key=KEY.hex())
    for account, ahead in off.items():
        with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
            line.sendall(sealed(account, ahead))
            refused = _body(line)
            assert refused.startswith(b'"NAK"0000')
            ours = refused.partition(b"[]")[2]
            assert abs(_moment(ours) - clock.now().timestamp()) < 5
            correction = _moment(ours) - (clock.now().timestamp() + ahead)
            line.sendall(sealed(account, ahead + correction))
            assert _body(line).startswith(b'"*ACK"')
    assert set(stored("AC").values()) == {1}
    assert len(stored("AC")) == len(off)
    with db.engine().connect() as connection:
        wanted = text("SELECT count(*) FROM signals WHERE verdict = 'clock_off'")
        assert connection.execute(wanted).scalar() == len(off), "a refused frame was not kept"


def sealed(account: str, ahead: float) -> bytes:
    moment = clock.now() + timedelta(seconds=ahead)
    inside = b"|#%b|1101 00 001]%b" % (account.encode(), timestamp(moment))
    return wrap(b'"*ADM-CID"0001L0#%b[%b' % (account.encode(), encrypt(KEY, inside)))


def _body(line: socket.socket) -> bytes:
    framer = Dc09Framer()
    while True:
        said = line.recv(2048)
        assert said, "hung up"
        for cut in framer.feed(said):
            return cut.body


def _moment(written: bytes) -> float:
    """`_HH:MM:SS,MM-DD-YYYY` in GMT, as seconds."""
    parsed = time.strptime(written.decode().strip("_"), "%H:%M:%S,%m-%d-%Y")
    return float(calendar.timegm(parsed))
