"""The lines of the alarm receivers: TCP connections and UDP datagrams of one protocol."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import cast

import structlog
from typing_extensions import override

from registry.kit import clock
from telecare.batch import Received
from telecare.ingest import Ingest
from telecare.protocols.base import AlarmProtocol, Cut, KeyOf, Message, Verdict

# A peer that has not sent one good frame by then is no home unit (slow-loris); so is one that
# begins a frame and does not end it.
FIRST_FRAME_WITHIN = 20.0  # seconds
# Units that keep their connection poll at least every 15 minutes (EN 50136, class DP1 backup).
IDLE_AT_MOST = 35 * 60.0  # seconds
MOST_CONNECTIONS = 12_000
# Frames waiting for a commit, from which on connections are read no further, and again read.
HIGH_WATER = 2048
LOW_WATER = 512
MOST_UNANSWERED = 64  # frames of one connection
# Broken frames stored a second; beyond that they are only counted.
BROKEN_STORED = 50

log = structlog.get_logger()

# What sends a unit to its second destination; None: our silence does.
Elsewhere = Callable[[Message, datetime], bytes | None]


def silence(_message: Message, _now: datetime) -> None:
    """Most protocols have no word for "I could not store it"."""


class Lines:
    """What all lines of one protocol share."""

    def __init__(
        self,
        protocol: AlarmProtocol,
        ingest: Ingest,
        key_of: KeyOf,
        *,
        elsewhere: Elsewhere = silence,
        most: int = MOST_CONNECTIONS,
    ) -> None:
        self.protocol = protocol
        self.ingest = ingest
        self.key_of = key_of
        self.elsewhere = elsewhere
        self.most = most
        self.open: set[Connection] = set()
        self.held_back: set[Connection] = set()
        self.counted: dict[str, int] = {}
        self._broken_left = float(BROKEN_STORED)
        self._broken_at = time.monotonic()

    def count(self, what: str) -> None:
        self.counted[what] = self.counted.get(what, 0) + 1

    def take(self, cut: Cut, path: str, peer: str, line: "Connection | Datagrams | None") -> bool:
        """Read a frame and hand it to the writer; False when it was broken."""
        now = clock.now()
        message = self.protocol.decode(cut, self.key_of, now)
        if message.verdict is Verdict.BROKEN:
            self.count(f"broken_{message.reason}")
            if self._may_store_broken():
                self.ingest.put(Received(self.protocol, cut, message, path, peer, now))
            return False
        if message.verdict is not Verdict.GOOD:
            self.count(f"refused_{message.reason}")
        self.ingest.put(Received(self.protocol, cut, message, path, peer, now, line))
        return True

    def _may_store_broken(self) -> bool:
        now = time.monotonic()
        self._broken_left = min(
            BROKEN_STORED, self._broken_left + (now - self._broken_at) * BROKEN_STORED
        )
        self._broken_at = now
        if self._broken_left < 1:
            return False
        self._broken_left -= 1
        return True

    def answer(self, group: Sequence[Received]) -> None:
        """Let the answers out, in the event loop, after the commit."""
        now = clock.now()
        for each in group:
            if each.line is None:
                continue
            if each.message.verdict is Verdict.GOOD:
                said: bytes | None = self.protocol.acknowledge(each.message, self.key_of, now)
            else:
                said = self.protocol.refuse(each.message, now)
            each.line.say(said, each.peer)
        self._read_on()

    def leave(self, group: Sequence[Received]) -> None:
        """These could not be stored: the units try again, or elsewhere."""
        now = clock.now()
        for each in group:
            if each.line is not None:
                each.line.say(self.elsewhere(each.message, now), each.peer)
        self._read_on()

    def _read_on(self) -> None:
        if self.held_back and self.ingest.backlog < LOW_WATER:
            for connection in list(self.held_back):
                connection.go_on()

    def sweep(self) -> None:
        """Close what is slow, idle or hopeless."""
        now = time.monotonic()
        for connection in [each for each in self.open if each.overdue(now)]:
            self.count("closed_slow")
            connection.close()


class Connection(asyncio.Protocol):
    """One TCP connection; frames may come in any pieces."""

    __slots__ = ("_framer", "_lines", "_path", "_patience", "_peer", "_transport", "_unanswered")

    def __init__(self, lines: Lines, path: str = "tcp") -> None:
        self._lines = lines
        self._path = path
        self._framer = lines.protocol.framer()
        self._unanswered = 0
        self._peer = ""
        self._transport: asyncio.Transport | None = None
        self._patience = time.monotonic() + FIRST_FRAME_WITHIN

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not of asyncio's class under uvloop, but of its shape.
        self._transport = tcp = cast("asyncio.Transport", transport)
        host, port = tcp.get_extra_info("peername")[:2]
        self._peer = f"{host}:{port}"
        if len(self._lines.open) >= self._lines.most:
            self._lines.count("refused_connections")
            tcp.abort()
            return
        self._lines.open.add(self)

    @override
    def data_received(self, data: bytes) -> None:
        lines = self._lines
        for cut in self._framer.feed(data):
            if lines.take(cut, self._path, self._peer, self):
                self._unanswered += 1
                self._patience = time.monotonic() + IDLE_AT_MOST
        if self._framer.hopeless:
            lines.count("closed_hopeless")
            self.close()
        elif self._unanswered >= MOST_UNANSWERED or lines.ingest.backlog >= HIGH_WATER:
            self._hold_back()
        elif self._framer.within_frame:
            self._patience = min(self._patience, time.monotonic() + FIRST_FRAME_WITHIN)

    def _hold_back(self) -> None:
        if self._transport is not None and self not in self._lines.held_back:
            self._lines.held_back.add(self)
            self._transport.pause_reading()

    def go_on(self) -> None:
        """Read again."""
        self._lines.held_back.discard(self)
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def say(self, answer: bytes | None, _peer: str) -> None:
        self._unanswered -= 1
        if answer is not None and self._transport is not None:
            self._transport.write(answer)

    def overdue(self, now: float) -> bool:
        return now > self._patience and not self._unanswered

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def hang_up(self) -> None:
        """Close once what has been said has left."""
        if self._transport is not None:
            self._transport.close()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._lines.open.discard(self)
        self._lines.held_back.discard(self)
        self._transport = None


class Datagrams(asyncio.DatagramProtocol):
    """The UDP side: each datagram is a stream of its own."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._transport: asyncio.DatagramTransport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    @override
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self._lines.ingest.backlog >= HIGH_WATER:
            self._lines.count("dropped_datagrams")  # unanswered: the unit sends it again
            return
        peer = f"{addr[0]}:{addr[1]}"
        for cut in self._lines.protocol.framer().feed(data):
            self._lines.take(cut, "udp", peer, self)

    def say(self, answer: bytes | None, peer: str) -> None:
        if answer is not None and self._transport is not None:
            host, _, port = peer.rpartition(":")
            self._transport.sendto(answer, (host, int(port)))


def close_all(connections: Iterable[Connection]) -> None:
    for connection in list(connections):
        connection.hang_up()
