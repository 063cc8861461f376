"""The second promise under kill -9: each step of the ladder comes, in time, and rings nobody twice.

Small here; at the size of the promise: `pytest tests/gates/test_escalation_kills.py -n0 -s
--escalation-kills 200 --frozen 60`.
"""

import os
import random
import secrets
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from unittest import mock

import httpx2
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter import lines
from callcenter.call_states import CallState
from callcenter.calls import Call
from callcenter.carriers import account as accounts
from callcenter.carriers import simulated_town
from registry import deadlines, people
from registry.journal import Entry
from registry.kit import clock, db, engines
from registry.kit.engines import Engines
from registry.kit.errors import Unavailable
from telecare import alarms
from telecare.alarms import UNANSWERED, Alarm
from telecare.protocols.base import Kind
from telecare.rounds import Round, RoundState, Try
from tests.conftest import forget_settings
from tests.gates.kill_house import free_port
from tests.gates.short_ladder import STEPS, shorten
from tests.waiting import eventually
from webconsole import migrate, nursery
from webconsole.nursery import Forked

pytestmark = [pytest.mark.gate, pytest.mark.timeout(3600)]

LATE = 5.0  # seconds by which a step may be late
TARGETS = {"work": 6, "sweep": 6, "web": 3, "valkey": 3}
LINE = "081 555 0100"
KILLED, FROZEN = "E", "F"  # accounts of the homes of the two tests


@dataclass
class House:
    """The processes of a house over engines of its own, with two sweepers."""

    engines: Engines
    environment: dict[str, str]
    logs: Path
    chance: random.Random
    running: dict[str, Forked] = field(default_factory=dict)
    killed: Counter[str] = field(default_factory=Counter)

    def start(self, name: str) -> None:
        verb, log = name.rstrip("12"), self.logs / f"{name}.log"
        environment = {**os.environ, **self.environment}
        self.running[name] = nursery.fork((verb,), environment, log, first=shorten)

    def kill_something(self) -> None:
        target = self.chance.choices(list(TARGETS), list(TARGETS.values()))[0]
        self.killed[target] += 1
        if target == "valkey":
            self.engines.servers["valkey"].process.kill()
            self.engines.servers["valkey"].process.wait()
            self.engines.revive()
            return
        name = target + (self.chance.choice("12") if target == "sweep" else "")
        self.running[name].kill()
        self.running[name].wait()
        self.start(name)

    def answers(self) -> bool:
        """Whether the pages and the carrier are there."""
        url = self.environment["CENTRALE_PUBLIC_URL"]
        ended = [name for name, each in self.running.items() if each.poll() is not None]
        assert ended == [], "they do not start"
        try:
            answer = httpx2.get(f"{url}/healthz", timeout=3, trust_env=False)
            simulated_town.town().calls()
        except (httpx2.HTTPError, Unavailable):
            return False
        return answer.is_success

    def signal(self, name: str, what: signal.Signals) -> None:
        self.running[name].send_signal(what)

    def stop(self) -> None:
        for name, each in self.running.items():
            self.signal(name, signal.SIGCONT)
            each.terminate()
        for each in self.running.values():
            try:
                each.wait(20)
            except subprocess.TimeoutExpired:
                each.kill()
                each.wait()


@pytest.fixture(scope="module")
def house(
    request: pytest.FixtureRequest, _database: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    given = request.config.getoption("--kill-seed")
    seed = int(given) if given is not None else secrets.randbelow(10**9)
    print(f"\nseed {seed}")  # noqa: T201 - a failure must be repeatable
    logs = tmp_path_factory.mktemp("house")
    with engines.temporary(durable=True) as running:
        # A home of its own: its sweepers seal its journal, and note the seals there.
        environment = told(running, tmp_path_factory.mktemp("home"), free_port())
        with mock.patch.dict(os.environ, environment):
            forget()
            house = House(running, environment, logs, random.Random(seed))
            try:
                migrate.up()
                with db.transaction() as session:
                    lines.add(session, number=LINE, name="Linea sociale")
                for name in ("carrier", "web", "work", "sweep1", "sweep2"):
                    house.start(name)
                eventually(house.answers, within=90)
                yield house
            finally:
                house.stop()
                forget()
    forget()


def told(running: Engines, home: Path, port: int) -> dict[str, str]:
    return {
        "CENTRALE_HOME": str(home),
        "CENTRALE_DATABASE_URL": running.database_url,
        "CENTRALE_REDIS_URL": running.redis_url,
        "CENTRALE_HTTP_PORT": str(port),
        "CENTRALE_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "CENTRALE_SIMULATED_CARRIER_PORT": str(free_port()),
        "CENTRALE_WORKER_PROCESSES": "1",
    }


def forget() -> None:
    """Let this process read its settings anew."""
    forget_settings()
    accounts.account.cache_clear()


def somebody_falls(session: Session, prefix: str, number: int) -> None:
    """A home with two contacts of whom nobody can be reached; its ladder is the short one."""
    person = people.create(session, given_name="Nina", family_name=f"Prova {number}")
    for which in (1, 2):
        phone = phone_of(prefix, number, which)
        people.add_contact(session, person, name=f"Contatto {which}", phone=phone)
    alarm = alarms.raise_(
        session,
        signal_id=db.new_id(),
        position=0,
        account=f"{prefix}{number}",
        device_id=None,
        person_id=person.id,
        kind=Kind.FALL,
        code="1103",
    )
    deadlines.set_(session, UNANSWERED, alarm.id, alarm.raised_at + timedelta(seconds=STEPS[0]))


def phone_of(prefix: str, number: int, which: int) -> str:
    return f"+39081{5550000 + (5000 if prefix == FROZEN else 0) + 10 * number + which}"


def everybody_is_busy(prefix: str, count: int) -> None:
    town = simulated_town.town()
    for number in range(count):
        for which in (1, 2):
            town.behave(phone_of(prefix, number, which), outcome="busy")


def test_every_step_comes_in_time_and_nobody_is_rung_twice(
    house: House, request: pytest.FixtureRequest
) -> None:
    kills = int(request.config.getoption("--escalation-kills"))
    everybody_is_busy(KILLED, kills)
    for number in range(kills):
        with db.transaction() as session:
            somebody_falls(session, KILLED, number)
        time.sleep(house.chance.uniform(0.0, 2.5))
        house.kill_something()
        time.sleep(house.chance.uniform(0.5, 2.0))
    eventually(lambda: rounds_over(KILLED, kills), within=120 + 8 * kills)
    late = check(KILLED, kills)
    print(f"kills {dict(house.killed)}, {late}")  # noqa: T201 - what the gate has seen


def rounds_over(prefix: str, count: int) -> bool:
    with db.transaction() as session:
        states = session.scalars(
            select(Round.state)
            .join(Alarm, Alarm.id == Round.alarm_id)
            .where(Alarm.account.startswith(prefix))
        ).all()
    return len(states) == count and RoundState.CALLING not in states


def check(prefix: str, count: int) -> str:
    """Steps in order and in time, by the journal; calls at the carrier's, by ours."""
    with db.transaction() as session:
        late = [
            (told.at - alarm.raised_at).total_seconds() - STEPS[level]
            for alarm in session.scalars(
                select(Alarm).where(Alarm.account.startswith(prefix))
            ).all()
            for level, told in enumerate(steps(session, alarm.account))
        ]
        called = session.scalars(select(Call)).all()
        tries = session.scalars(select(Try)).all()
        ours = Counter(call.number for call in called)
        sure = Counter(call.number for call in called if call.state is not CallState.UNCERTAIN)
    rung = Counter(leg["to"] for leg in simulated_town.town().calls())
    assert len(late) == 3 * count, "a step was missed"
    assert {number: n for number, n in rung.items() if n > ours[number]} == {}, "rung twice"
    assert {number: n for number, n in sure.items() if n > rung[number]} == {}, "never rung"
    assert len(tries) == len({(each.round_id, each.cycle, each.who_id) for each in tries})
    assert max(late) <= LATE, f"late by {max(late):.1f} s"
    assert min(late) >= -0.1, "too early"
    uncertain = len(called) - sure.total()
    return f"{len(called)} calls, {uncertain} uncertain, steps late by {max(late):.1f} s at most"


def steps(session: Session, account: str) -> list[Entry]:
    """The first three steps of the ladder, as told; each exactly once."""
    wanted = select(Alarm.id).where(Alarm.account == account)
    alarm_id = str(session.scalars(wanted).one())
    found = [
        each
        for each in session.scalars(select(Entry).order_by(Entry.id))
        if each.kind == "telecare.alarm_escalated" and each.facts["alarm_id"] == alarm_id
    ]
    levels = [int(each.facts["level"]) for each in found]
    assert levels == list(range(1, len(levels) + 1)), "a step twice, or out of order"
    return found[:3]


def test_of_two_sweepers_one_frozen_and_woken_does_nothing_twice(
    house: House, request: pytest.FixtureRequest
) -> None:
    frozen = float(request.config.getoption("--frozen"))
    count = 5
    everybody_is_busy(FROZEN, count)
    with db.transaction() as session:
        for number in range(count):
            somebody_falls(session, FROZEN, number)
    time.sleep(house.chance.uniform(1.5, 2.5))
    house.signal("sweep1", signal.SIGSTOP)
    began = clock.now()
    time.sleep(frozen)
    house.signal("sweep1", signal.SIGCONT)
    eventually(lambda: rounds_over(FROZEN, count), within=300)
    with db.transaction() as session:
        told = [each for n in range(count) for each in steps(session, f"{FROZEN}{n}")]
        assert len(told) == 3 * count
        called = Counter(session.scalars(select(Call.number)))
    rung = Counter(leg["to"] for leg in simulated_town.town().calls())
    assert {number: n for number, n in rung.items() if n > called[number]} == {}
    print(f"frozen at {began:%H:%M:%S} for {frozen} s: {len(told)} steps, once each")  # noqa: T201
