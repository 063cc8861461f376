"""One receiver process on the real database, shared by the gates of a file."""

import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import pytest

from telecare.receivers import lines, main
from tests import processes
from tests.conftest import empty
from tests.gates.kill_house import free_port
from tests.waiting import eventually

START_WITHIN = 40.0  # seconds, on a busy machine

Receiver = Callable[..., int]


@pytest.fixture(scope="module")
def receiver(_database: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    """`receiver()` starts a process and is its port; `before` is said to it first."""
    raise_limit()
    folder = tmp_path_factory.mktemp("receivers")
    with ExitStack() as stack:
        yield lambda before="pass": stack.enter_context(Process(folder, before)).port
    empty()


def serve(before: str = "pass") -> None:
    """Be a receiver with all its doors."""
    raise_limit()
    exec(before, {"lines": lines})  # noqa: S102 - our own words
    main.serve()


class Process:
    """A receiver of its own, on ports that were free a moment ago."""

    def __init__(self, folder: Path, before: str) -> None:
        self.port = free_port()
        self._log = folder / f"{self.port}.log"
        self._before = before

    def __enter__(self) -> Self:
        told = {"CENTRALE_DC09_PORT": str(self.port), "CENTRALE_SIP_PORT": str(free_port())}
        self._process = processes.apart(serve, self._before, log=self._log, told=told)
        eventually(lambda: "receivers.ready" in self._log.read_text(), within=START_WITHIN)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def raise_limit() -> None:
    """Thousands of sockets need as many open files; each process raises its own limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = hard if hard != resource.RLIM_INFINITY else 65_536
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(wanted, 65_536)), hard))
