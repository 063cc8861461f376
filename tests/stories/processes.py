"""Processes of the house that are there at once: forked from one that has read the code already."""

import multiprocessing
import os
import sys
from collections.abc import Callable, Mapping
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from webconsole import cli

Running = ForkServerProcess

# What the verbs of a running house load.
CODE = [f"webconsole.{cli.VERBS[name].module}" for name in ("web", "work", "sweep", "receive")]
CODE += ["webconsole.app", "celery.bin.celery", "uvicorn.protocols.http.auto"]

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(CODE)


def start(
    verb: str,
    environment: Mapping[str, str],
    log: Path,
    first: Callable[[], None] | None = None,
) -> Running:
    """`centrale VERB` with these settings, writing to `log`; `first` is done there before."""
    process = _forks.Process(target=_run, args=(verb, {**os.environ, **environment}, log, first))
    process.start()
    return process


def _run(
    verb: str, environment: Mapping[str, str], log: Path, first: Callable[[], None] | None
) -> None:
    os.environ.clear()
    os.environ.update(environment)
    with log.open("ab") as sink:
        os.dup2(sink.fileno(), sys.stdout.fileno())
        os.dup2(sink.fileno(), sys.stderr.fileno())
    sys.argv = ["centrale", verb]
    if first is not None:
        first()
    cli.main()
