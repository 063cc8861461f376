"""What a process has one of, made at first use, though two threads ask first at one moment."""

import threading
from collections.abc import Callable
from functools import lru_cache
from typing import Generic, TypeVar

T = TypeVar("T")


class Single(Generic[T]):
    """A function without arguments that makes its thing once.

    `lru_cache` alone lets both threads make one: the loser's connections stay open, in a pool
    that nobody knows of, until the garbage is collected.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self.__doc__ = make.__doc__
        self._made = lru_cache(maxsize=1)(make)
        self._making = threading.Lock()
        self.cache_clear = self._made.cache_clear
        self.cache_info = self._made.cache_info

    def __call__(self) -> T:
        with self._making:
            return self._made()
