"""MQTT signals a second, stored before the broker is told so, against a consumer that stores none.

    python bench/doors.py [--runs 5] [--signals 20000] [--units 200] [--seed N]

One broker (mosquitto) and one publisher serve a bare aiomqtt consumer at QoS 1 and Centrale, one
after the other, several times. For Centrale every signal is a press: durable (fsync on), with its
alarm, journal and deadline, before the broker hears the acknowledgement, and the device is told on
its own topic; the bare consumer counts.
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
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench import mqtt_publisher, verdicts
from registry import people
from registry.kit import db, engines
from telecare import devices

NAMES = ("aiomqtt", "centrale")
WANTED_RATIO = 0.3
MEGABYTE = 2**20
HERE = "127.0.0.1"
TOPIC = "centrale/v1"

Figures = dict[str, float]


def main() -> None:
    given = arguments()
    if given.serve:
        asyncio.run(serve(given))
        return
    print(f"machine   {platform.machine()}, {os.cpu_count()} cores, {platform.system()}")
    print(f"software  Python {platform.python_version()}, aiomqtt {version('aiomqtt')}, ", end="")
    print(f"paho-mqtt {version('paho-mqtt')}, {mosquitto_version()}")
    print(f"seed      {given.seed}; {given.units} units, {given.runs} runs of {given.signals}")
    with engines.temporary(durable=True) as running, tempfile.TemporaryDirectory() as folder:
        os.environ["CENTRALE_DATABASE_URL"] = running.database_url
        os.environ["CENTRALE_REDIS_URL"] = running.redis_url
        prepare(given.units)
        port = free_port()
        with broker(Path(folder), port) as process:
            found = measure(given, port)
            process.terminate()
    report(found)
    sys.exit(verdicts.end())


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--signals", type=int, default=20_000)
    parser.add_argument("--units", type=int, default=200)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--only", choices=NAMES)
    parser.add_argument("--serve", choices=NAMES, help=argparse.SUPPRESS)
    parser.add_argument("--broker", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--topic", default=TOPIC, help=argparse.SUPPRESS)
    return parser.parse_args()


def mosquitto_version() -> str:
    said = subprocess.run(["mosquitto", "-h"], capture_output=True, text=True, check=False)
    return said.stdout.splitlines()[0]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HERE, 0))
        return int(probe.getsockname()[1])


def broker(folder: Path, port: int) -> subprocess.Popen[bytes]:
    """One that holds nobody back: as many messages on their way as a consumer wants."""
    config = folder / "mosquitto.conf"
    config.write_text("max_queued_messages 0\nmax_inflight_messages 0\nallow_anonymous true\n")
    quiet = subprocess.DEVNULL
    return subprocess.Popen(["mosquitto", "-c", config, "-p", str(port)], stderr=quiet)


def account(number: int) -> str:
    return f"APP{number}"


def prepare(units: int) -> None:
    """The schema, and the units of the publisher in the homes of as many people."""
    import_module("webconsole.migrate").up()
    with db.transaction() as session:
        said = session.connection().exec_driver_sql("SHOW server_version").scalar()
        print(f"database  PostgreSQL {said}, fsync and synchronous_commit on", flush=True)
        for number in range(units):
            person = people.create(session, given_name="Prova", family_name=f"Numero {number}")
            devices.add(session, account=account(number), protocol="json", person_id=person.id)
    db.engine().dispose()


def measure(given: argparse.Namespace, port: int) -> dict[str, list[Figures]]:
    found: dict[str, list[Figures]] = {}
    for number in range(given.runs):
        for name in NAMES:
            if given.only in {None, name}:
                figures = one_run(name, given, port, f"{given.seed}-{number}-{name}")
                found.setdefault(name, []).append(figures)
                print(f"run {number + 1}  {name:9}{in_words(figures)}", flush=True)
    return found


def one_run(name: str, given: argparse.Namespace, port: int, mark: str) -> Figures:
    """Start a consumer, publish as fast as the broker takes it, wait until all is consumed."""
    command = [sys.executable, __file__, "--serve", name, "--broker", str(port)]
    # Each run has a topic of its own: the broker keeps for Centrale what the other one is sent.
    topic = f"{TOPIC}/{mark}"
    command += ["--signals", str(given.signals), "--topic", topic]
    accounts = [account(number) for number in range(given.units)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as consumer:
        try:
            heard(consumer, "listening")
            began = time.monotonic()
            mqtt_publisher.publish(HERE, port, topic, accounts, given.signals, mark)
            published = time.monotonic() - began
            took = heard(consumer, "done") - began
            resident = psutil.Process(consumer.pid).memory_info().rss / MEGABYTE
        finally:
            consumer.send_signal(signal.SIGTERM)
        consumer.wait(60)
    return {
        "signals/s": given.signals / took,
        "published/s": given.signals / published,
        "RSS MB": resident,
    }


def heard(consumer: subprocess.Popen[str], what: str) -> float:
    """The moment (monotonic, the same for all processes) at which the consumer says it."""
    said: IO[str] | None = consumer.stdout
    for line in said or ():
        if line.startswith(f'{{"{what}"'):
            return float(json.loads(line)[what])
    raise RuntimeError(f"the consumer ended before it was {what}")


def in_words(figures: Figures) -> str:
    return "".join(f"  {what} {value:,.1f}" for what, value in figures.items())


def report(found: dict[str, list[Figures]]) -> None:
    medians = {
        name: {what: statistics.median(run[what] for run in runs) for what in runs[0]}
        for name, runs in found.items()
    }
    print("medians")
    for name, values in medians.items():
        print(f"  {name:9}{in_words(values)}")
    if set(medians) == set(NAMES):
        ratio = medians["centrale"]["signals/s"] / medians["aiomqtt"]["signals/s"]
        verdicts.say(
            f"MQTT QoS 1 ratio {ratio:.2f} (wanted ≥ {WANTED_RATIO})", met=ratio >= WANTED_RATIO
        )


async def serve(given: argparse.Namespace) -> None:
    """Be the consumer of a run until told to stop."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    consume = centrale if given.serve == "centrale" else bare
    await consume(given.broker, given.topic, given.signals, stop)


async def bare(port: int, topic: str, signals: int, stop: asyncio.Event) -> None:
    """As aiomqtt's documentation has it."""
    aiomqtt = import_module("aiomqtt")
    async with aiomqtt.Client(HERE, port, protocol=aiomqtt.ProtocolVersion.V5) as client:
        await client.subscribe(f"{topic}/+/signals", qos=1)
        say("listening")
        count = 0
        async for _ in client.messages:
            count += 1
            if count == signals:
                break
        say("done")
        await stop.wait()


async def centrale(port: int, topic: str, signals: int, stop: asyncio.Event) -> None:
    main_, mqtt = import_module("telecare.receivers.main"), import_module("telecare.receivers.mqtt")
    writers: list[tuple[Any, Any]] = []

    def make(ingest: Any, _: Any) -> Any:
        plan = import_module("telecare.receivers.broker").MqttPlan(
            host=HERE, port=port, topic=topic, client_id=topic, guarded=True
        )
        writers.append((ingest, mqtt.MqttDoor(plan, ingest)))
        return writers[0][1]

    working = asyncio.create_task(main_.receive(HERE, 0, stop, more=[make]))
    await until(lambda: bool(writers) and writers[0][1].figures()["mqtt_listening"] > 0)
    say("listening")
    await until(lambda: writers[0][0].figures.frames >= signals)
    say("done")
    await working


async def until(true: Callable[[], bool]) -> None:
    while not true():  # noqa: ASYNC110 - the figures ring no bell
        await asyncio.sleep(0.01)


def say(what: str) -> None:
    print(json.dumps({what: time.monotonic()}), flush=True)


if __name__ == "__main__":
    main()
