"""Store, then acknowledge: frames are committed in groups, and answered only after the commit.

One thread writes. While a commit is on its way the next frames gather, so the group grows with
the load and a single frame waits for nobody.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import psycopg
import structlog
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from registry.kit import live
from registry.kit.db import OwnLine
from registry.kit.errors import Problem
from telecare import batch
from telecare.batch import Book, Received
from telecare.protocols.base import Kind, Message, Phase, Report, Verdict

# What a commit costs besides its rows is shared by all of them; more would only wait longer.
LARGEST = 256  # frames a commit
# Units repeat after some seconds: what could not be stored by then is left unanswered, so that
# they use their second destination.
PATIENCE = 8.0  # seconds
FIRST_PAUSE = 0.02  # seconds between attempts when the database does not answer
LONGEST_PAUSE = 0.5

log = structlog.get_logger()

Answer = Callable[[Sequence[Received]], None]


@dataclass(slots=True)
class Figures:
    """What has been done since the start; numbers only."""

    frames: int = 0
    alarms: int = 0
    repeats: int = 0
    refused: int = 0
    commits: int = 0
    failed_commits: int = 0
    left_unanswered: int = 0
    quarantined: int = 0
    slowest_commit: float = 0.0


class Ingest:
    """The one writer of a receiver process.

    `answer` is called from the writer's thread with frames that are safely stored, `leave` with
    those that could not be stored and stay unanswered.
    """

    def __init__(self, book: Book, answer: Answer, leave: Answer = lambda _: None) -> None:
        self.book = book
        self.figures = Figures()
        self.heard: dict[UUID, datetime] = {}
        self._answer = answer
        self._leave = leave
        self._line = OwnLine()
        self._waiting: deque[tuple[float, Received]] = deque()
        self._news = threading.Event()
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ingest", daemon=True)
        self._bell = threading.Thread(target=self._ring, name="doorbell", daemon=True)
        self._rings = threading.Event()

    @property
    def backlog(self) -> int:
        """Frames that wait for a commit."""
        return len(self._waiting)

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def start(self) -> None:
        self._thread.start()
        self._bell.start()

    def stop(self) -> None:
        """Store what waits, then end."""
        self._ends.set()
        self._news.set()
        self._rings.set()
        self._thread.join(PATIENCE + 1)

    def put(self, received: Received) -> None:
        """Hand a frame over; from the event loop, never blocking.

        After the stop it is left: its unit asks whoever listens next.
        """
        if self._ends.is_set():
            self._left([received])
            return
        self._waiting.append((time.monotonic(), received))
        if not self._news.is_set():
            self._news.set()

    def _run(self) -> None:
        while not (self._ends.is_set() and not self._waiting):
            self._news.wait()
            self._news.clear()
            while self._waiting:
                self._commit_next()
        self._line.close()

    def _commit_next(self) -> None:
        count = min(len(self._waiting), LARGEST)
        taken = [self._waiting.popleft() for _ in range(count)]
        self._commit([each for _, each in taken], until=taken[0][0] + PATIENCE)

    def _commit(self, group: list[Received], until: float) -> None:
        """Commit and let the answers out; when that cannot be, leave them unanswered."""
        pause = FIRST_PAUSE
        while True:
            began = time.monotonic()
            try:
                with self._line.transaction() as session:
                    stored = batch.store(session, group, self.book)
            except Exception as error:  # noqa: BLE001 - each is counted, logged and decided below
                self.figures.failed_commits += 1
                if not _is_outage(error):
                    self._divide(group, error, until)
                    return
                log.warning("ingest.no_database", frames=len(group), reason=type(error).__name__)
                if time.monotonic() > until or self._ends.is_set():
                    self._left(group)
                    return
                time.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            else:
                self._done(group, stored, time.monotonic() - began)
                return

    def _done(self, group: list[Received], stored: batch.Stored, took: float) -> None:
        self._answer(group)
        figures = self.figures
        figures.commits += 1
        figures.frames += len(group)
        figures.alarms += stored.alarms
        figures.repeats += stored.repeats
        figures.refused += sum(each.message.verdict is not Verdict.GOOD for each in group)
        figures.slowest_commit = max(figures.slowest_commit, took)
        self.heard.update(stored.heard)
        if stored.alarms or stored.repeats:
            self._rings.set()

    def _left(self, group: list[Received]) -> None:
        self.figures.left_unanswered += len(group)
        self._leave(group)

    def _divide(self, group: list[Received], error: Exception, until: float) -> None:
        """Some frame cannot be stored as it is: find it, and keep it without its meaning."""
        log.warning("ingest.divided", frames=len(group), reason=type(error).__name__)
        if len(group) > 1:
            middle = len(group) // 2
            self._commit(group[:middle], until)
            self._commit(group[middle:], until)
            return
        (each,) = group
        if each.message.reason == "quarantined":
            log.error("ingest.lost", signal=str(each.id), exc_info=error)
            self._left(group)
            return
        self.figures.quarantined += 1
        each.message = _without_meaning(each.message)
        self._commit(group, until)

    def _ring(self) -> None:
        """Tell the screens to look; apart, because a dead Redis must not delay an answer."""
        while not self._ends.is_set():
            self._rings.wait()
            self._rings.clear()
            try:
                live.ring()
            except Problem as problem:
                log.warning("doorbell.missing", reason=type(problem).__name__)


def _is_outage(error: Exception) -> bool:
    """Whether the same rows may go in later; otherwise the rows themselves are at fault.

    The database may be away, read-only, full or not ready, or two writers collided.
    """
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, psycopg.errors.UniqueViolation):
        return True
    if isinstance(cause, psycopg.DataError | psycopg.IntegrityError):
        return False
    return isinstance(cause, psycopg.Error | SQLAlchemyError | Problem)


def _without_meaning(message: Message) -> Message:
    """The same frame with nothing but its bytes: still an alarm, of an unknown kind."""
    reports = [Report(Kind.UNKNOWN, Phase.NEW, "")] if message.verdict is Verdict.GOOD else []
    return Message(
        message.verdict,
        account=message.account,
        sequence=message.sequence,
        receiver=message.receiver,
        line=message.line,
        encrypted=message.encrypted,
        content=message.content,
        reports=reports,
        reason="quarantined",
    )
