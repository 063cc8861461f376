"""Many home units at once: SIA DC-09 events over TCP or UDP, each acknowledgement timed."""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import uvloop
from typing_extensions import override

from telecare.protocols.dc09_frames import wrap

HERE = "127.0.0.1"
CODES = (b"1101", b"1101", b"1101", b"1100", b"1110", b"1151")


@dataclass
class Result:
    """What one run measured: answers, seconds, and the delay of each answer in seconds."""

    answered: int = 0
    seconds: float = 0.0
    delays: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return self.answered / self.seconds

    def percentile(self, part: float) -> float:
        """In milliseconds."""
        ordered = sorted(self.delays)
        return 1000 * ordered[min(len(ordered) - 1, int(part * len(ordered)))]


class Unit(asyncio.Protocol, asyncio.DatagramProtocol):
    """One home unit on its own socket: the next event goes when the last one is answered."""

    def __init__(self, frames: list[bytes], result: Result, pace: float) -> None:
        self._frames = iter(frames)
        self._result = result
        self._pace = pace
        self._sent_at = 0.0
        self._transport: asyncio.BaseTransport | None = None
        self._write: Callable[[bytes], None] | None = None
        self.ended = False

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        # uvloop's datagram socket is of no class of asyncio's.
        self._write = getattr(transport, "sendto", None) or getattr(transport, "write", None)

    def send(self) -> None:
        frame = next(self._frames, None)
        if frame is None or self.ended or self._write is None:
            return
        self._sent_at = time.perf_counter()
        self._write(frame)

    @override
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.data_received(data)

    @override
    def data_received(self, data: bytes) -> None:
        if b'"ACK"' not in data:
            raise RuntimeError(f"not acknowledged: {data!r}")
        now = time.perf_counter()
        if self.ended:
            return
        self._result.answered += 1
        self._result.delays.append(now - self._sent_at)
        if self._pace:
            due = self._sent_at + self._pace
            asyncio.get_running_loop().call_later(max(0.0, due - now), self.send)
        else:
            self.send()

    def close(self) -> None:
        self.ended = True
        if self._transport is not None:
            self._transport.close()


def frames_of(account: str, count: int, chance: random.Random) -> list[bytes]:
    """Distinct events of one account, as a panel numbers them."""
    name = account.encode()
    moment = time.strftime("_%H:%M:%S,%m-%d-%Y", time.gmtime()).encode()
    return [
        wrap(
            b'"ADM-CID"%04dR1L0#%b[#%b|%b 01 %03d]%b'
            % (number % 9999 + 1, name, name, chance.choice(CODES), number % 1000, moment)
        )
        for number in range(count)
    ]


def _given(unit: Unit) -> Unit:
    return unit


def run(
    port: int, accounts: list[str], seconds: float, rate: float, seed: int, *, udp: bool = False
) -> Result:
    """Dial for some seconds: as fast as answers come, or `rate` events a second over all units."""
    return uvloop.run(_run(port, accounts, seconds, rate, seed, udp=udp))


async def _run(
    port: int, accounts: list[str], seconds: float, rate: float, seed: int, *, udp: bool
) -> Result:
    loop = asyncio.get_running_loop()
    result = Result()
    chance = random.Random(seed)
    pace = len(accounts) / rate if rate else 0.0
    each = int(seconds / pace) + 2 if pace else max(60, int(seconds * 40_000 / len(accounts)))
    units: list[Unit] = []
    for account in accounts:
        frames = frames_of(account, min(each, 9000), chance)
        unit = Unit(frames, result, pace)
        if udp:
            await loop.create_datagram_endpoint(partial(_given, unit), remote_addr=(HERE, port))
        else:
            await loop.create_connection(partial(_given, unit), HERE, port)
        units.append(unit)
    began = time.perf_counter()
    for unit in units:
        loop.call_later(chance.random() * pace, unit.send) if pace else unit.send()
    await asyncio.sleep(seconds)
    result.seconds = time.perf_counter() - began
    for unit in units:
        unit.close()
    return result
