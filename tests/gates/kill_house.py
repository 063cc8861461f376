"""The house of the kill gate: engines, receiver, apps' door and broker, and what kills them."""

import random
import socket
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import psutil

from registry.kit.engines import Engines
from registry.kit.settings import settings
from telecare.receivers import main
from tests import processes
from tests.gates import apps
from tests.telecare import app_door
from webconsole.nursery import Forked

# How often each is killed as against the others.
TARGETS = {"receiver": 8, "apps": 3, "postgres": 4, "backend": 4, "valkey": 2, "broker": 2}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class House:
    """Real engines with fsync on, and one process of each kind that takes signals."""

    def __init__(
        self, running: Engines, home: Path, chance: random.Random, tokens: Sequence[str]
    ) -> None:
        self.running = running
        self.tokens = tokens  # of the apps
        self.chance = chance
        self.port, self.sos_port, self.lines_port = free_port(), free_port(), free_port()
        self.apps_port = free_port()
        self.broker = apps.broker_in(home)
        self.killed: Counter[str] = Counter()
        self._environment = self._told()
        self._log = home / "receiver.log"
        self._begin: dict[str, Callable[[], None]] = {
            "receiver": main.serve,
            "apps": partial(app_door.serve, self.apps_port),
        }
        self._processes = {name: self._start(name) for name in self._begin}

    def _told(self) -> dict[str, str]:
        told = {
            "CENTRALE_HOME": str(settings().home),  # where the keys of this test are
            "CENTRALE_DATABASE_URL": self.running.database_url,
            "CENTRALE_REDIS_URL": self.running.redis_url,
            "CENTRALE_DC09_PORT": str(self.port),
            "CENTRALE_SIP_PORT": str(free_port()),
            "CENTRALE_SOS_ACCESS_PORT": str(self.sos_port),
            "CENTRALE_RECEIVER_LINES_PORT": str(self.lines_port),
        }
        if self.broker is not None:
            told["CENTRALE_MQTT_URL"] = f"mqtt://127.0.0.1:{self.broker.port}"
        return told

    def _start(self, name: str) -> Forked:
        return processes.apart(self._begin[name], log=self._log, told=self._environment)

    def kill_something(self) -> str:
        targets = TARGETS if self.broker is not None else TARGETS | {"broker": 0}
        target = self.chance.choices(list(targets), list(targets.values()))[0]
        ways: dict[str, Callable[[], None]] = {
            "backend": self._kill_a_backend,
            "broker": self._kill_the_broker,
            "receiver": lambda: self._kill_a_process("receiver"),
            "apps": lambda: self._kill_a_process("apps"),
        }
        ways.get(target, lambda: self._kill_an_engine(target))()
        self.killed[target] += 1
        return target

    def _kill_a_process(self, name: str) -> None:
        self._processes[name].kill()
        self._processes[name].wait()
        self._processes[name] = self._start(name)

    def _kill_an_engine(self, name: str) -> None:
        self.running.servers[name].process.kill()
        self.running.servers[name].process.wait()
        self.running.revive()

    def _kill_the_broker(self) -> None:
        assert self.broker is not None
        self.broker.kill()
        self.broker.start()

    def _kill_a_backend(self) -> None:
        """A crash inside PostgreSQL: its postmaster recovers by itself."""
        postmaster = psutil.Process(self.running.servers["postgres"].process.pid)
        backends = [
            each for each in postmaster.children() if "centrale" in " ".join(each.cmdline())
        ]
        if backends:
            self.chance.choice(backends).kill()

    def stop(self) -> None:
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            process.wait(30)
        if self.broker is not None:
            self.broker.stop()
