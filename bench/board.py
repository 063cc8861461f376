"""From the commit of an alarm to its message on every open console.

    python bench/board.py [--consoles 200] [--rate 50] [--seconds 20] [--runs 3] [--seed N]

The application, the consoles and the writer are three processes on one machine. Each alarm is a
DC-09 frame stored as the receiver stores it: signal, alarm, deadline and journal in one commit.
The clock starts when that commit has returned and stops when a console has read the message.
"""

import argparse
import asyncio
import json
import os
import pickle
import platform
import random
import secrets
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import cast
from uuid import UUID

import psutil
import uvloop
from sqlalchemy import select
from typing_extensions import override

sys.path.insert(0, str(Path(__file__).parents[1]))

from registry import staff, tokens
from registry.access import Role
from registry.kit import clock, db, engines, live
from telecare import batch, devices
from telecare.alarms import Alarm, AlarmRaised
from telecare.batch import Book, Received
from telecare.protocols.dc09_frames import wrap
from telecare.protocols.sia_dc09 import SiaDc09
from webconsole import migrate

WANTED_P99 = 1_000.0  # milliseconds, at 50 alarms a second on 200 consoles
BEAT = 5.0
UNITS = 50
SETTLE = 2.0  # seconds after the last alarm in which its message may still come
START_WITHIN = 40.0

TEXT, PING, PONG = 0x81, 0x89, 0x8A
LONGER = 126  # the length is in the next two bytes
HELLO = (
    b"GET /live HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
    b"Authorization: Bearer %b\r\n\r\n"
)

Times = dict[str, list[float]]


def main() -> None:
    given = arguments()
    if given.listen:
        uvloop.run(consoles(given))
        return
    print(f"machine   {platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(f"software  Python {platform.python_version()}, uvicorn {version('uvicorn')}")
    print(f"          websockets {version('websockets')}, redis-py {version('redis')}")
    print(f"load      {given.consoles} consoles, {given.rate:g} alarms/s, {given.seconds:g} s")
    print(f"seed      {given.seed}", flush=True)
    with engines.temporary(durable=True) as running, tempfile.TemporaryDirectory() as home:
        os.environ["CENTRALE_DATABASE_URL"] = running.database_url
        os.environ["CENTRALE_REDIS_URL"] = running.redis_url
        os.environ["CENTRALE_HOME"] = home
        shown = Path(home) / "tokens"
        shown.write_text("\n".join(prepare(given.consoles)))
        found = [one_run(given, shown, number) for number in range(given.runs)]
        db.engine().dispose()
        live.client().close()
    report(found)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--consoles", type=int, default=200)
    parser.add_argument("--rate", type=float, default=50.0)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--listen", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--into", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def prepare(consoles_: int) -> list[str]:
    """The schema, known devices, and an operator's token for each console."""
    migrate.up()
    with db.transaction() as session:
        shown = session.connection().exec_driver_sql("SHOW server_version").scalar()
        print(f"database  PostgreSQL {shown}, fsync on", flush=True)
        for number in range(UNITS):
            devices.add(session, account=account(number), heartbeat_s=90, label="prova")
        anna = staff.add(session, login="anna", name="Anna Riva", roles={Role.OPERATOR})
        return [tokens.issue(session, anna) for _ in range(consoles_)]


def account(number: int) -> str:
    return f"{0xA000 + number:X}"


def one_run(given: argparse.Namespace, shown: Path, number: int) -> dict[str, float]:
    with served() as web, tempfile.TemporaryDirectory() as folder:
        into = Path(folder) / "received"
        command = [sys.executable, __file__, "--listen", str(shown), "--port", str(web.port)]
        command += ["--consoles", str(given.consoles), "--into", str(into)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as listening:
            if listening.stdin is None or listening.stdout is None:
                raise RuntimeError("the consoles cannot be spoken to")
            listening.stdout.readline()
            time.sleep(1)
            before = web.process.cpu_times()
            sent = raise_alarms(given, number)
            time.sleep(SETTLE)
            after = web.process.cpu_times()
            listening.stdin.write(b"\n")
            listening.stdin.close()
            listening.wait(30)
        received: Times = pickle.loads(into.read_bytes())  # noqa: S301 - written by ourselves
    busy = (after.user + after.system - before.user - before.system) / given.seconds
    figures = compare(sent, received, given.consoles) | {"web CPU %": 100 * busy}
    line = "".join(f"  {what} {value:,.1f}" for what, value in figures.items())
    print(f"run {number + 1}   {line}", flush=True)
    return figures


class Web:
    """The running application."""

    def __init__(self, port: int, pid: int) -> None:
        self.port = port
        self.process = psutil.Process(pid)


@contextmanager
def served() -> Iterator[Web]:
    """The application as `centrale web` starts it, on a port of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    url = f"http://127.0.0.1:{port}"
    environment = {"CENTRALE_HTTP_PORT": str(port), "CENTRALE_PUBLIC_URL": url}
    environment["CENTRALE_REQUESTS_PER_SECOND"] = "0"  # all come from this machine
    command = [sys.executable, "-m", "webconsole.cli", "web"]
    with subprocess.Popen(
        command, env=os.environ | environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as running:
        try:
            wait_for(f"{url}/healthz")
            yield Web(port, running.pid)
        finally:
            running.send_signal(signal.SIGTERM)
            running.wait(20)


def wait_for(url: str) -> None:
    limit = time.monotonic() + START_WITHIN
    while time.monotonic() < limit:
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own address
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError("the application did not start")


def press(name: str, number: int) -> bytes:
    """The button is pressed: a Contact ID frame of its own sequence."""
    moment = time.strftime("_%H:%M:%S,%m-%d-%Y", time.gmtime())
    text = (
        f'"ADM-CID"{number % 9999 + 1:04d}R1L0#{name}[#{name}|1101 01 {number % 1000:03d}]{moment}'
    )
    return wrap(text.encode())


def raise_alarms(given: argparse.Namespace, run: int) -> dict[str, float]:
    """Commit alarms at an even pace; when each commit had returned, by the id of the alarm."""
    protocol, book = SiaDc09(), Book()
    count = int(given.rate * given.seconds)
    frames = [press(account(run), number) for number in range(count)]
    chance = random.Random(given.seed + run)
    committed: dict[UUID, float] = {}
    began = time.monotonic()
    for number, frame in enumerate(frames):
        # At an even pace, each a little early or late, as separate homes are.
        due = began + (number + chance.random()) / given.rate
        time.sleep(max(0.0, due - time.monotonic()))
        (cut,) = protocol.framer().feed(frame)
        now = clock.now()
        message = protocol.decode(cut, lambda _: None, now)
        received = Received(protocol, cut, message, "tcp", "127.0.0.1", now)
        with db.factory(bind=db.engine()) as session:
            batch.store(session, [received], book)
            session.commit()
        committed[received.id] = time.monotonic()
        live.ring()
    with db.transaction() as session:
        raised = session.execute(
            select(Alarm.id, Alarm.signal_id).where(Alarm.signal_id.in_(committed))
        )
        return {str(alarm_id): committed[signal_id] for alarm_id, signal_id in raised}


async def consoles(given: argparse.Namespace) -> None:
    """Open the consoles, say so, listen until a line comes in, and write down what came when."""
    loop = asyncio.get_running_loop()
    open_: list[Console] = []
    beating = asyncio.create_task(beat(open_))  # those who are silent while others join are cut off
    for token in given.listen.read_text().split():
        _, console = await loop.create_connection(
            partial(Console, given.port, token), "127.0.0.1", given.port
        )
        await asyncio.wait_for(console.joined, START_WITHIN)
        open_.append(console)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    beating.cancel()
    received: Times = {}
    for console in open_:
        for alarm_id, moment in console.heard():
            received.setdefault(alarm_id, []).append(moment)
    given.into.write_bytes(pickle.dumps(received))


class Console(asyncio.Protocol):
    """A WebSocket that notes when each message came, and reads the messages at the end.

    Two hundred of them share the machine with what is measured, so they do as little as they can.
    """

    def __init__(self, port: int, token: str) -> None:
        self.joined: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._hello = HELLO % (port, token.encode())
        self._came: list[tuple[float, bytes]] = []
        self._stream = b""
        self._spoken = False
        self._transport: asyncio.Transport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._hello)

    @override
    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        self._stream += data
        if not self._spoken:
            self._speak()
        at = 0
        while (found := frame_at(self._stream, at)) is not None:
            kind, start, at = found
            if kind == TEXT:
                self._came.append((now, self._stream[start:at]))
                if not self.joined.done():
                    self.joined.set_result(None)
            elif kind == PING:
                self._write(PONG, self._stream[start:at])
        self._stream = self._stream[at:]

    def _speak(self) -> None:
        answer, _, self._stream = self._stream.partition(b"\r\n\r\n")
        if not answer.startswith(b"HTTP/1.1 101"):
            self.joined.set_exception(RuntimeError(f"no WebSocket: {answer!r}"))
            return
        self._spoken = True
        self.say({"resume": None})

    def say(self, message: dict[str, object]) -> None:
        self._write(TEXT, json.dumps(message).encode())

    def _write(self, kind: int, content: bytes) -> None:
        """A short frame, masked with zeros."""
        if self._transport is not None:
            self._transport.write(bytes((kind, 0x80 | len(content), 0, 0, 0, 0)) + content)

    def heard(self) -> Iterator[tuple[str, float]]:
        """Each alarm, and when its message was there."""
        for moment, message in self._came:
            said = json.loads(message)
            if said["kind"] == AlarmRaised.kind:
                yield said["ids"]["alarm_id"], moment


def frame_at(stream: bytes, at: int) -> tuple[int, int, int] | None:
    """Kind, begin and end of the content of a whole frame (RFC 6455, 5.2); None while it comes."""
    if at + 4 > len(stream):
        return None
    start, length = at + 2, stream[at + 1]
    if length == LONGER:
        start, length = at + 4, int.from_bytes(stream[at + 2 : at + 4])
    return (stream[at], start, start + length) if start + length <= len(stream) else None


async def beat(consoles_: list[Console]) -> None:
    while True:
        for console in list(consoles_):
            console.say({"beat": True, "audio": True})
        await asyncio.sleep(BEAT)


def compare(sent: dict[str, float], received: Times, consoles_: int) -> dict[str, float]:
    """Latencies in milliseconds over every pair of alarm and console."""
    late = sorted(
        1000 * (moment - sent[alarm]) for alarm, moments in received.items() for moment in moments
    )
    missing = len(sent) * consoles_ - len(late)
    return {
        "p50 ms": late[len(late) // 2],
        "p99 ms": late[int(len(late) * 0.99)],
        "max ms": late[-1],
        "alarms": len(sent),
        "missing": missing,
    }


def report(found: list[dict[str, float]]) -> None:
    middle = {what: statistics.median(run[what] for run in found) for what in found[0]}
    print("median  " + "".join(f"  {what} {value:,.1f}" for what, value in middle.items()))
    print(f"wanted    p99 < {WANTED_P99:,.0f} ms, missing 0")


if __name__ == "__main__":
    main()
