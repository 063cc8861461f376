"""Waiting for what another process or another worker has to do first."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


def eventually(true: Callable[[], Any], *, within: float = 30.0) -> Any:
    """What `true` answers as soon as it is truthy. It waits for other processes, not for time."""
    limit = time.monotonic() + within
    while not (found := true()):
        assert time.monotonic() < limit, f"nothing for {within} s"
        time.sleep(0.05)
    return found


def apart(work: Callable[..., T], *given: Any) -> T:
    """Call it in a thread of its own: where a browser was opened, its loop runs in ours."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work, *given).result()
