"""SIP transactions (RFC 3261, 17): a question repeated gets its answer again; ours is repeated."""

import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

T1 = 0.5  # seconds
T2 = 4.0
# 64 * T1, how long a question is repeated, and the time in which we store before we answer.
ANSWERS_LIVE = 32.0 + 8.0
GIVE_UP = 32.0
MOST_ANSWERS = 100_000

Key = tuple[str, ...]


class Flow(Protocol):
    """The way to a unit: a connection, or a UDP address as seen from our socket."""

    transport: str
    """`udp`, `tcp` or `tls`."""
    host: str
    port: int
    local: str
    """Our own `host:port` on this way."""

    @property
    def alive(self) -> bool:
        """Whether something can still be sent."""

    def send(self, data: bytes) -> None:
        """Send, or do nothing when it is too late."""


@dataclass(slots=True)
class Answer:
    """What was answered to a request; None while that is not decided."""

    ends: float
    said: bytes | None = None


class Answers:
    """The server side: requests of the last 32 s, with what was answered."""

    def __init__(self) -> None:
        self._known: dict[Key, Answer] = {}
        # In the order they came: to look for the first of a dict whose first are gone is slow.
        self._in_order: deque[Key] = deque()

    def __len__(self) -> int:
        return len(self._known)

    def recall(self, key: Key) -> Answer | None:
        return self._known.get(key)

    def expect(self, key: Key, now: float) -> Answer:
        """A new request: its repeats are the same from now on."""
        answer = self._known[key] = Answer(now + ANSWERS_LIVE)
        self._in_order.append(key)
        if len(self._in_order) > MOST_ANSWERS:
            del self._known[self._in_order.popleft()]
        return answer

    def forget(self, now: float) -> None:
        """Drop what no client repeats any more; the oldest come first."""
        while self._in_order and self._known[self._in_order[0]].ends <= now:
            del self._known[self._in_order.popleft()]


@dataclass(slots=True)
class Asked:
    """A request of ours that waits for its answer."""

    flow: Flow
    data: bytes
    ends: float
    pause: float = T1
    ended: Callable[[int], None] | None = None


@dataclass(slots=True)
class Questions:
    """The client side: what we sent and what came of it, told as a status code (408: nothing)."""

    waiting: dict[str, Asked] = field(default_factory=dict)
    _due: list[tuple[float, str]] = field(default_factory=list)

    def ask(
        self,
        branch: str,
        flow: Flow,
        data: bytes,
        now: float,
        ended: Callable[[int], None] | None = None,
    ) -> None:
        """Send a request, again and again over UDP until it is answered."""
        asked = self.waiting[branch] = Asked(flow, data, now + GIVE_UP, ended=ended)
        flow.send(data)
        heapq.heappush(self._due, (now + asked.pause, branch))

    def answered(self, branch: str, code: int) -> bool:
        """A final answer ends the asking; False for what answers nothing of ours."""
        if code < 200:  # noqa: PLR2004 - provisional
            return branch in self.waiting
        asked = self.waiting.pop(branch, None)
        if asked is not None and asked.ended is not None:
            asked.ended(code)
        return asked is not None

    def repeat(self, now: float) -> None:
        """Send again what is due, and give up what is too old."""
        while self._due and self._due[0][0] <= now:
            _, branch = heapq.heappop(self._due)
            asked = self.waiting.get(branch)
            if asked is None:
                continue
            if now >= asked.ends or not asked.flow.alive:
                self.answered(branch, 408)
                continue
            if asked.flow.transport == "udp":
                asked.flow.send(asked.data)
                asked.pause = min(2 * asked.pause, T2)
            heapq.heappush(self._due, (min(now + asked.pause, asked.ends), branch))
