"""What the built-in carrier keeps: legs, queues and conferences, as Twilio shows them."""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from callcenter.carriers.base import LegState


def new_sid(kind: str) -> str:
    """CA, CF, QU, SM and 32 hexadecimal digits."""
    return kind + secrets.token_hex(16)


class Interrupt(Exception):  # noqa: N818 - news that ends what a leg is doing, not an error
    """Something that ends the verb a leg is in."""


@dataclass
class Redirected(Interrupt):
    """The leg goes on with another document."""

    url: str
    fields: dict[str, str] = field(default_factory=dict)


class Kicked(Interrupt):
    """The conference ended, or somebody took the leg out of it."""


@dataclass
class HungUp(Interrupt):
    """The leg is over; `by_api` when we ended it, not the person."""

    by_api: bool = False


@dataclass(frozen=True, kw_only=True)
class Manners:
    """How the person behind a dialled number behaves; times in seconds."""

    answers_after: float | None = 3.0
    outcome: LegState = LegState.IN_PROGRESS
    talks_for: float | None = None


@dataclass(eq=False)
class Leg:
    """One leg of a call: a person, a line to them, and the document they are in."""

    from_: str
    to: str
    direction: str
    now: Callable[[], datetime]
    pace: float = 1.0
    sid: str = field(default_factory=lambda: new_sid("CA"))
    state: LegState = LegState.QUEUED
    parent_sid: str = ""
    params: dict[str, str] = field(default_factory=dict)
    status_url: str = ""
    status_events: frozenset[str] = frozenset({"completed"})
    sequence: int = 0
    started_at: datetime | None = None
    ended_at: datetime | None = None
    # Everything that was said or played to this person, for whoever looks.
    heard: list[str] = field(default_factory=list)
    # Keys that were pressed on this line for the machine at its end.
    tones: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.created_at = self.now()
        self._news: list[Interrupt] = []
        self._keys: list[str] = []
        self._listening = False
        self._awake = asyncio.Event()

    @property
    def over(self) -> bool:
        return self.state.over

    def interrupt(self, news: Interrupt) -> None:
        """Tell the leg; it hears at its next breath."""
        self._news.append(news)
        self._awake.set()

    def press(self, keys: str) -> None:
        self._keys.extend(keys)
        self._awake.set()

    def check(self) -> None:
        """Raise what has been told meanwhile; the end of the line comes before all else."""
        if self._news:
            ends = [each for each in self._news if isinstance(each, HungUp)]
            news = ends[0] if ends else self._news.pop(0)
            raise news

    def listen(self, on: bool) -> None:
        """From here on keys count: what was pressed before is forgotten, as it really is."""
        self._listening = on
        if on:
            self._keys.clear()

    async def wait(self, seconds: float | None) -> None:
        """Let time pass in the leg's world: until the end of it, a key or an interruption."""
        await self._until(lambda: self._listening and self.pressed, seconds)

    async def key(self, seconds: float) -> str:
        """The next key pressed within so many seconds, or nothing."""
        await self._until(lambda: bool(self._keys), seconds)
        return self._keys.pop(0) if self._keys else ""

    @property
    def pressed(self) -> bool:
        return bool(self._keys)

    async def _until(self, done: Callable[[], bool], seconds: float | None) -> None:
        loop = asyncio.get_running_loop()
        end = None if seconds is None else loop.time() + seconds / self.pace
        while True:
            self.check()
            if done():
                return
            left = None if end is None else end - loop.time()
            if left is not None and left <= 0:
                return
            self._awake.clear()
            try:
                await asyncio.wait_for(self._awake.wait(), left)
            except TimeoutError:
                continue


@dataclass(eq=False)
class Queue:
    """Callers in the order in which they came."""

    name: str
    max_size: int = 1000
    sid: str = field(default_factory=lambda: new_sid("QU"))
    callers: dict[str, tuple[Leg, datetime]] = field(default_factory=dict)
    waits: list[float] = field(default_factory=list)

    def position(self, leg: Leg) -> int:
        return list(self.callers).index(leg.sid) + 1

    @property
    def average_wait(self) -> int:
        return round(sum(self.waits) / len(self.waits)) if self.waits else 0


@dataclass(eq=False)
class Participant:
    """Somebody in a conference."""

    leg: Leg
    label: str = ""
    muted: bool = False
    held: bool = False
    starts: bool = True
    ends: bool = False
    coaching: bool = False


@dataclass(eq=False)
class Room:
    """A conference. Whoever enters first fixes where its events go."""

    name: str
    created_at: datetime
    sid: str = field(default_factory=lambda: new_sid("CF"))
    state: str = "init"
    url: str = ""
    events: frozenset[str] = frozenset()
    sequence: int = 0
    reason: str = ""
    people: dict[str, Participant] = field(default_factory=dict)

    def taken(self, label: str) -> bool:
        return bool(label) and any(each.label == label for each in self.people.values())
