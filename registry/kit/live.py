"""Hints through Redis: "look again". Losing one costs a second, never a fact."""

import asyncio
from collections.abc import AsyncIterator
from functools import lru_cache

import redis
import redis.asyncio
import structlog

from registry.kit.errors import Unavailable
from registry.kit.settings import settings

DOORBELL = "centrale:doorbell"
LOOK_ANYWAY = 1.0  # seconds: readers look this often even if nobody rang

log = structlog.get_logger()


@lru_cache(maxsize=1)
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
            await channel.get_message(ignore_subscribe_messages=True, timeout=LOOK_ANYWAY)
            yield
