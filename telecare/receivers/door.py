"""What the receiving process needs of a door: a protocol with its own sockets."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from telecare.batch import Book, Received
from telecare.ingest import Ingest
from telecare.protocols.base import AlarmProtocol


class Door(Protocol):
    """Opened once, in the event loop; everything else is called there too."""

    @property
    def protocol(self) -> AlarmProtocol:
        """What is spoken here."""

    async def open(self, host: str) -> None:
        """Listen. Raises Unavailable when a port is taken."""

    def answer(self, group: Sequence[Received]) -> None:
        """These are committed: let their answers out."""

    def sweep(self) -> None:
        """Close what is slow, idle or hopeless; called every few seconds."""

    def figures(self) -> Mapping[str, float]:
        """Counters since the start and what is open now, by names of its own."""

    def close(self) -> None:
        """Hang up everywhere."""


MakeDoor = Callable[[Ingest, Book], Door]


class Allowance:
    """So many a second and no more, as for what is kept of nonsense."""

    def __init__(self, a_second: float) -> None:
        self._most = a_second
        self._left = a_second
        self._at = time.monotonic()

    def take(self) -> bool:
        now = time.monotonic()
        self._left = min(self._most, self._left + (now - self._at) * self._most)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
