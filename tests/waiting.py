"""Waiting for what another process or another worker has to do first."""

import time
from collections.abc import Callable
from typing import Any


def eventually(true: Callable[[], Any], *, within: float = 15.0) -> Any:
    """What `true` answers as soon as it is truthy. It waits for other processes, not for time."""
    limit = time.monotonic() + within
    while not (found := true()):
        assert time.monotonic() < limit, f"nothing for {within} s"
        time.sleep(0.05)
    return found
