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
from importlib.metadata import version
from pathlib import Path
from uuid import UUID

import psutil
import uvloop
from sqlalchemy import select
from websockets.asyncio.client import ClientConnection, connect

sys.path.insert(0, str(Path(__file__).parents[1]))

from registry import staff, tokens
from registry.access import Role
from registry.kit import clock, db, engines, live
from telecare import batch, devices
from telecare.alarms import Alarm
from telecare.batch import Book, Received
from telecare.protocols.dc09_frames import wrap
from telecare.protocols.sia_dc09 import SiaDc09
from webconsole import migrate

WANTED_P99 = 1_000.0  # milliseconds, at 50 alarms a second on 200 consoles
BEAT = 5.0
UNITS = 50
SETTLE = 2.0  # seconds after the last alarm in which its message may still come
START_WITHIN = 40.0

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
        token = prepare()
        found = [one_run(given, token, number) for number in range(given.runs)]
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
    parser.add_argument("--listen", help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--into", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def prepare() -> str:
    """The schema, known devices, and an operator's token."""
    migrate.up()
    with db.transaction() as session:
        shown = session.connection().exec_driver_sql("SHOW server_version").scalar()
        print(f"database  PostgreSQL {shown}, fsync on", flush=True)
        for number in range(UNITS):
            devices.add(session, account=account(number), heartbeat_s=90, label="prova")
        anna = staff.add(session, login="anna", name="Anna Riva", roles={Role.OPERATOR})
        return tokens.issue(session, anna)


def account(number: int) -> str:
    return f"{0xA000 + number:X}"


def one_run(given: argparse.Namespace, token: str, number: int) -> dict[str, float]:
    with served() as web, tempfile.TemporaryDirectory() as folder:
        into = Path(folder) / "received"
        command = [sys.executable, __file__, "--listen", token, "--port", str(web.port)]
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
    received: Times = {}
    listening = []
    for _ in range(given.consoles):
        socket_ = await connect(
            f"ws://127.0.0.1:{given.port}/live",
            additional_headers={"Authorization": f"Bearer {given.listen}"},
            compression=None,
            ping_interval=None,
        )
        await socket_.send(json.dumps({"resume": None}))
        listening.append(asyncio.create_task(hear(socket_, received)))
        listening.append(asyncio.create_task(beat(socket_)))
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    given.into.write_bytes(pickle.dumps(received))
    for task in listening:
        task.cancel()


async def hear(console: ClientConnection, received: Times) -> None:
    async for message in console:
        now = time.monotonic()
        if '"telecare.alarm_raised"' in str(message):
            ids = json.loads(message)["ids"]
            received.setdefault(ids["alarm_id"], []).append(now)


async def beat(console: ClientConnection) -> None:
    while True:
        await console.send(json.dumps({"beat": True, "audio": True}))
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
