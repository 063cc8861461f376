"""The door of a protocol that needs nothing but TCP lines, plain or in TLS."""

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog
from typing_extensions import override

from telecare.batch import Book, Received
from telecare.ingest import Ingest
from telecare.protocols.base import AlarmProtocol
from telecare.receivers.door import Door, or_unavailable
from telecare.receivers.lines import Connection, Elsewhere, Lines, close_all, silence

BACKLOG = 1024
HANDSHAKE_WITHIN = 10.0  # seconds

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Port:
    """One port of a door: 0 is any; with a certificate it speaks TLS."""

    number: int
    setting: str
    certificate: Path | None = None
    key: Path | None = None

    @property
    def path(self) -> str:
        return "tls" if self.certificate else "tcp"

    def context(self) -> ssl.SSLContext | None:
        if self.certificate is None:
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context


class LineDoor(Door):
    """The TCP and TLS ports of one protocol."""

    def __init__(
        self,
        protocol: AlarmProtocol,
        ports: Sequence[Port],
        ingest: Ingest,
        book: Book,
        *,
        elsewhere: Elsewhere = silence,
        most: int,
    ) -> None:
        self._ports = ports
        self._servers: list[asyncio.Server] = []

        def key_of(account: str) -> bytes | None:
            known = book.get((protocol.name, account.upper()))
            return known.key if known else None

        self.lines = Lines(protocol, ingest, key_of, elsewhere=elsewhere, most=most)

    @property
    @override
    def protocol(self) -> AlarmProtocol:
        return self.lines.protocol

    @override
    async def open(self, host: str) -> None:
        for port in self._ports:
            await or_unavailable(self._listen(host, port), host, port.number, port.setting)

    async def _listen(self, host: str, port: Port) -> None:
        context = port.context()
        server = await asyncio.get_running_loop().create_server(
            lambda: Connection(self.lines, port.path),
            host,
            port.number,
            backlog=BACKLOG,
            ssl=context,
            ssl_handshake_timeout=HANDSHAKE_WITHIN if context else None,
        )
        self._servers.append(server)
        log.info("receivers.ready", port=self.numbers[-1], protocol=self.protocol.name)

    @property
    def numbers(self) -> list[int]:
        """The ports that are open, in the order planned."""
        return [int(each.sockets[0].getsockname()[1]) for each in self._servers]

    @override
    def answer(self, group: Sequence[Received]) -> None:
        self.lines.answer(group)

    @override
    def leave(self, group: Sequence[Received]) -> None:
        self.lines.leave(group)

    @override
    def sweep(self) -> None:
        self.lines.sweep()

    @override
    def figures(self) -> Mapping[str, float]:
        figures: dict[str, float] = {
            "connections": len(self.lines.open),
            "held_back": len(self.lines.held_back),
        }
        prefix = self.protocol.name.replace("-", "_")
        return {f"{prefix}_{name}": value for name, value in (figures | self.lines.counted).items()}

    @override
    def close(self) -> None:
        for server in self._servers:
            server.close()
        close_all(self.lines.open)
