"""The WebSocket door: apps that stay connected send signals and hear of each when it is stored."""

import asyncio
import contextlib
import json
from dataclasses import dataclass, field
from uuid import UUID

import structlog
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from registry.door import public
from registry.kit.db import transaction
from registry.kit.errors import NotSignedIn, Problem, Unavailable
from telecare import device_tokens
from telecare.device_tokens import Sender
from telecare.protocols.base import Verdict
from telecare.protocols.json_signals import LARGEST, later
from telecare.receivers.web import whose, writer
from telecare.receivers.web_writer import RETRY_AFTER

HELLO_WITHIN = 10.0  # seconds for the token, where it is no header
# As for the other doors: an app that says nothing for so long is gone.
IDLE_AT_MOST = 35 * 60.0  # seconds
MOST_SOCKETS = 5_000
MOST_UNANSWERED = 64  # signals of one socket; beyond that it is read no further
RECHECK = 2.0  # seconds between two looks at which tokens still hold

UNAUTHENTICATED, IDLE, TOO_LARGE, FULL = 4401, 4408, 1009, 1013

router = APIRouter()
log = structlog.get_logger()


@dataclass(eq=False)
class AppLine:
    """One app's socket."""

    socket: WebSocket
    sender: Sender
    _speaking: asyncio.Lock = field(default_factory=asyncio.Lock)
    _room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MOST_UNANSWERED))
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def say(self, answer: bytes) -> None:
        """Nobody there is no trouble: what was stored stays, and the app sends it again."""
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            async with self._speaking:
                await self.socket.send_text(answer.decode())

    async def hang_up(self, code: int) -> None:
        await _close(self.socket, code)

    async def listen(self) -> None:
        """Hear until the app goes or falls silent."""
        while True:
            async with asyncio.timeout(IDLE_AT_MOST):
                body = await _message(self.socket)
            if len(body) > LARGEST:
                writer.counted["ws_too_large"] += 1
                await self.hang_up(TOO_LARGE)
                return
            await self._room.acquire()
            task = asyncio.create_task(self._take(body))
            self._tasks.add(task)
            task.add_done_callback(self._answered)

    def _answered(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._room.release()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("app_line.fault", exc_info=error)

    async def _take(self, body: bytes) -> None:
        if (wait := writer.shares.wait(self.sender.account)) > 0:
            writer.counted["ws_too_many"] += 1
            await self.say(later(body, wait))
            return
        peer = self.socket.client.host if self.socket.client else ""
        try:
            stored = await writer.take(self.sender, body, "ws", peer)
        except Unavailable:
            await self.say(later(body, RETRY_AFTER))
            return
        if stored.message.verdict is Verdict.GOOD:
            said = stored.protocol.acknowledge(stored.message, lambda _: None, stored.at)
        else:
            said = stored.protocol.refuse(stored.message, stored.at) or b""
        await self.say(said)


class Watch:
    """One look for all sockets of the process: whose token was revoked is cut off."""

    def __init__(self) -> None:
        self.lines: set[AppLine] = set()
        self._task: asyncio.Task[None] | None = None

    def admit(self, line: AppLine) -> bool:
        if len(self.lines) >= MOST_SOCKETS:
            return False
        self.lines.add(line)
        writer.sockets = len(self.lines)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        return True

    def drop(self, line: AppLine) -> None:
        self.lines.discard(line)
        writer.sockets = len(self.lines)

    async def _run(self) -> None:
        """Ends with the last socket."""
        while self.lines:
            await asyncio.sleep(RECHECK)
            try:
                await self._look()
            except (SQLAlchemyError, Problem) as error:
                log.warning("app_lines.no_database", reason=type(error).__name__)

    async def _look(self) -> None:
        shown = {each: each.sender.token_id for each in self.lines}
        ids = {token_id for token_id in shown.values() if token_id is not None}
        good = await run_in_threadpool(_still_good, ids)
        for line, token_id in shown.items():
            if token_id is not None and token_id not in good:
                writer.counted["ws_revoked"] += 1
                await line.hang_up(UNAUTHENTICATED)


watch = Watch()


@router.websocket(
    "/signals/socket",
    dependencies=[public("a device shows a token of its own, see _sender")],
)
async def listen(socket: WebSocket) -> None:
    """One JSON object a message, each answered by one: stored, refused, or later."""
    try:
        await socket.accept()
        sender = await _sender(socket)
    except (NotSignedIn, TimeoutError):
        writer.counted["ws_unauthenticated"] += 1
        await _close(socket, UNAUTHENTICATED)
        return
    except WebSocketDisconnect:
        return
    except (SQLAlchemyError, Unavailable):
        await _close(socket, FULL)
        return
    line = AppLine(socket, sender)
    if not watch.admit(line):
        writer.counted["ws_full"] += 1
        await line.hang_up(FULL)
        return
    try:
        await line.listen()
    except WebSocketDisconnect:
        log.debug("app_line.gone")
    except TimeoutError:
        await line.hang_up(IDLE)
    finally:
        watch.drop(line)


async def _sender(socket: WebSocket) -> Sender:
    """Whose token it is: in a header, or from a browser as the first message `{"token": …}`."""
    scheme, _, secret = socket.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return await run_in_threadpool(whose, secret.strip())
    async with asyncio.timeout(HELLO_WITHIN):
        body = await _message(socket)
    try:
        hello = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NotSignedIn("Send the device's token first") from error
    token = hello.get("token") if isinstance(hello, dict) else None
    if not isinstance(token, str):
        raise NotSignedIn("Send the device's token first")
    sender = await run_in_threadpool(whose, token.strip())
    await socket.send_text('{"type": "welcome"}')
    return sender


async def _close(socket: WebSocket, code: int) -> None:
    """Whoever has gone already need not be told."""
    with contextlib.suppress(RuntimeError, WebSocketDisconnect):
        await socket.close(code)


async def _message(socket: WebSocket) -> bytes:
    """The next message, text or binary. Raises WebSocketDisconnect."""
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1000))
    said = message.get("text")
    return said.encode("utf-8", "replace") if said is not None else message.get("bytes") or b""


def _still_good(ids: set[UUID]) -> set[UUID]:
    with transaction() as session:
        return device_tokens.still_good(session, ids)
