"""Hints through Redis: "look again". Losing one costs a second, never a fact."""

import asyncio
import time
from collections.abc import AsyncIterator

import redis
import redis.asyncio
import structlog

from registry.kit.errors import Unavailable
from registry.kit.settings import settings
from registry.kit.single import Single

DOORBELL = "centrale:doorbell"
LOOK_ANYWAY = 1.0  # seconds: readers look this often even if nobody rang
GATHER = 0.03  # seconds in which further rings join the first

log = structlog.get_logger()


@Single
def client() -> redis.Redis:
    """The process's Redis client, with time-outs so that a dead Redis never holds us."""
    return redis.Redis.from_url(url(), socket_timeout=1, socket_connect_timeout=1)


def url() -> str:
    """Where Redis is; Unavailable when nobody said."""
    given = settings().redis_url
    if given is None:
        raise Unavailable("No Redis is set: start with `./centrale up`, or set its URL")
    return given.get_secret_value()


def ring() -> None:
    """Say that the journal has grown. Best effort: readers also look every second."""
    try:
        client().publish(DOORBELL, b"1")
    except redis.RedisError as error:
        log.warning("doorbell.silent", reason=type(error).__name__)


class Doorbell:
    """Waits for a ring in a process that is not asynchronous."""

    def __init__(self) -> None:
        self.channel: redis.client.PubSub | None = None

    def wait(self, seconds: float) -> None:
        """Return at the next ring, else when the time is over; without Redis only then."""
        began = time.monotonic()
        try:
            self._wait_for_ring(seconds)
        except (redis.RedisError, OSError) as error:
            log.warning("doorbell.deaf", reason=type(error).__name__)
            self.channel = None
            time.sleep(max(0.0, seconds - (time.monotonic() - began)))

    def _wait_for_ring(self, seconds: float) -> None:
        if self.channel is None:
            self.channel = redis.client.PubSub(
                client().connection_pool, ignore_subscribe_messages=True
            )
            self.channel.subscribe(DOORBELL)
            self.channel.get_message(timeout=seconds)
        if self.channel.get_message(timeout=seconds) is not None:
            time.sleep(GATHER)
            while self.channel.get_message(timeout=0) is not None:
                continue


async def rings() -> AsyncIterator[None]:
    """Yield at each ring, and at least every `LOOK_ANYWAY` seconds, for ever."""
    while True:
        try:
            async for _ in _listen():
                yield
        except (redis.RedisError, OSError) as error:
            log.warning("doorbell.deaf", reason=type(error).__name__)
            await asyncio.sleep(LOOK_ANYWAY)
            yield


async def _listen() -> AsyncIterator[None]:
    bell = redis.asyncio.Redis.from_url(url(), socket_connect_timeout=1)
    async with bell, bell.pubsub() as channel:
        await channel.subscribe(DOORBELL)
        while True:
            rang = await channel.get_message(ignore_subscribe_messages=True, timeout=LOOK_ANYWAY)
            if rang is not None:
                await asyncio.sleep(GATHER)
                while await channel.get_message(ignore_subscribe_messages=True, timeout=0):
                    continue
            yield
