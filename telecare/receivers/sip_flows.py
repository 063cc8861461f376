"""The ways on which units reach us by SIP: UDP addresses, TCP and TLS connections."""

import asyncio
import time
from collections.abc import Callable

from typing_extensions import override

from telecare.protocols.base import Cut
from telecare.protocols.sip_frames import SipFramer, datagram
from telecare.protocols.sip_transactions import Flow

# As for the other doors: a peer that says nothing good is no home unit.
FIRST_MESSAGE_WITHIN = 20.0  # seconds
IDLE_AT_MOST = 35 * 60.0  # seconds
# Bytes that a unit leaves unread before we take it for dead.
MOST_UNREAD = 256 * 1024
PONG = b"\r\n"

# Takes a message from a way; says whether it was worth listening to.
Hear = Callable[[Cut, Flow], bool]


class UdpFlow(Flow):
    """A unit's address as seen from our socket."""

    __slots__ = ("_socket", "host", "local", "port", "transport")

    def __init__(
        self, socket: asyncio.DatagramTransport, address: tuple[str, int], local: str
    ) -> None:
        self.transport = "udp"
        self.host, self.port = address[:2]
        self.local = local
        self._socket = socket

    @property
    @override
    def alive(self) -> bool:
        return not self._socket.is_closing()

    @override
    def send(self, data: bytes) -> None:
        if self.alive:
            self._socket.sendto(data, (self.host, self.port))


class SipDatagrams(asyncio.DatagramProtocol):
    """The UDP socket."""

    def __init__(self, hear: Hear, full: Callable[[], bool]) -> None:
        self._hear = hear
        self._full = full
        self._socket: asyncio.DatagramTransport | None = None
        self._local = ""

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._socket = transport  # type: ignore[assignment]  # uvloop's is of another class
        self._local = local_name(transport)

    @override
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self._socket is None or self._full():
            return  # unanswered: the unit sends it again
        cut = datagram(data)
        if cut is not None:
            self._hear(cut, UdpFlow(self._socket, addr, self._local))


class SipConnection(asyncio.Protocol, Flow):
    """One TCP or TLS connection; messages may come in any pieces."""

    def __init__(
        self, hear: Hear, full: Callable[[], bool], connections: "Connections", transport: str
    ) -> None:
        self.transport = transport
        self.host, self.port, self.local = "", 0, ""
        self._hear = hear
        self._full = full
        self._connections = connections
        self._framer = SipFramer()
        self._wire: asyncio.Transport | None = None
        self._known = False
        self._patience = time.monotonic() + FIRST_MESSAGE_WITHIN

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._wire = transport  # type: ignore[assignment]  # uvloop's is of another class
        self.host, self.port = transport.get_extra_info("peername")[:2]
        self.local = local_name(transport)
        if not self._connections.admit(self):
            self.hang_up()

    @override
    def data_received(self, data: bytes) -> None:
        good = False
        for cut in self._framer.feed(data):
            good = self._hear(cut, self) or good
        for _ in range(self._framer.pings):
            self.send(PONG)
        good = good or (self._known and self._framer.pings > 0)
        self._framer.pings = 0
        now = time.monotonic()
        if good:
            self._known = True
            self._patience = now + IDLE_AT_MOST
        elif self._framer.within_frame:
            self._patience = min(self._patience, now + FIRST_MESSAGE_WITHIN)
        if self._framer.hopeless and self._wire is not None:
            self._wire.close()  # what was answered still leaves
        elif self._full() and self._wire is not None:
            self._connections.held_back.add(self)
            self._wire.pause_reading()

    def go_on(self) -> None:
        """Read again."""
        if self._wire is not None and not self._wire.is_closing():
            self._wire.resume_reading()

    def overdue(self, now: float) -> bool:
        return now > self._patience

    @property
    @override
    def alive(self) -> bool:
        return self._wire is not None and not self._wire.is_closing()

    @override
    def send(self, data: bytes) -> None:
        if self._wire is None or self._wire.is_closing():
            return
        if self._wire.get_write_buffer_size() > MOST_UNREAD:
            self._wire.abort()
            return
        self._wire.write(data)

    def hang_up(self) -> None:
        if self._wire is not None:
            self._wire.abort()

    def close(self) -> None:
        """Once what has been said has left."""
        if self._wire is not None:
            self._wire.close()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.drop(self)
        self._wire = None


class Connections:
    """All that are open, and those that are read no further until the store has caught up."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.open: set[SipConnection] = set()
        self.held_back: set[SipConnection] = set()
        self.refused = 0
        self.closed_slow = 0

    def admit(self, connection: SipConnection) -> bool:
        if len(self.open) >= self._most:
            self.refused += 1
            return False
        self.open.add(connection)
        return True

    def drop(self, connection: SipConnection) -> None:
        self.open.discard(connection)
        self.held_back.discard(connection)

    def go_on(self) -> None:
        held, self.held_back = self.held_back, set()
        for connection in held:
            connection.go_on()

    def sweep(self) -> None:
        """Close what is slow, idle or hopeless."""
        now = time.monotonic()
        for connection in [each for each in self.open if each.overdue(now)]:
            self.closed_slow += 1
            connection.hang_up()

    def close(self) -> None:
        for connection in list(self.open):
            connection.close()


def local_name(transport: asyncio.BaseTransport) -> str:
    """Our own `host:port`; the answers come to where we send from in any case (RFC 3581)."""
    host, port = transport.get_extra_info("sockname")[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
