"""Many home units at once in one event loop: each sends its events and counts what was answered."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from telecare.protocols.dc09_frames import Dc09Framer, wrap

PATIENCE = 5.0  # seconds until an unanswered event is sent again


@dataclass
class Crowd:
    """What all of them have sent and heard; delays in seconds from the first attempt."""

    port: int
    until: float
    acknowledged: set[tuple[str, int]] = field(default_factory=set)
    delays: list[float] = field(default_factory=list)
    again: int = 0

    def percentile(self, part: float) -> float:
        ordered = sorted(self.delays)
        return ordered[min(len(ordered) - 1, int(part * len(ordered)))]

    async def unit(self, account: str, events: Sequence[int], after: float = 0.0) -> None:
        """Send each event until it is acknowledged, on a connection of its own."""
        await asyncio.sleep(after)
        waiting, began = list(events), time.monotonic()
        while waiting and time.monotonic() < self.until:
            try:
                waiting = await self._talk(account, waiting, began)
            except (OSError, TimeoutError):
                self.again += 1
                await asyncio.sleep(0.2)

    async def _talk(self, account: str, waiting: list[int], began: float) -> list[int]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        framer = Dc09Framer()
        try:
            while waiting:
                writer.write(press(account, waiting[0]))
                await self._answer(reader, framer)
                self.acknowledged.add((account, waiting.pop(0)))
                self.delays.append(time.monotonic() - began)
                began = time.monotonic()
        finally:
            writer.close()
        return waiting

    @staticmethod
    async def _answer(reader: asyncio.StreamReader, framer: Dc09Framer) -> None:
        """Wait for an acknowledgement. Raises TimeoutError, and OSError when hung up."""
        async with asyncio.timeout(PATIENCE):
            while True:
                said = await reader.read(2048)
                if not said:
                    raise ConnectionError("hung up")
                for cut in framer.feed(said):
                    if cut.body.startswith(b'"ACK"'):
                        return


def press(account: str, sequence: int, code: str = "1101") -> bytes:
    name = account.encode()
    return wrap(b'"ADM-CID"%04dL0#%b[#%b|%b 00 001]' % (sequence, name, name, code.encode()))
