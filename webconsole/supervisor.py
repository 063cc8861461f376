"""One process that keeps the others running: starts them, restarts them, stops them in order.

It loads none of the application, so that it stays small and cannot fall with it: its children come
from the nursery, which has (webconsole/nursery.py), and end with it however it ends.
"""

import os
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Protocol

from registry.kit.engine_home import LARGEST_LOG
from registry.kit.engines import Engines
from registry.kit.errors import Unavailable

LOOK = 0.1  # seconds between two looks at everything
FIRST_PAUSE = 0.5  # seconds before a first restart; doubled each time
LONGEST_PAUSE = 15.0
CALM = 60.0  # seconds of running after which earlier falls are forgotten
FALLS_AT_START = 3  # before the house was ever ready: something is wrong, say it
FALLS_LATER = 12  # afterwards: keep serving as long as there is hope
FORCE_WITHIN = 5.0  # seconds for the kernel to end what nothing can refuse
STOP_WITHIN = 7.0  # seconds for the children; the engines take the rest of 15

Say = Callable[[str], None]


class Process(Protocol):
    """What the supervisor asks of a process: a `subprocess.Popen`, or one of the nursery's."""

    pid: int

    def poll(self) -> int | None: ...
    def wait(self, timeout: float) -> int: ...
    def send_signal(self, order: int, /) -> None: ...


# Starts a process in exactly this environment, its output appended to the file.
Start = Callable[[Mapping[str, str], Path], Process]


@dataclass
class Child:
    """One process of the house. `stage` orders the stopping: lower stages stop first."""

    name: str
    begin: Start
    stage: int = 1
    process: Process | None = None
    falls: int = 0
    started_at: float = 0.0
    start_again_at: float = 0.0
    log_start: int = field(default=0, repr=False)

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None


class Supervisor:
    """Watches the children and the engines until told to stop."""

    def __init__(
        self,
        *,
        engines: Engines,
        logs: Path,
        environment: Mapping[str, str],
        say: Say,
    ) -> None:
        self.children: list[Child] = []
        self.engines = engines
        self.logs = logs
        self.environment = dict(os.environ) | dict(environment)
        self.say = say
        self.stopping = False
        self.was_ready = False
        self._recent: deque[float] = deque(maxlen=FALLS_LATER)

    def listen(self) -> None:
        """Take Ctrl-C, an order to end and a closed terminal as the wish to stop."""
        for order in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(order, self._on_order)

    def _on_order(self, _: int, __: FrameType | None) -> None:
        self.stopping = True

    def start(self, children: Iterable[Child]) -> None:
        """Start these and watch them from now on."""
        self.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        for child in children:
            self.children.append(child)
            self._start(child)

    def log_of(self, child: Child) -> Path:
        return self.logs / f"{child.name}.log"

    def _start(self, child: Child) -> None:
        log = self.log_of(child)
        if log.exists() and log.stat().st_size > LARGEST_LOG:
            log.replace(log.with_suffix(".log.1"))
        child.log_start = log.stat().st_size if log.exists() else 0
        child.process = child.begin(self.environment, log)
        child.started_at = time.monotonic()
        child.start_again_at = 0.0

    def look(self) -> None:
        """One look at everything: revive what fell. Raises Unavailable when it is hopeless."""
        for name in self.engines.revive():
            self.say(f"{name} had ended and was started again")
        for child in self.children:
            if not child.alive():
                self._fallen(child)

    def _fallen(self, child: Child) -> None:
        now = time.monotonic()
        if child.start_again_at:
            if now >= child.start_again_at:
                self._start(child)
            return
        child.falls = 1 if now - child.started_at > CALM else child.falls + 1
        if child.falls >= (FALLS_LATER if self.was_ready else FALLS_AT_START):
            raise Unavailable(
                f"The process “{child.name}” does not stay up ({self.last_words(child)}): "
                f"see {self.log_of(child)}"
            )
        pause = min(FIRST_PAUSE * 2 ** (child.falls - 1), LONGEST_PAUSE)
        child.start_again_at = now + pause
        self.say(f"{child.name} ended ({self.last_words(child)}); again in {pause:.1f} s")

    def last_words(self, child: Child) -> str:
        """The last line a child wrote since it started."""
        with self.log_of(child).open("rb") as source:
            source.seek(child.log_start)
            lines = source.read().decode(errors="replace").strip().splitlines()
        code = child.process.poll() if child.process else None
        return lines[-1][:300] if lines else f"code {code}, no word from it"

    def wait(self, seconds: float) -> None:
        """Look at everything for so long, or until told to stop."""
        limit = time.monotonic() + seconds
        while not self.stopping and time.monotonic() < limit:
            self.look()
            time.sleep(LOOK)

    def run(self) -> None:
        """Look at everything until told to stop."""
        while not self.stopping:
            self.wait(3600.0)

    def stop(self) -> None:
        """Stop every child, stage by stage, then the engines. Nothing else is touched."""
        limit = time.monotonic() + STOP_WITHIN
        for stage in sorted({child.stage for child in self.children}):
            group = [each for each in self.children if each.stage == stage and each.alive()]
            for child in group:
                self._order(child, signal.SIGTERM)
            for child in group:
                self._await_end(child, limit)
        self.engines.stop()

    def _await_end(self, child: Child, limit: float) -> None:
        if child.process is None:
            return
        try:
            child.process.wait(max(0.1, limit - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.say(f"{child.name} does not stop and is ended by force")
            # Its own session, made by us: its helpers go with it.
            os.killpg(child.process.pid, signal.SIGKILL)
            child.process.wait(FORCE_WITHIN)

    def _order(self, child: Child, order: int) -> None:
        if child.process is not None:
            child.process.send_signal(order)
