"""The writer of a web process: the one ingest path, and the requests that wait for its commits."""

import asyncio
import threading
from collections import Counter
from collections.abc import Sequence

import structlog
from sqlalchemy.exc import SQLAlchemyError

from registry.kit import beats, clock
from registry.kit.db import transaction
from registry.kit.errors import Problem, Unavailable
from telecare import supervision
from telecare.batch import Book, Received
from telecare.device_tokens import Sender
from telecare.ingest import PATIENCE, Ingest
from telecare.protocols.base import Cut, Message, Verdict
from telecare.protocols.json_signals import JsonSignals
from telecare.receivers.door import Allowance, Shares

# Signals waiting for a commit, from which on new ones are asked to come later.
HIGH_WATER = 2048
RETRY_AFTER = 5  # seconds
# Refused signals stored a second; beyond that they are only counted.
REFUSED_STORED = 50
ROUND = 1.0  # seconds between two rounds: signs of life
BEAT = 5  # rounds between two beats

# One device: so many at once, then one so often. A household in need is far below.
BURST, EVERY = 60, 0.5  # signals, seconds

log = structlog.get_logger()


class WebWriter:
    """Starts with the first signal; `close` stores what waits."""

    def __init__(self) -> None:
        self.protocol = JsonSignals()
        self.shares = Shares(burst=BURST, every=EVERY)
        self.counted: Counter[str] = Counter()
        self.sockets = 0
        self._allowance = Allowance(REFUSED_STORED)
        self._book: Book = {}
        self._ingest: Ingest | None = None
        self._opening = threading.Lock()
        self._rounds: _Rounds | None = None

    async def take(
        self, sender: Sender, body: bytes, path: str, peer: str, *, reference: str = ""
    ) -> Received:
        """Store one signal, committed when this returns. Raises Unavailable when it was not."""
        ingest = await asyncio.to_thread(self._open) if self._ingest is None else self._ingest
        if sender.known is not None:
            # Read this very moment with the token.
            self._book[self.protocol.name, sender.account] = sender.known
        received = self._received(sender, body, path, peer, reference)
        if received.message.verdict is not Verdict.GOOD:
            self.counted[f"{path}_refused_{received.message.reason}"] += 1
            if not self._allowance.take():
                return received
        if ingest.backlog >= HIGH_WATER:
            self.counted[f"{path}_busy"] += 1
            raise Unavailable("Too much at once. Send the signal again shortly")
        await self._stored(ingest, received)
        return received

    def _received(
        self, sender: Sender, body: bytes, path: str, peer: str, reference: str
    ) -> Received:
        now = clock.now()
        cut = Cut(body, body, proven=True, sender=sender.account, reference=reference)
        message: Message = self.protocol.decode(cut, lambda _: None, now)
        return Received(self.protocol, cut, message, path, peer, now)

    async def _stored(self, ingest: Ingest, received: Received) -> None:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[bool] = loop.create_future()
        received.line = (loop, done)
        ingest.put(received)
        try:
            async with asyncio.timeout(PATIENCE + 2):
                stored = await done
        except TimeoutError:
            stored = False
        if not stored:
            raise Unavailable("The archive does not answer. Send the signal again shortly")
        self.counted[f"{received.path}_stored"] += 1

    def _open(self) -> Ingest:
        with self._opening:
            if self._ingest is not None:
                return self._ingest
            ingest = Ingest(self._book, _answer, _leave)
            ingest.start()
            self._rounds = _Rounds(ingest, self)
            self._rounds.start()
            self._ingest = ingest
            return ingest

    def close(self) -> None:
        """Store what waits; the next signal opens it again."""
        with self._opening:
            ingest, self._ingest = self._ingest, None
            rounds, self._rounds = self._rounds, None
        if ingest is not None and rounds is not None:
            ingest.stop()
            rounds.stop()
        self._book.clear()


def _answer(group: Sequence[Received]) -> None:
    """From the writer's thread: these are committed."""
    _tell(group, stored=True)


def _leave(group: Sequence[Received]) -> None:
    _tell(group, stored=False)


def _tell(group: Sequence[Received], *, stored: bool) -> None:
    for each in group:
        loop, done = each.line
        if not loop.is_closed():
            loop.call_soon_threadsafe(_settle, done, stored)


def _settle(done: "asyncio.Future[bool]", stored: bool) -> None:
    if not done.done():  # else: whoever asked has gone, or was told to come again
        done.set_result(stored)


class _Rounds:
    """What the process does besides, each second and in a thread of its own."""

    def __init__(self, ingest: Ingest, writer: WebWriter) -> None:
        self._ingest = ingest
        self._writer = writer
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, name="web rounds", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ends.set()
        self._thread.join(ROUND + 5)

    def _run(self) -> None:
        number = 0
        while not self._ends.wait(ROUND):
            number += 1
            try:
                self._once(beat=number % BEAT == 1)
            except (SQLAlchemyError, Problem) as error:
                log.warning("web_door.round_failed", reason=type(error).__name__)
            except Exception:
                log.exception("web_door.round_fault")

    def _once(self, *, beat: bool) -> None:
        heard, self._ingest.heard = self._ingest.heard, {}
        try:
            with transaction() as session:
                supervision.heard(session, heard)
                if beat:
                    beats.beat(session, "web_door", self._figures())
        except (SQLAlchemyError, Problem):
            self._ingest.heard = heard | self._ingest.heard
            raise

    def _figures(self) -> dict[str, float]:
        done = self._ingest.figures
        figures: dict[str, float] = {
            name: getattr(done, name) for name in done.__dataclass_fields__
        }
        figures |= {"backlog": self._ingest.backlog, "sockets": self._writer.sockets}
        return figures | self._writer.counted
