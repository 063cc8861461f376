"""Processes of the house that are there at once: forked from one that has read the code already.

Reading the code takes seconds; with the nursery it is read once for all of them, they share what
was read, and one that fell is back in a fraction of a second. The nursery is the standard library's
fork server: it has no threads and no connections, and when it ends its children live on.
"""

import contextlib
import io
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from multiprocessing import connection, forkserver
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import psutil
import setproctitle

UNKNOWN = 255  # the code of a child that the nursery did not outlive
BETWEEN = 5.0  # seconds for the kernel to clear away a nursery that ended
LOOK = 0.05  # seconds between two looks at such a child

First = Callable[[], None] | None
Given = tuple[tuple[str, ...], Mapping[str, str], Path, First]

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["webconsole.loaded"])


class Forked:
    """A process of the nursery, asked as one asks a `subprocess.Popen`."""

    def __init__(self, told: ForkServerProcess) -> None:
        self._told = told
        self._seen = psutil.Process(told.pid)
        self.pid = self._seen.pid

    def poll(self) -> int | None:
        """The code it ended with, or None. 255 when the nursery ended before it and cannot say."""
        code = self._told.exitcode
        return None if code == UNKNOWN and self._lives() else code

    def _lives(self) -> bool:
        try:
            return self._seen.is_running() and self._seen.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    def wait(self, timeout: float = 10.0) -> int:
        """Wait until it has ended; raises subprocess.TimeoutExpired after so many seconds."""
        limit = time.monotonic() + timeout
        self._told.join(timeout)
        while (code := self.poll()) is None:
            if time.monotonic() > limit:
                raise subprocess.TimeoutExpired(self._told.name, timeout)
            time.sleep(LOOK)
        return code

    def send_signal(self, order: int) -> None:
        """Nothing happens when it has ended."""
        with contextlib.suppress(psutil.NoSuchProcess):
            self._seen.send_signal(order)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def prepare() -> None:
    """Begin to read the code, and do not wait for it."""
    forkserver.ensure_running()


def fork(
    words: tuple[str, ...],
    environment: Mapping[str, str],
    log: Path,
    first: First = None,
) -> Forked:
    """`centrale WORDS` in exactly this environment, its output appended to `log`.

    It ends when the process that asked for it ends. `first` is done there before anything else.
    """
    log.touch()  # whoever waits for a word may look at once
    given = (words, dict(environment), log, first)
    limit = time.monotonic() + BETWEEN
    while True:
        try:
            return _fork(given)
        except (EOFError, OSError):  # the nursery ended just now, and the next one has not begun
            if time.monotonic() > limit:
                raise
            time.sleep(LOOK)


def _fork(given: Given) -> Forked:
    process = _forks.Process(target=_run, args=given, name=given[0][0], daemon=True)
    process.start()
    return Forked(process)


def _run(
    words: tuple[str, ...],
    environment: Mapping[str, str],
    log: Path,
    first: First,
) -> None:
    from webconsole import cli, loaded  # noqa: PLC0415 - read by the nursery, not by who asks it

    os.setsid()  # Ctrl-C is for who asked; we are stopped in order
    loaded.heed_orders()
    os.environ.clear()
    os.environ.update(environment)
    _write_to(log)
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    sys.argv = ["centrale", *words]
    setproctitle.setproctitle(" ".join(sys.argv))
    if first is not None:
        first()
    cli.main()


def _write_to(log: Path) -> None:
    with log.open("ab") as sink, Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
        os.dup2(sink.fileno(), 1)
        os.dup2(sink.fileno(), 2)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(write_through=True)


def _end_with_parent() -> None:
    if (parent := multiprocessing.parent_process()) is not None:
        connection.wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)
