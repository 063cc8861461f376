"""The house a verb works in: the engines running, and the process knowing where they are."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from registry.kit import engines
from registry.kit.engines import Engines
from registry.kit.settings import settings
from webconsole import logs


@contextmanager
def open_() -> Iterator[Engines]:
    """Engines of our own, or those that already run, for the time of the block."""
    with engines.running(settings()) as running:
        use(running)
        logs.configure(settings())
        yield running


def use(running: Engines) -> None:
    """Let this process and its children find the engines."""
    os.environ.update(environment(running))
    settings.cache_clear()


def environment(running: Engines) -> dict[str, str]:
    """What another process must be told to use the same house."""
    return {
        "CENTRALE_HOME": str(settings().home.absolute()),
        "CENTRALE_DATABASE_URL": running.database_url,
        "CENTRALE_REDIS_URL": running.redis_url,
    }
