"""The supervisor on real processes: small scripts in the places of web, worker and the rest."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from registry.kit.engines import Engines
from registry.kit.errors import Unavailable
from tests.waiting import eventually
from webconsole import supervisor
from webconsole.supervisor import Child, Supervisor

STAY = "import time; time.sleep(60)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
FALL = "import sys; sys.exit('the oven is cold')"


def child(script: str, name: str = "oven", stage: int = 1) -> Child:
    def begin(environment: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
        words = [sys.executable, "-I", "-S", "-c", script]
        with log.open("ab") as sink:
            return subprocess.Popen(
                words, stdout=sink, stderr=sink, env=environment, start_new_session=True
            )

    return Child(name, begin, stage)


class House:
    """A supervisor over given children, and what it said."""

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self.said: list[str] = []
        self.all: list[Supervisor] = []

    def of(self, *children: Child) -> Supervisor:
        made = Supervisor(
            engines=Engines(database_url="elsewhere", redis_url="elsewhere"),
            logs=self.logs,
            environment={"CENTRALE_OVEN": "hot"},
            say=self.said.append,
        )
        self.all.append(made)
        made.start(children)
        return made


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path / "log")
    yield made
    for each in made.all:
        each.stop()


def until(done: threading.Event | Path, seconds: float = 30.0) -> None:
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if isinstance(done, Path) and done.exists():
            return
        time.sleep(0.02)
    raise AssertionError(f"{done} did not come")


def test_a_child_that_falls_is_started_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "FIRST_PAUSE", 0.05)
    watched = child(STAY)
    over = house.of(watched)
    first = watched.process
    assert first is not None
    first.send_signal(signal.SIGKILL)
    first.wait(30)

    def another() -> bool:
        over.wait(0.1)
        return watched.process is not first

    eventually(another)
    assert watched.alive()
    assert house.said[0].startswith("oven ended")


def test_pauses_grow_up_to_a_limit(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "FIRST_PAUSE", 4.0)
    watched = child(STAY)
    over = house.of(watched)
    over.was_ready = True
    watched.falls = 7
    assert watched.process is not None
    watched.process.send_signal(signal.SIGKILL)
    watched.process.wait(30)

    over.look()

    assert f"again in {supervisor.LONGEST_PAUSE:.1f} s" in house.said[-1]


def test_a_child_that_never_stays_up_ends_in_its_last_words(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "FIRST_PAUSE", 0.02)
    over = house.of(child(FALL))
    with pytest.raises(Unavailable, match=r"“oven” does not stay up \(the oven is cold\): see .*"):
        over.wait(20.0)


def test_children_stop_stage_by_stage(house: House, tmp_path: Path) -> None:
    order = tmp_path / "order"
    script = (
        "import signal, sys, time\n"
        "def end(*_):\n"
        "    time.sleep({pause}); open({order!r}, 'a').write({name!r}); sys.exit()\n"
        "signal.signal(signal.SIGTERM, end); open({ready!r}, 'w'); time.sleep(60)"
    )
    ready = [tmp_path / name for name in "ab"]
    both = [
        child(
            script.format(pause=pause, order=str(order), name=name, ready=str(tmp_path / name)),
            name,
            stage,
        )
        for name, pause, stage in (("a", 0.3, 0), ("b", 0.0, 1))
    ]
    over = house.of(*both)
    for each in ready:
        until(each)
    over.stop()
    assert order.read_text() == "ab"


def test_a_deaf_child_is_ended_by_force(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "STOP_WITHIN", 0.5)
    deaf = child(DEAF)
    over = house.of(deaf)
    time.sleep(0.3)
    over.stop()
    assert not deaf.alive()
    assert "ended by force" in house.said[-1]


def test_children_see_where_the_engines_are(house: House, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    told = f"import os, time; open({str(seen)!r}, 'w').write(os.environ['CENTRALE_OVEN'])"
    house.of(child(f"{told}; time.sleep(60)"))
    until(seen)
    time.sleep(0.05)
    assert seen.read_text() == "hot"


def test_an_order_to_end_ends_the_watch(house: House) -> None:
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    over = house.of(child(STAY))
    over.listen()
    try:
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM)).start()
        over.run()
        assert over.stopping
    finally:
        for order, handler in before.items():
            signal.signal(order, handler)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
