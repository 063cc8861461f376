"""The SCAIP door: SIP over UDP, TCP and TLS, stored like everything else before it is answered."""

import asyncio
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog
from typing_extensions import override

from registry.kit import clock
from registry.kit.settings import Settings
from telecare.batch import Book, Received
from telecare.ingest import Ingest
from telecare.protocols.base import AlarmProtocol, Cut, Message, Verdict
from telecare.protocols.bs8521 import Bs8521
from telecare.protocols.scaip import Scaip
from telecare.protocols.sip_side import Exchange, SipSide
from telecare.protocols.sip_transactions import Flow
from telecare.receivers.door import Allowance, Door, MakeDoor, or_unavailable
from telecare.receivers.sip_flows import Connections, SipConnection, SipDatagrams

BACKLOG = 4096
MOST_CONNECTIONS = 12_000
# Messages waiting for a commit, from which on nothing more is read, and again read.
HIGH_WATER = 2048
LOW_WATER = 512
TICK = 0.1  # seconds
# Refused messages stored a second; beyond that they are only counted.
REFUSED_STORED = 50
HANDSHAKE_WITHIN = 10.0  # seconds
# Datagrams of a burst that wait for us to read them.
UDP_BUFFER = 8 * 1024 * 1024  # bytes

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class SipPlan:
    """Where to listen and what to say; port 0 is any, without a certificate there is no TLS."""

    port: int
    tls_port: int = 0
    certificate: Path | None = None
    key: Path | None = None
    domain: str = ""
    voice_number: str = ""


def from_settings(chosen: Settings) -> MakeDoor:
    """The door that this installation wants."""
    plan = SipPlan(
        port=chosen.sip_port,
        tls_port=chosen.sip_tls_port,
        certificate=chosen.tls_certificate,
        key=chosen.tls_key,
        domain=chosen.sip_domain,
        voice_number=chosen.sip_voice_number,
    )
    return lambda ingest, book: SipDoor(plan, ingest, book)


class SipDoor(Door):
    """The sockets, and what goes between them and the writer."""

    def __init__(self, plan: SipPlan, ingest: Ingest, book: Book) -> None:
        self.port = plan.port
        self._plan = plan
        self._ingest = ingest
        self._scaip = Scaip(plan.voice_number)
        self._connections = Connections(MOST_CONNECTIONS)
        self._allowance = Allowance(REFUSED_STORED)
        self._servers: list[asyncio.Server] = []
        self._udp: asyncio.DatagramTransport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._dropped = 0

        names = (self._scaip.name, Bs8521.name)

        def key_of(account: str) -> bytes | None:
            found = (book.get((name, account)) for name in names)
            return next((known.key for known in found if known is not None), None)

        def knows(account: str) -> bool:
            return any((name, account) in book for name in names)

        self.side = SipSide(self._scaip, key_of, knows, self._take, plan.domain)

    @property
    @override
    def protocol(self) -> Scaip:
        return self._scaip

    @property
    @override
    def protocols(self) -> Sequence[AlarmProtocol]:
        return self.side.protocols

    @override
    async def open(self, host: str) -> None:
        await or_unavailable(self._open_plain(host), host, self._plan.port, "CENTRALE_SIP_PORT")
        plan = self._plan
        if plan.certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(plan.certificate, plan.key)
            opening = self._open_stream(host, plan.tls_port, "tls", context)
            await or_unavailable(opening, host, plan.tls_port, "CENTRALE_SIP_TLS_PORT")
        self._tick()
        log.info("receivers.ready", port=self.port, protocol=self._scaip.name)

    async def _open_plain(self, host: str) -> None:
        self.port = await self._open_stream(host, self._plan.port, "tcp", None)
        loop = asyncio.get_running_loop()
        self._udp, _ = await loop.create_datagram_endpoint(
            lambda: SipDatagrams(self._hear, self._is_too_full), local_addr=(host, self.port)
        )
        # The system gives as much of it as it is allowed to.
        opened = self._udp.get_extra_info("socket")
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, UDP_BUFFER)

    async def _open_stream(
        self, host: str, port: int, transport: str, context: ssl.SSLContext | None
    ) -> int:
        def connection() -> SipConnection:
            return SipConnection(self._hear, self._is_full, self._connections, transport)

        server = await asyncio.get_running_loop().create_server(
            connection,
            host,
            port,
            backlog=BACKLOG,
            ssl=context,
            ssl_handshake_timeout=HANDSHAKE_WITHIN if context else None,
        )
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    @property
    def tls_port(self) -> int:
        """The port of TLS once it is open."""
        return int(self._servers[-1].sockets[0].getsockname()[1])

    def _hear(self, cut: Cut, flow: Flow) -> bool:
        return self.side.received(cut, flow, time.monotonic(), clock.now())

    def _is_full(self) -> bool:
        return self._ingest.backlog >= HIGH_WATER

    def _is_too_full(self) -> bool:
        full = self._is_full()
        self._dropped += full
        return full

    def _take(self, cut: Cut, message: Message, flow: Flow, exchange: Exchange | None) -> None:
        """Hand a message to the writer; nonsense beyond the allowance is refused unstored."""
        now = clock.now()
        if message.verdict is not Verdict.GOOD and not self._allowance.take():
            self.side.counted["refused_unstored"] += 1
            if exchange is not None:
                self.side.stored(exchange, message, time.monotonic(), now)
            return
        peer = f"{flow.host}:{flow.port}"
        protocol = self.side.protocol_of(cut)
        self._ingest.put(Received(protocol, cut, message, flow.transport, peer, now, line=exchange))

    @override
    def answer(self, group: Sequence[Received]) -> None:
        now, at = time.monotonic(), clock.now()
        for each in group:
            if each.line is not None:
                self.side.stored(each.line, each.message, now, at)
        if self._connections.held_back and self._ingest.backlog < LOW_WATER:
            self._connections.go_on()

    def _tick(self) -> None:
        self.side.tick(time.monotonic(), clock.now())
        if self._connections.held_back and self._ingest.backlog < LOW_WATER:
            self._connections.go_on()
        self._timer = asyncio.get_running_loop().call_later(TICK, self._tick)

    @override
    def sweep(self) -> None:
        self._connections.sweep()

    @override
    def figures(self) -> Mapping[str, float]:
        figures: dict[str, float] = {
            "connections": len(self._connections.open),
            "held_back": len(self._connections.held_back),
            "refused_connections": self._connections.refused,
            "closed_slow": self._connections.closed_slow,
            "dropped_datagrams": self._dropped,
            "registered": len(self.side.registrar),
            "answers_kept": len(self.side.answers),
        }
        return {f"sip_{name}": value for name, value in (figures | self.side.counted).items()}

    @override
    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        for server in self._servers:
            server.close()
        if self._udp is not None:
            self._udp.close()
        self._connections.close()
