"""DC-09 events a second, stored before they are acknowledged, against a receiver that stores none.

    python bench/ingest.py [--udp] [--steady 400] [--runs 3] [--seconds 6] [--units 200] [--seed N]

Centrale and pysiaalarm get the same dialler, one after the other, several times. For Centrale
every event is durable (fsync on) and its alarm raised, with journal and deadline, before the
acknowledgement; pysiaalarm answers and calls an empty function. Over UDP pysiaalarm alone would
never answer on Python 3.11, as it looks for a class that its socket is not of; here it is given
its socket.
"""

import argparse
import asyncio
import json
import os
import platform
import secrets
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import IO

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench import dialler, verdicts
from bench.dialler import Result
from registry import people
from registry.kit import db, engines
from telecare import devices

NAMES = ("pysiaalarm", "centrale")
STEADY = 400.0  # events a second: 120,000 homes whose mains fail within five minutes
WANTED_RATIO, WANTED_RSS = 1.0, 150.0
WANTED_P99 = {400.0: 250.0, 1000.0: 50.0}  # milliseconds, by events a second
MEGABYTE = 2**20

Figures = dict[str, float]


def main() -> None:
    given = arguments()
    if given.serve:
        serve(given.serve, given.units, udp=given.udp)
        return
    print(f"machine   {platform.machine()}, {os.cpu_count()} cores, {platform.system()}")
    print(f"software  Python {platform.python_version()}, pysiaalarm {version('pysiaalarm')}")
    print(
        f"seed      {given.seed}; {given.units} units, {given.runs} runs of {given.seconds} s, ",
        end="",
    )
    print("UDP" if given.udp else "TCP")
    with engines.temporary(durable=True) as running:
        os.environ["CENTRALE_DATABASE_URL"] = running.database_url
        os.environ["CENTRALE_REDIS_URL"] = running.redis_url
        prepare(given.units * given.runs)
        found = measure(given)
    report(found, given.steady)
    sys.exit(verdicts.end())


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--units", type=int, default=200)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--udp", action="store_true")
    parser.add_argument("--steady", type=float, default=STEADY, help="events a second")
    parser.add_argument("--only", choices=NAMES)
    parser.add_argument("--serve", choices=NAMES, help=argparse.SUPPRESS)
    return parser.parse_args()


def account(number: int) -> str:
    return f"{0xA000 + number:X}"


def prepare(units: int) -> None:
    """The schema, and the units of the dialler in the homes of as many people."""
    import_module("webconsole.migrate").up()
    with db.transaction() as session:
        said = session.connection().exec_driver_sql("SHOW server_version").scalar()
        print(f"database  PostgreSQL {said}, fsync and synchronous_commit on", flush=True)
        for number in range(units):
            person = people.create(session, given_name="Prova", family_name=f"Numero {number}")
            devices.add(session, account=account(number), heartbeat_s=90, person_id=person.id)
    db.engine().dispose()


def measure(given: argparse.Namespace) -> dict[str, list[Figures]]:
    found: dict[str, list[Figures]] = {}
    for number in range(given.runs):
        for name in NAMES:
            if given.only in {None, name}:
                figures = one_run(name, given, given.seed + number)
                found.setdefault(name, []).append(figures)
                print(f"run {number + 1}  {name:11}{in_words(figures)}", flush=True)
    return found


def one_run(name: str, given: argparse.Namespace, seed: int) -> Figures:
    """Start a receiver, dial as fast as it answers, then at a steady pace, and stop it.

    Each run has units of its own, so that nothing it sends repeats an earlier run.
    """
    first = (seed - given.seed) * given.units
    accounts = [account(number) for number in range(first, first + given.units)]
    command = [sys.executable, __file__, "--serve", name, "--units", str(first + given.units)]
    command += ["--udp"] if given.udp else []
    # pysiaalarm prints a traceback for every connection that is closed.
    errors = None if name == "centrale" else subprocess.DEVNULL
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as server:
        try:
            port = port_of(server)
            dial = partial(dialler.run, port, accounts, given.seconds, udp=given.udp)
            fast = dial(0, seed)
            time.sleep(1)
            steady = dial(given.steady, seed + 10_000)
            resident = psutil.Process(server.pid).memory_info().rss / MEGABYTE
        finally:
            server.send_signal(signal.SIGTERM)
        server.wait(60)
    return figures_of(fast, steady, resident, f"at {given.steady:.0f}/s")


def port_of(server: subprocess.Popen[str]) -> int:
    """The first line that is ours, among the log."""
    said: IO[str] | None = server.stdout
    for line in said or ():
        if line.startswith('{"port"'):
            return int(json.loads(line)["port"])
    raise RuntimeError("the receiver ended before it listened")


def figures_of(fast: Result, steady: Result, resident: float, pace: str) -> Figures:
    return {
        "events/s": fast.rate,
        "p50 ms": fast.percentile(0.5),
        "p99 ms": fast.percentile(0.99),
        f"p50 ms {pace}": steady.percentile(0.5),
        f"p99 ms {pace}": steady.percentile(0.99),
        "RSS MB": resident,
    }


def in_words(figures: Figures) -> str:
    return "".join(f"  {what} {value:,.1f}" for what, value in figures.items())


def report(found: dict[str, list[Figures]], steady: float) -> None:
    medians = {
        name: {what: statistics.median(run[what] for run in runs) for what in runs[0]}
        for name, runs in found.items()
    }
    print("medians")
    for name, values in medians.items():
        print(f"  {name:11}{in_words(values)}")
    if set(medians) != set(NAMES):
        return
    ours, theirs = medians["centrale"], medians["pysiaalarm"]
    ratio = ours["events/s"] / theirs["events/s"]
    verdicts.say(f"DC-09 ratio {ratio:.2f} (wanted ≥ {WANTED_RATIO})", met=ratio >= WANTED_RATIO)
    p99, most = ours[f"p99 ms at {steady:.0f}/s"], WANTED_P99.get(steady, WANTED_P99[STEADY])
    verdicts.say(f"DC-09 p99 {p99:.1f} ms at {steady:.0f}/s (wanted < {most})", met=p99 < most)
    resident = ours["RSS MB"]
    verdicts.say(
        f"memory {resident:.0f} MB resident (wanted < {WANTED_RSS})", met=resident < WANTED_RSS
    )


def serve(name: str, units: int, *, udp: bool) -> None:
    """Be the receiver of a run: print the port, then receive until told to stop."""
    if name == "centrale":
        receivers = import_module("telecare.receivers.main")

        def ready(port: int) -> None:
            receivers.keep(port)
            say_port(port)

        import_module("uvloop").run(
            until_told(lambda stop: receivers.receive("127.0.0.1", 0, stop, ready))
        )
    else:
        asyncio.run(until_told(lambda stop: pysiaalarm(units, stop, udp=udp)))


async def until_told(work: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await work(stop)


async def pysiaalarm(units: int, stop: asyncio.Event, *, udp: bool) -> None:
    """The other receiver, as its documentation starts it."""
    sia = import_module("pysiaalarm.aio")

    async def ignore(_: object) -> None:
        return None

    port = free_port()
    accounts = [sia.SIAAccount(account(number)) for number in range(units)]
    way = import_module("pysiaalarm.utils").CommunicationsProtocol["UDP" if udp else "TCP"]
    client = sia.SIAClient("127.0.0.1", port, accounts, ignore, protocol=way)
    await client.async_start()
    if udp:
        client.sia_server.transport = client.transport
    say_port(port)
    await stop.wait()
    await client.async_stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def say_port(port: int) -> None:
    print(json.dumps({"port": port}), flush=True)


if __name__ == "__main__":
    main()
