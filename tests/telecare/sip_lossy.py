"""A bad line for UDP: it loses datagrams in both directions and watches the answers."""

import asyncio
import random
import threading
from typing import Any, Self

from typing_extensions import override

HERE = "127.0.0.1"


class LossyWay:
    """Passes datagrams on to `port` and back, losing `loss` of them."""

    def __init__(self, port: int, *, loss: float, seed: int) -> None:
        self.port = 0
        self.lost = 0
        self.passed = 0
        self.different_answers = 0
        self._centre = (HERE, port)
        self._loss = loss
        self._chance = random.Random(seed)
        self._answers: dict[bytes, bytes] = {}
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._one_by_one = asyncio.Lock()
        self._front: Any = None
        self._backs: dict[Any, asyncio.DatagramTransport] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(60)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        self._loop.run_until_complete(self._open())
        self._ready.set()
        self._loop.run_forever()
        for each in (self._front, *self._backs.values()):
            each.close()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _open(self) -> None:
        self._front, _ = await self._loop.create_datagram_endpoint(
            lambda: _End(self._from_unit), local_addr=(HERE, 0)
        )
        self.port = self._front.get_extra_info("sockname")[1]

    def _goes_on(self) -> bool:
        goes = self._chance.random() >= self._loss
        self.passed += goes
        self.lost += not goes
        return goes

    def _from_unit(self, data: bytes, unit: Any) -> None:
        if self._goes_on():
            self._loop.create_task(self._forward(data, unit))

    async def _forward(self, data: bytes, unit: Any) -> None:
        async with self._one_by_one:
            if unit not in self._backs:
                self._backs[unit], _ = await self._loop.create_datagram_endpoint(
                    lambda: _End(lambda answer, _: self._from_centre(answer, unit)),
                    remote_addr=self._centre,
                )
        self._backs[unit].sendto(data)

    def _from_centre(self, data: bytes, unit: Any) -> None:
        if data.startswith(b"SIP/2.0"):
            via = data.split(b"\r\n", 2)[1]
            self.different_answers += self._answers.setdefault(via, data) != data
        if self._goes_on():
            self._front.sendto(data, unit)


class _End(asyncio.DatagramProtocol):
    def __init__(self, take: Any) -> None:
        self._take = take

    @override
    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._take(data, addr)
