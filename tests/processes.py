"""Other processes of a test, there at once: forked from the nursery, which has read the code."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from webconsole import nursery
from webconsole.nursery import Forked

WITHIN = 60.0  # seconds for a verb, on a busy machine


@dataclass(frozen=True)
class Said:
    """How a verb ended, and what it said."""

    returncode: int
    stdout: str
    stderr: str


def apart(
    target: Callable[..., None], *given: object, log: Path, told: Mapping[str, str] | None = None
) -> Forked:
    """`target(*given)` in a process of its own with our environment and what is told besides."""
    environment = {**os.environ, **(told or {})}
    return nursery.fork(("settings",), environment, log, first=partial(_only, target, *given))


def _only(target: Callable[..., None], *given: object) -> None:
    target(*given)
    sys.exit()


def centrale(*words: str, environment: Mapping[str, str], typed: str = "") -> Said:
    """A verb as somebody types it, in exactly this environment, with what they type afterwards."""
    with TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "typed").write_text(typed)
        child = nursery.fork(words, environment, place / "log", first=partial(_streams, place))
        code = child.wait(WITHIN)
        return Said(code, *((place / name).read_text() for name in ("stdout", "stderr")))


def _streams(place: Path) -> None:
    """Read what is typed, and keep apart what is said and what is complained of."""
    for number, (name, mode) in enumerate((("typed", "r"), ("stdout", "w"), ("stderr", "w"))):
        with (place / name).open(mode) as stream:
            os.dup2(stream.fileno(), number)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - it is open as long as the process
