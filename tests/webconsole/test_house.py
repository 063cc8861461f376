"""`centrale up` as a user runs it: everything comes up, everything goes, and nothing else does."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from registry.kit.settings import CHECKOUT
from tests.waiting import eventually

pytestmark = pytest.mark.in_order

READY_WITHIN = 60.0  # seconds, on a busy machine
STOP_WITHIN = 30.0  # 15 on a quiet one


class Run:
    """One `centrale up`, and what it says."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "webconsole.cli", "up"],
            env=environment,
            cwd=CHECKOUT,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.said: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as source:
            self.said.extend(iter(source.readline, ""))

    def until(self, words: str) -> None:
        limit = time.monotonic() + READY_WITHIN
        while not any(words in line for line in self.said):
            assert self.process.poll() is None, "".join(self.said)
            assert time.monotonic() < limit, "".join(self.said)
            time.sleep(0.05)

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def end(self, order: int) -> int:
        self.process.send_signal(order)
        code = self.process.wait(STOP_WITHIN)
        self._reader.join(5)
        return code


def lives(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    """A home that the engines' user can pass through, and ports of our own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CENTRALE_")}
    with tempfile.TemporaryDirectory(prefix="centrale-up-") as home:
        Path(home).chmod(0o711)
        names = ("HTTP_PORT", "DC09_PORT", "SIP_PORT", "SIMULATED_CARRIER_PORT")
        ports = {f"CENTRALE_{name}": str(free_port()) for name in names}
        yield kept | ports | {"CENTRALE_HOME": home, "NO_COLOR": "1"}


def test_everything_comes_up_heals_and_goes(environment: dict[str, str]) -> None:
    run = Run(environment)
    run.until("Ready after")
    assert len(run.family()) >= 7  # two engines, the nursery, web, work, sweep, receive

    (sweeper,) = [each for each in run.family() if each.cmdline()[:1] == ["centrale sweep"]]
    sweeper.kill()
    run.until("sweep ended")
    second = subprocess.run(
        [sys.executable, "-m", "webconsole.cli", "up"],
        env=environment,
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert second.returncode == 1
    assert "CENTRALE_HTTP_PORT" in second.stderr.splitlines()[-1]

    family = run.family()
    bystander = subprocess.Popen([sys.executable, "-I", "-S", "-c", "input()"], stdin=-1)
    try:
        assert run.end(signal.SIGINT) == 0
        # What watched over the nursery ends just after it.
        eventually(lambda: not any(map(lives, family)))
        assert bystander.poll() is None
    finally:
        bystander.communicate()


def test_a_killed_house_leaves_nothing_and_starts_again(environment: dict[str, str]) -> None:
    run = Run(environment)
    run.until("Ready after")
    family = run.family()
    run.end(signal.SIGKILL)
    _, left = psutil.wait_procs(family, timeout=STOP_WITHIN)
    assert left == []

    again = Run(environment)
    again.until("Ready after")
    assert again.end(signal.SIGTERM) == 0
