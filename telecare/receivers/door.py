"""What the receiving process needs of a door: a protocol with its own sockets."""

import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Protocol

from registry.kit.errors import Unavailable
from telecare.batch import Book, Received
from telecare.ingest import Ingest
from telecare.protocols.base import AlarmProtocol


class Door(Protocol):
    """Opened once, in the event loop; everything else is called there too."""

    @property
    def protocol(self) -> AlarmProtocol:
        """What is spoken here."""

    @property
    def protocols(self) -> Sequence[AlarmProtocol]:
        """All that is spoken here, where it is more than one."""
        return (self.protocol,)

    async def open(self, host: str) -> None:
        """Listen. Raises Unavailable when a port is taken."""

    def answer(self, group: Sequence[Received]) -> None:
        """These are committed: let their answers out."""

    def leave(self, group: Sequence[Received]) -> None:
        """These could not be stored: a door whose protocol has a word for it says so."""
        del group  # most have none: the units hear nothing, and try again or elsewhere

    def sweep(self) -> None:
        """Close what is slow, idle or hopeless; called every few seconds."""

    def figures(self) -> Mapping[str, float]:
        """Counters since the start and what is open now, by names of its own."""

    def close(self) -> None:
        """Hang up everywhere."""


MakeDoor = Callable[[Ingest, Book], Door]

# Senders counted, from which on those at rest are forgotten.
MOST_SENDERS = 50_000


async def or_unavailable(
    opening: Coroutine[None, None, object], host: str, port: int, setting: str
) -> None:
    """Open a port; say which setting moves it when another program has it."""
    try:
        await opening
    except OSError as error:
        raise Unavailable(
            "Port %(port)s on %(host)s is taken by another program: stop it, or set "
            "%(setting)s to another port",
            port=port,
            host=host,
            setting=setting,
        ) from error


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


class Shares:
    """How many each sender may send: `burst` at once, then one `every` so many seconds.

    Counted in the memory of one process: it is there to stop a mad device, and must never delay
    a press by a round trip.
    """

    def __init__(self, *, burst: int, every: float) -> None:
        self._burst = burst
        self._every = every
        self._used_until: dict[str, float] = {}

    def wait(self, sender: str) -> float:
        """Take one; 0, or the seconds after which one can be had."""
        now = time.monotonic()
        begins = max(self._used_until.get(sender, now), now)
        wait = begins - now - self._every * (self._burst - 1)
        if wait > 0:
            return wait
        if len(self._used_until) >= MOST_SENDERS:
            self._used_until = {
                name: until for name, until in self._used_until.items() if until > now
            }
        self._used_until[sender] = begins + self._every
        return 0.0
