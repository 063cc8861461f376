"""A storm: the mains fail in a whole province, and among the reports somebody presses a button.

Each unit sends one DC-09 event, over TCP or UDP, and repeats it until it is acknowledged. For a
house that serves nobody real, on this machine only.
"""

import asyncio
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from telecare.protocols.dc09_frames import Dc09Framer, wrap

MAINS, PRESS = b"1301", b"1101"
PATIENCE = 4.0  # seconds for an answer
DATAGRAMS = 4  # of so many lines one speaks UDP


@dataclass(kw_only=True)
class Storm:
    """What is to be sent, and what has come of it. Moments are those of time.monotonic()."""

    accounts: Sequence[str]
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

    def frame(self, account: str) -> bytes:
        name = account.encode()
        code = PRESS if account in self.presses else MAINS
        return wrap(b'"ADM-CID"%04dL0#%b[#%b|%b 00 001]' % (self.sequence, name, name, code))


async def blow(storm: Storm, host: str, port: int, lines: int) -> None:
    """Send everything at its pace on so many lines at once; returns when all is answered."""
    storm.began = time.monotonic()
    due = iter(enumerate(storm.accounts))
    kinds = [socket.SOCK_STREAM if each % DATAGRAMS else socket.SOCK_DGRAM for each in range(lines)]
    await asyncio.gather(*(_work(storm, due, _Line(host, port, kind)) for kind in kinds))
    storm.ended = time.monotonic()


async def _work(storm: Storm, due: Iterator[tuple[int, str]], line: "_Line") -> None:
    """One line: the next unit whose time has come, until none is left."""
    limit = storm.began + len(storm.accounts) / storm.rate + storm.ends_within
    for number, account in due:
        await asyncio.sleep(max(0.0, storm.began + number / storm.rate - time.monotonic()))
        storm.sent += 1
        if account in storm.presses:
            storm.pressed_at[account] = time.monotonic()
        frame = storm.frame(account)
        while time.monotonic() < limit:
            try:
                answered = await line.ask(frame, storm.sequence)
            except (OSError, TimeoutError):
                answered = False
            if answered:
                storm.acknowledged += 1
                break
            storm.again += 1
            line.hang_up()
            await asyncio.sleep(0.5)
    line.hang_up()


class _Line:
    """One socket, on which units speak one after the other."""

    def __init__(self, host: str, port: int, kind: socket.SocketKind) -> None:
        self._kind = kind
        self._address = (host, port)
        self._socket: socket.socket | None = None
        self._framer = Dc09Framer()

    async def ask(self, frame: bytes, sequence: int) -> bool:
        """Whether it was acknowledged. Raises OSError or TimeoutError."""
        loop = asyncio.get_running_loop()
        wanted = b'"ACK"%04d' % sequence
        async with asyncio.timeout(PATIENCE):
            if self._socket is None:
                self._framer = Dc09Framer()
                family = socket.AF_INET6 if ":" in self._address[0] else socket.AF_INET
                self._socket = socket.socket(family, self._kind)
                self._socket.setblocking(False)
                await loop.sock_connect(self._socket, self._address)
            await loop.sock_sendall(self._socket, frame)
            while True:
                said = await loop.sock_recv(self._socket, 2048)
                if not said:
                    return False
                for cut in self._framer.feed(said):
                    return cut.body.startswith(wanted)

    def hang_up(self) -> None:
        if self._socket is not None:
            with suppress(OSError):
                self._socket.close()
            self._socket = None
