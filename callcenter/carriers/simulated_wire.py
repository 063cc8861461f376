"""How the built-in carrier reaches us: signed forms, with the faults of a real network."""

import asyncio
import base64
import hashlib
import hmac
import random
import secrets
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

import httpx2
import structlog

from callcenter.carriers.trusted import trusted

ANSWER_WITHIN = 15.0  # seconds: the carrier's limit for a document (error 11205)

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Faults:
    """How often (0 to 1) a callback comes twice, comes late or never comes; delay in seconds."""

    duplicate: float = 0.0
    lose: float = 0.0
    delay: float = 0.0
    longest_delay: float = 0.0


def signature(token: str, url: str, fields: dict[str, str]) -> str:
    """HMAC-SHA1 over the address and the sorted fields, as the carrier's security page says."""
    text = url + "".join(name + fields[name] for name in sorted(fields))
    return base64.b64encode(hmac.digest(token.encode(), text.encode(), hashlib.sha1)).decode()


class Wire:
    """Sends documents' requests and callbacks, and keeps what went wrong in `faults_seen`."""

    def __init__(self, token: str, *, faults: Faults, pace: float, seed: int) -> None:
        self.token = token
        self.faults = faults
        self.pace = pace
        self.dice = random.Random(seed)  # noqa: S311 - faults to provoke, not secrets
        self.errors: list[str] = []
        self.sent: list[tuple[str, dict[str, str]]] = []
        self._client = httpx2.AsyncClient(timeout=ANSWER_WITHIN, trust_env=False, verify=trusted())
        self._running: set[asyncio.Task[None]] = set()
        self._closed = False

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something beside the rest; its fault is kept and logged."""
        if self._closed:
            work.close()
            return
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._done)

    async def close(self) -> None:
        self._closed = True
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await self._client.aclose()

    async def ask(self, url: str, fields: dict[str, str]) -> str:
        """A document. Asked twice with one token where the first answer got lost."""
        retry_token = secrets.token_hex(16)
        if self.dice.random() < self.faults.duplicate:
            await self._post(url, fields, retry_token)
        answer = await self._post(url, fields, retry_token)
        answer.raise_for_status()
        return answer.text

    def tell(self, url: str, fields: dict[str, str]) -> None:
        """A callback: best effort, in no promised order, perhaps twice, perhaps never."""
        self.sent.append((url, fields))
        if self.dice.random() >= self.faults.lose:
            self.start(self._tell(url, fields))

    async def _tell(self, url: str, fields: dict[str, str]) -> None:
        if self.dice.random() < self.faults.delay:
            await asyncio.sleep(self.dice.uniform(0, self.faults.longest_delay) / self.pace)
        retry_token = secrets.token_hex(16)
        times = 2 if self.dice.random() < self.faults.duplicate else 1
        for _ in range(times):
            try:
                answer = await self._post(url, fields, retry_token)
            except httpx2.HTTPError as error:
                self.fault(f"15003 {type(error).__name__}")
                continue
            if answer.is_error:
                self.fault(f"15003 HTTP {answer.status_code} at {answer.url.path}")

    async def _post(self, url: str, fields: dict[str, str], retry_token: str) -> httpx2.Response:
        headers = {
            "X-Twilio-Signature": signature(self.token, url, fields),
            "I-Twilio-Idempotency-Token": retry_token,
            "User-Agent": "TwilioProxy/1.1",
        }
        return await self._client.post(url, data=fields, headers=headers)

    def fault(self, what: str) -> None:
        self.errors.append(what)
        log.warning("simulated_carrier.fault", what=what)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self.errors.append(repr(error))
            log.error("simulated_carrier.broken", exc_info=error)
