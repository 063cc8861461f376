"""Damage where apps come in: nothing breaks, good signals beside it are neither lost nor late."""

import os
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx2
import psutil
import pytest
from sqlalchemy import select

from registry.kit import db
from telecare.signals import Signal
from tests import processes
from tests.conftest import empty
from tests.gates import apps
from tests.gates.apps import HERE, App, BrokerApp, HttpApp, SocketApp
from tests.gates.conftest import START_WITHIN, serve
from tests.gates.kill_house import free_port
from tests.gates.noise_apps import EACH, BrokerNoise, HttpNoise, Noise, SocketNoise
from tests.telecare.mqtt_broker import Broker
from tests.waiting import eventually
from webconsole import nursery

GOOD_P99 = 1.0  # seconds
GROWTH = 100 * 1024 * 1024  # bytes of both processes
APPS = 5  # good ones at each door
# One app may say two things a second for as long as it likes.
PACE = 0.5  # seconds
# After so long without a word a web server may hang up.
IDLE = 4.0  # seconds
# What a process writes when something of ours broke.
BROKEN = ("Traceback", ".fault", "Exception in ASGI")

# Nonsense hears that it is nonsense, or that it was stored, or nothing.
FIT = {
    "101",
    "200",
    "400",
    "401",
    "403",
    "404",
    "405",
    "411",
    "413",
    "414",
    "422",
    "426",
    "429",
    "431",
    "stored",
    "refused",
    "later",
    "cut 1009",
    "hello 4401",
    "hung up",
    "taken",
}


@dataclass
class House:
    """The web server as it is shipped, a receiver, and a broker where there is one."""

    web: int
    broker: Broker | None
    seen: list[psutil.Process]
    logs: list[Path]

    def weighs(self) -> int:
        return sum(each.memory_info().rss for each in self.seen)


@pytest.fixture
def house(_database: None, tmp_path: Path) -> Iterator[House]:
    broker = apps.broker_in(tmp_path)
    told = {
        name: str(free_port())
        for name in ("CENTRALE_HTTP_PORT", "CENTRALE_DC09_PORT", "CENTRALE_SIP_PORT")
    }
    if broker is not None:
        told["CENTRALE_MQTT_URL"] = f"mqtt://{HERE}:{broker.port}"
    logs = [tmp_path / "web.log", tmp_path / "receiver.log"]
    web = nursery.fork(("web",), {**os.environ, **told}, logs[0])
    receiver = processes.apart(serve, log=logs[1], told=told)
    port = int(told["CENTRALE_HTTP_PORT"])
    try:
        eventually(lambda: _turns(port), within=START_WITHIN)
        seen = [psutil.Process(each.pid) for each in (web, receiver)]
        yield House(port, broker, seen, logs)
        assert [web.poll(), receiver.poll()] == [None, None], "a process has died"
    finally:
        for each in (web, receiver):
            each.terminate()
            each.wait(30)
        if broker is not None:
            broker.stop()
        empty()


def _turns(port: int) -> bool:
    try:
        return httpx2.get(f"http://{HERE}:{port}/healthz", timeout=5).status_code == httpx2.codes.OK
    except httpx2.TransportError:
        return False


def tokens(name: str, many: int) -> list[str]:
    """So many units that speak JSON, and what each shows of itself."""
    with db.transaction() as session:
        return apps.known(session, [f"{name}{each}" for each in range(many)])


def noises(house: House, many: int) -> list[Noise]:
    shown = tokens("N", 2 * (many // EACH + 1))
    found: list[Noise] = [
        HttpNoise(many, shown[::2], house.web),
        SocketNoise(many, shown[1::2], house.web),
    ]
    return [*found, *([BrokerNoise(many, house.broker.port)] if house.broker else [])]


def good_apps(house: House) -> list[App]:
    """A few of each kind, in turns."""
    by_http, by_socket = tokens("H", APPS), tokens("S", APPS)
    found: list[App] = []
    for each in range(APPS):
        found.append(HttpApp(f"H{each}", house.web, by_http[each]))
        found.append(SocketApp(f"S{each}", house.web, by_socket[each]))
        if house.broker is not None:
            found.append(through := BrokerApp(f"B{each}", house.broker.port))
            through.begin()
    return found


def speak(good: list[App], noise: list[Noise]) -> list[float]:
    """Good signals for as long as there is noise; how many seconds each took."""
    took: list[float] = []
    spoke = dict.fromkeys(good, time.monotonic())
    number = 1
    while number < 4 or any(each.is_alive() for each in noise):
        number += 1
        round_began = time.monotonic()
        for app in good:
            began = time.monotonic()
            if not app.ask(number):
                assert isinstance(app, HttpApp), f"the line of {app.account} was cut"
                assert began - spoke[app] > IDLE, f"{app.account} heard {app.told}"
                app.hang_up()
                assert app.ask(number), f"{app.account} is not heard"
            spoke[app] = time.monotonic()
            app.ledger.acknowledged[number] = True
            took.append(spoke[app] - began)
        time.sleep(max(0.0, PACE - (time.monotonic() - round_began)))
    return took


def begin(good: list[App]) -> None:
    """The first word of each, said until somebody listens."""
    for app in good:
        eventually(partial(_heard, app))
        app.patience = 30.0


def _heard(app: App) -> bool:
    if app.ask(1):
        return True
    app.hang_up()
    return False


def each_is_kept_once(good: list[App]) -> int:
    """What was acknowledged is in the archive, once; returns how much there is altogether."""
    with db.transaction() as session:
        kept = Counter(
            tuple(row) for row in session.execute(select(Signal.account, Signal.sequence)).all()
        )
    for app in good:
        for number in app.ledger.acknowledged:
            assert kept[app.account, f"{number:04d}"] == 1, f"{app.account} {number}"
    return kept.total()


@pytest.mark.gate
@pytest.mark.timeout(1800)
def test_good_signals_of_apps_are_stored_beside_any_damage(
    house: House, request: pytest.FixtureRequest
) -> None:
    noise = noises(house, int(request.config.getoption("--damaged-apps")))
    good = good_apps(house)
    begin(good)
    before = house.weighs()
    for each in noise:
        each.start()
    took = speak(good, noise)
    for app in good:
        app.hang_up()
        if isinstance(app, BrokerApp):
            app.end()
    p99 = sorted(took)[int(0.99 * (len(took) - 1))]
    grown = house.weighs() - before
    stored = each_is_kept_once(good)
    sent = sum(each.sent for each in noise)
    told = f"{sent} damaged, {len(took)} good, {stored} stored, p99 {1000 * p99:.0f} ms"
    print(f"\n{told}, grown by {grown / 1e6:.0f} MB")  # noqa: T201 - what the gate has seen
    for each in noise:
        print(each.name, dict(each.heard))  # noqa: T201 - how it was answered
        assert set(each.heard) <= FIT, each.name
    written = "".join(log.read_text() for log in house.logs)
    assert [word for word in BROKEN if word in written] == []
    assert p99 < GOOD_P99
    assert grown < GROWTH
