"""The live feed: each console hears `position, kind, ids` and fetches what it may see.

The journal is followed once per process and fanned out. A console resumes with the position it
has; the server answers "resumed" and sends what was missed, or "snapshot": look at everything anew.
"""

import asyncio
import contextlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from uuid import UUID

import structlog
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from registry import door, journal
from registry.access import Actor
from registry.journal import Entry, Position
from registry.kit import live
from registry.kit.db import transaction
from registry.kit.errors import NotSignedIn
from registry.sessions import SignedOut
from registry.staff import StaffChanged, StaffLeft
from registry.tokens import TokenRevoked
from webconsole import hearing
from webconsole.hearing import News, Reserved
from webconsole.still_here import Doorkeeper, Shown

BEAT = 5.0  # seconds between heartbeats, both ways
DEAF_AFTER = 10.0  # seconds without the console's heartbeat: it is cut off
RECHECK = 30.0  # seconds between looks at whether the session still holds
AGAIN = 1.0  # seconds until the next try when nobody could say
REPLAY = 500  # missed messages that are sent again; more than that is a snapshot
BACKLOG = 1_000  # messages kept for a slow console

LEFT, UNAUTHENTICATED, FOREIGN = 1000, 4401, 4403
CHANGES_RIGHTS = {StaffChanged.kind, StaffLeft.kind, TokenRevoked.kind}
ANEW = json.dumps({"kind": "snapshot"})

router = APIRouter()
log = structlog.get_logger()


@dataclass(eq=False)
class Console:
    """One socket."""

    actor: Actor
    session_id: UUID | None
    messages: asyncio.Queue[str] = field(default_factory=lambda: asyncio.Queue(BACKLOG))
    # Its session or its owner is gone: nothing more is said, not even what waits.
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    # Set when the owner's rights may have changed: they are looked at anew before anything else.
    doubted: asyncio.Event = field(default_factory=asyncio.Event)
    doubts: int = 0
    # What happens while it is still being told what it missed: said after that, in order.
    held: list[str] | None = None

    def tell(self, message: str) -> None:
        if self.held is not None:
            self.held.append(message)
        else:
            self.say(message)

    def say(self, message: str) -> None:
        if self.ended.is_set():
            return
        try:
            self.messages.put_nowait(message)
        except asyncio.QueueFull:
            # It cannot follow: what waits is dropped, and it will look at everything anew.
            self._drop()
            self.messages.put_nowait(ANEW)

    def doubt(self) -> None:
        self.doubts += 1
        self.doubted.set()

    def known(self, actor: Actor, doubts: int) -> None:
        """Who its owner is, read after so many doubts; another one since then wants another look.

        What happened while they lasted was not told, so it looks at everything anew.
        """
        if doubts != self.doubts:
            return
        self.actor = actor
        if self.doubted.is_set():
            self.doubted.clear()
            self.tell(ANEW)

    def end(self) -> None:
        self.ended.set()
        self._drop()

    def _drop(self) -> None:
        while not self.messages.empty():
            self.messages.get_nowait()


class Hub:
    """Everyone who listens in this process."""

    def __init__(self) -> None:
        self.consoles: set[Console] = set()
        self.position = journal.START
        self.present: set[UUID] = set()

    async def follow(self) -> None:
        """Read the journal at each ring and tell everyone; lives as long as the process."""
        while self.position == journal.START:
            with contextlib.suppress(SQLAlchemyError):
                self.position = await asyncio.to_thread(_head)
                break
            await asyncio.sleep(live.LOOK_ANYWAY)
        async for _ in live.rings():
            try:
                while await self._catch_up() == REPLAY:
                    continue
            except SQLAlchemyError as error:
                log.warning("live.no_database", reason=type(error).__name__)

    async def _catch_up(self) -> int:
        entries, reserved = await asyncio.to_thread(_after, self.position)
        for entry in entries:
            self._spread(entry, reserved)
        if entries:
            self.position = entries[-1].position
        return len(entries)

    def _spread(self, entry: Entry, reserved: Reserved) -> None:
        ended = entry.facts.get("session_id") if entry.kind == SignedOut.kind else None
        changed = entry.facts.get("staff_id") if entry.kind in CHANGES_RIGHTS else None
        news = News(entry, reserved)
        for console in list(self.consoles):
            if changed is not None and str(console.actor.staff_id) == changed:
                console.doubt()
            if ended is not None and str(console.session_id) == ended:
                console.end()
            elif console.doubted.is_set():
                continue  # nothing under rights in doubt: it will look at everything anew
            elif (message := news.told(console.actor)) is not None:
                console.tell(message)

    async def keep_present(self, seen: Callable[[Session, UUID], None]) -> None:
        """Once a second write down whose consoles answered, in one transaction."""
        while True:
            await asyncio.sleep(1)
            those, self.present = self.present, set()
            if those:
                try:
                    await asyncio.to_thread(_note_present, seen, those)
                except SQLAlchemyError as error:
                    log.warning("live.no_database", reason=type(error).__name__)


hub = Hub()
doorkeeper = Doorkeeper()


@router.websocket("/live", dependencies=[door.public("it checks the session itself, see _welcome")])
async def listen(socket: WebSocket) -> None:
    console = await _welcome(socket)
    if console is None:
        return
    tasks = [
        asyncio.create_task(_send(socket, console)),
        asyncio.create_task(_receive(socket, console)),
        asyncio.create_task(_beat(console)),
        asyncio.create_task(_recheck(socket, console)),
        asyncio.create_task(console.ended.wait()),
    ]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            if (error := task.exception()) is not None and not _ordinary(error):
                log.error("live.fault", exc_info=error)
    finally:
        hub.consoles.discard(console)
        for task in tasks:
            task.cancel()
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            await socket.close(UNAUTHENTICATED if console.ended.is_set() else LEFT)


def _ordinary(error: BaseException) -> bool:
    return isinstance(error, (WebSocketDisconnect, TimeoutError, RuntimeError))


async def _welcome(socket: WebSocket) -> Console | None:
    """Check who it is before anything is said; the close code tells a page what to do."""
    shown = _shown(socket)
    if shown.bearer is None and not door.same_origin(socket):
        await socket.close(FOREIGN)
        return None
    try:
        known = await doorkeeper.who(shown)
    except NotSignedIn:
        await socket.accept()
        await socket.close(UNAUTHENTICATED)
        return None
    await socket.accept()
    return Console(known.actor, known.session_id)


def _shown(socket: WebSocket) -> Shown:
    return Shown(socket.cookies.get(door.COOKIE), socket.headers.get("authorization"))


async def _send(socket: WebSocket, console: Console) -> None:
    while True:
        await socket.send_text(await console.messages.get())


async def _receive(socket: WebSocket, console: Console) -> None:
    while True:
        async with asyncio.timeout(DEAF_AFTER):
            said = await socket.receive_json()
        if not isinstance(said, dict):
            continue
        # Each message is one more request: whoever may no longer listen is not answered.
        if "resume" in said:
            await _resume(socket, console, str(said["resume"] or ""))
        elif not await _still(socket, console):
            continue
        elif said.get("beat") and console.actor.staff_id is not None:
            hub.present.add(console.actor.staff_id)


async def _resume(socket: WebSocket, console: Console, since: str) -> None:
    """Join the hub; send what was missed, if it is known and not too much, then what is new.

    A position is said only when all before it was: a console that is cut off in between asks
    again from the last it was told. Who listens is read after joining, so that no change of
    rights falls in between; where nobody can say, the console comes again.
    """
    hub.consoles.add(console)
    console.held, joined = [], hub.position
    if not await _still(socket, console):
        raise WebSocketDisconnect(LEFT)
    missed = await _missed(console, since, joined)
    for message in missed if missed is not None else []:
        console.say(message)
    answer = "snapshot" if missed is None else "resumed"
    console.say(json.dumps({"kind": answer, "position": str(joined)}))
    for message in console.held:
        console.say(message)
    console.held = None


async def _missed(console: Console, since: str, joined: Position) -> list[str] | None:
    """What it may hear between the two; None when that is unknown or too much."""
    try:
        position = Position.parse(since)
    except ValueError:
        return None
    entries, reserved = await asyncio.to_thread(_after, position)
    if len(entries) == REPLAY or position > joined or console.doubted.is_set():
        return None
    known = (News(entry, reserved) for entry in entries if entry.position <= joined)
    told = (news.told(console.actor) for news in known)
    return [message for message in told if message is not None]


async def _beat(console: Console) -> None:
    while True:
        await asyncio.sleep(BEAT)
        beat = {"kind": "beat"}
        # What was not told has not been heard: no position before it joined or while in doubt.
        if console in hub.consoles and not console.doubted.is_set():
            beat["position"] = str(hub.position)
        console.tell(json.dumps(beat))


async def _recheck(socket: WebSocket, console: Console) -> None:
    """Rights change and sessions end: look again at once when told so, and now and then."""
    while True:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(console.doubted.wait(), RECHECK)
        if not await _still(socket, console):
            await asyncio.sleep(AGAIN)


async def _still(socket: WebSocket, console: Console) -> bool:
    """Whether it may still listen, and as whom; without the archive nobody can say."""
    doubts = console.doubts
    try:
        console.known((await doorkeeper.who(_shown(socket))).actor, doubts)
    except NotSignedIn:
        console.end()
        return False
    except SQLAlchemyError as error:
        log.warning("live.no_database", reason=type(error).__name__)
        return False
    return True


def _head() -> Position:
    with transaction() as session:
        return journal.head(session)


def _after(position: Position) -> tuple[list[Entry], Reserved]:
    with transaction() as session:
        return hearing.after(session, position, REPLAY)


def _note_present(seen: Callable[[Session, UUID], None], those: Iterable[UUID]) -> None:
    with transaction() as session:
        for staff_id in sorted(those):
            seen(session, staff_id)
