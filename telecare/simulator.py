"""Simulated home units for the sample town: they press, fall, report faults and signs of life.

They speak SIA DC-09 over TCP with the receiver like any unit, plain or encrypted, and repeat what
is not acknowledged.
"""

import heapq
import random
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from registry.kit import clock
from telecare.protocols.dc09_crypto import encrypt, timestamp
from telecare.protocols.dc09_frames import Dc09Framer, wrap

MEAN_PAUSE = 40.0  # seconds between two events of the whole town, on average
HEARTBEAT = 90.0  # seconds, for units without a period of their own
PATIENCE = 5.0  # seconds for an answer
REPEAT_AFTER = 6.0  # seconds
REPEATS = 30
CANCELS = 0.2  # of the presses: the person says at once that it was nothing
LONGEST_SEQUENCE = 9999

# Contact ID codes and how often they come.
EVENTS = (("1101", 50), ("1103", 14), ("1100", 6), ("1102", 5), ("1111", 2), ("1302", 6),
          ("1301", 6), ("1384", 5), ("1602", 6))  # fmt: skip
# What is over some minutes after it began.
OVER = {"1301": "3301", "1302": "3302", "1384": "3384"}

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Home:
    """A unit as the archive knows it: without a key it speaks in plain."""

    account: str
    key: bytes | None = None
    heartbeat_s: int = 0


@dataclass(order=True)
class _Due:
    """What a unit does next, and when."""

    at: float
    order: int
    unit: "Unit" = field(compare=False)
    code: str = field(compare=False)


@dataclass
class Unit:
    """One home unit with its own numbering."""

    home: Home
    sequence: int = 0

    def number(self) -> None:
        """Take the next number for a new event."""
        self.sequence = self.sequence % LONGEST_SEQUENCE + 1

    def frame(self, code: str) -> bytes:
        """An event under the present number, or a link test for an empty code.

        Made anew for each repeat: an encrypted frame carries the time.
        """
        if not code:
            return wrap(self._body(b"NULL", b"0000", b""))
        block = b"#%b|%b 01 001" % (self.home.account.encode(), code.encode())
        return wrap(self._body(b"ADM-CID", b"%04d" % self.sequence, block))

    def _body(self, token: bytes, sequence: bytes, block: bytes) -> bytes:
        account = self.home.account.encode()
        if self.home.key is None:
            return b'"%b"%bL0#%b[%b]' % (token, sequence, account, block)
        inside = (b"|" + block if block else b"") + b"]" + timestamp(clock.now())
        return b'"*%b"%bL0#%b[%b' % (token, sequence, account, encrypt(self.home.key, inside))


def send(host: str, port: int, frame: bytes) -> bytes:
    """Send one frame on a connection of its own; the body of the answer. Raises OSError."""
    framer = Dc09Framer()
    with socket.create_connection((host, port), timeout=PATIENCE) as line:
        line.sendall(frame)
        while True:
            data = line.recv(4096)
            if not data:
                raise ConnectionError("hung up without an answer")
            for cut in framer.feed(data):
                return cut.body


def deliver(host: str, port: int, unit: Unit, code: str, stop: threading.Event) -> bool:
    """Send an event, repeated as panels do; False when nobody ever acknowledged it."""
    if code:
        unit.number()
    for _ in range(REPEATS):
        try:
            if b'ACK"' in send(host, port, unit.frame(code))[:8]:
                return True
        except OSError as error:
            log.info("simulator.unanswered", reason=type(error).__name__)
        if stop.wait(REPEAT_AFTER):
            return False
    return False


def run(
    homes: Sequence[Home],
    host: str,
    port: int,
    seed: int = 1,
    *,
    stop: threading.Event | None = None,
    mean_pause: float = MEAN_PAUSE,
) -> None:
    """Let the homes live until told to stop. The same seed makes the same events in one order."""
    stop = stop or threading.Event()
    chance = random.Random(seed)  # noqa: S311 - a play, not a secret
    town = Town([Unit(home) for home in homes], chance, mean_pause)
    while not stop.is_set():
        due = town.next()
        if stop.wait(max(0.0, due.at - time.monotonic())):
            break
        if not deliver(host, port, due.unit, due.code, stop) and not stop.is_set():
            log.warning("simulator.given_up", repeats=REPEATS)
        town.after(due)


class Town:
    """Who does what next."""

    def __init__(self, units: Sequence[Unit], chance: random.Random, mean_pause: float) -> None:
        self._units = units
        self._chance = chance
        self._pause = mean_pause
        self._due: list[_Due] = []
        self._number = 0
        for unit in units:
            self._plan(chance.uniform(0, unit.home.heartbeat_s or HEARTBEAT), unit, "")
        self._next_event(first=True)

    def next(self) -> _Due:
        return heapq.heappop(self._due)

    def after(self, done: _Due) -> None:
        """Plan what follows from what was done."""
        if not done.code:
            self._plan(done.unit.home.heartbeat_s or HEARTBEAT, done.unit, "")
            return
        if done.code in OVER:
            self._plan(self._chance.uniform(60, 600), done.unit, OVER[done.code])
        if done.code == "1101" and self._chance.random() < CANCELS:
            self._plan(self._chance.uniform(3, 10), done.unit, "1406")
        if done.code in dict(EVENTS):
            self._next_event()

    def _next_event(self, *, first: bool = False) -> None:
        codes, weights = zip(*EVENTS, strict=True)
        pause = self._chance.expovariate(1 / self._pause)
        unit = self._chance.choice(self._units)
        code = "1101" if first else self._chance.choices(codes, weights)[0]
        self._plan(min(pause, 3 * self._pause), unit, code)

    def _plan(self, wait: float, unit: Unit, code: str) -> None:
        self._number += 1
        heapq.heappush(self._due, _Due(time.monotonic() + wait, self._number, unit, code))
