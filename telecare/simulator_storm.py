"""A storm: the mains fail in a whole province, and among the reports somebody presses a button.

Each unit sends one event, over TCP or UDP, and repeats it until it is acknowledged. For a house
that serves nobody real, on this machine only.
"""

import asyncio
import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

from typing_extensions import override

from telecare.protocols.dc09_frames import Dc09Framer, wrap

MAINS, PRESS = b"1301", b"1101"
PATIENCE = 4.0  # seconds for an answer


class StormUnit(NamedTuple):
    """A unit, by the protocol that it speaks."""

    protocol: str
    account: str


@dataclass(kw_only=True)
class Storm:
    """What is to be sent, and what has come of it. Moments are those of time.monotonic()."""

    units: Sequence[StormUnit]
    presses: frozenset[str]
    rate: float  # events a second
    sequence: int
    ends_within: float  # seconds after the last unit was due
    sent: int = 0
    acknowledged: int = 0
    again: int = 0
    began: float = 0.0
    ended: float = 0.0
    pressed_at: dict[str, float] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        return self.ended - self.began


class Line(ABC):
    """One socket, on which units of one protocol speak one after the other."""

    def __init__(self, host: str, port: int, kind: socket.SocketKind) -> None:
        self.kind = kind
        self.address = (host, port)
        self._socket: socket.socket | None = None

    @abstractmethod
    async def say(self, storm: Storm, account: str) -> bool:
        """Send the unit's event; whether it was acknowledged. Raises OSError."""

    @abstractmethod
    def opened(self) -> None:
        """A new socket: what was half heard on the old one is forgotten."""

    async def connect(self) -> None:
        if self._socket is None:
            self.opened()
            family = socket.AF_INET6 if ":" in self.address[0] else socket.AF_INET
            self._socket = socket.socket(family, self.kind)
            self._socket.setblocking(False)
            await asyncio.get_running_loop().sock_connect(self._socket, self.address)

    @property
    def own(self) -> tuple[str, int]:
        """Where we are, once connected."""
        if self._socket is None:
            raise ConnectionError("not connected")
        host, port = self._socket.getsockname()[:2]
        return str(host), int(port)

    async def send(self, data: bytes) -> None:
        if self._socket is None:
            raise ConnectionError("not connected")
        await asyncio.get_running_loop().sock_sendall(self._socket, data)

    async def hear(self) -> bytes:
        """What comes next. Raises ConnectionError when the other side has hung up."""
        if self._socket is None:
            raise ConnectionError("not connected")
        said = await asyncio.get_running_loop().sock_recv(self._socket, 65_536)
        if not said:
            raise ConnectionError("hung up")
        return said

    def hang_up(self) -> None:
        if self._socket is not None:
            with suppress(OSError):
                self._socket.close()
            self._socket = None


class Dc09Line(Line):
    """For units that speak SIA DC-09 with the codes of Contact ID, in plain."""

    @override
    def opened(self) -> None:
        self._framer = Dc09Framer()

    @override
    async def say(self, storm: Storm, account: str) -> bool:
        name, code = account.encode(), PRESS if account in storm.presses else MAINS
        await self.connect()
        body = b'"ADM-CID"%04dL0#%b[#%b|%b 00 001]' % (storm.sequence, name, name, code)
        await self.send(wrap(body))
        while True:
            for cut in self._framer.feed(await self.hear()):
                return cut.body.startswith(b'"ACK"%04d' % storm.sequence)


async def blow(storm: Storm, told: Mapping[str, Sequence[Line]]) -> None:
    """Send everything at its pace on these lines at once, by protocol; returns when all is done."""
    storm.began = time.monotonic()
    work: list[Awaitable[None]] = []
    for protocol, lines in told.items():
        own = [each for each in enumerate(storm.units) if each[1].protocol == protocol]
        due = iter(own)
        work += [_work(storm, due, line) for line in lines]
    await asyncio.gather(*work)
    storm.ended = time.monotonic()


async def _work(storm: Storm, due: Iterator[tuple[int, StormUnit]], line: Line) -> None:
    """One line: the next unit whose time has come, until none is left."""
    limit = storm.began + len(storm.units) / storm.rate + storm.ends_within
    for number, (_, account) in due:
        await asyncio.sleep(max(0.0, storm.began + number / storm.rate - time.monotonic()))
        storm.sent += 1
        if account in storm.presses:
            storm.pressed_at[account] = time.monotonic()
        while time.monotonic() < limit:
            if await _acknowledged(storm, account, line):
                storm.acknowledged += 1
                break
            storm.again += 1
            line.hang_up()
            await asyncio.sleep(0.5)
    line.hang_up()


async def _acknowledged(storm: Storm, account: str, line: Line) -> bool:
    try:
        async with asyncio.timeout(PATIENCE):
            return await line.say(storm, account)
    except (OSError, TimeoutError):
        return False
