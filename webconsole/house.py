"""The house a verb works in: the engines running, and the process knowing where they are."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from registry.kit import engines
from registry.kit.engines import Engines
from registry.kit.settings import settings
from webconsole import logs


@contextmanager
def open_(*, as_owner: bool = False) -> Iterator[Engines]:
    """Engines of our own, or those that already run, for the time of the block.

    The owner of the tables changes what they are; everything else works as a role that owns none.
    """
    with engines.running(settings()) as running:
        use(running, as_owner=as_owner)
        logs.configure(settings())
        yield running


def use(running: Engines, *, as_owner: bool = False) -> None:
    """Let this process and its children find the engines."""
    os.environ.update(environment(running, as_owner=as_owner))
    settings.cache_clear()


def environment(running: Engines, *, as_owner: bool = False) -> dict[str, str]:
    """What another process must be told to use the same house."""
    return {
        "CENTRALE_HOME": str(settings().home.absolute()),
        "CENTRALE_DATABASE_URL": running.database_url if as_owner else running.app_url,
        # Who only works there is not told how the owner comes in.
        "CENTRALE_DATABASE_OWNER_URL": running.database_url if as_owner else "",
        "CENTRALE_REDIS_URL": running.redis_url,
    }


def verb(*words: str) -> tuple[str, ...]:
    """The command line of one of our own verbs, on this Python and this code."""
    return (sys.executable, "-P", "-m", "webconsole.cli", *words)
