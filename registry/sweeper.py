"""The sweeper: does what is due, every second or at a ring, in any number of processes."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from typing_extensions import override

from registry import deadlines, relay
from registry.deadlines import Claim
from registry.journal import Event
from registry.kit import beats, jobs, live
from registry.kit.db import transaction

Inside = Callable[[Session, UUID], None]
Outside = Callable[[UUID], None]

PERIOD = 1.0  # seconds
# What is kept here is kept in the next moment. With the round of another sweeper after the lease, a
# step whose sweeper is killed with it in hand is done well within the five seconds that it may be
# late, on a busy machine too. Who needs longer is fenced off, and nothing is done twice.
DONE_WITHIN = timedelta(seconds=1)
# The relay and the chores go round beside the deadlines. When they hang, the process is not alive.
ROUND_WITHIN = 120.0  # seconds

log = structlog.get_logger()


def sweep(inside: Mapping[str, Inside], outside: Iterable[str]) -> int:
    """One round over what is due; returns how many deadlines were taken."""
    with transaction() as session:
        safe = deadlines.claim(session, inside, first=DONE_WITHIN)
    for mine in safe:
        _do_inside(inside[mine.kind], mine)
    with transaction() as session:
        slow = deadlines.claim(session, outside)
    for number, mine in enumerate(slow):
        if not jobs.send("registry.keep_deadline", str(mine.id), mine.version):
            with transaction() as session:
                deadlines.give_back(session, slow[number:])
            return len(safe) + number
    return len(safe) + len(slow)


def _do_inside(handler: Inside, mine: Claim) -> None:
    try:
        with transaction() as session:
            if deadlines.still_mine(session, mine):
                handler(session, mine.subject_id)
                deadlines.retire(session, mine)
            else:
                deadlines.let_go(session, mine)
    except Exception as error:
        log.exception("deadline.failed", kind=mine.kind, subject=str(mine.subject_id))
        with transaction() as session:
            deadlines.failed(session, mine, type(error).__name__)


def run(
    inside: Mapping[str, Inside],
    outside: Iterable[str],
    listeners: Mapping[type[Event], Iterable[relay.Listener]],
    chores: Iterable[Callable[[], object]],
    stop: threading.Event,
    first: Iterable[Callable[[], object]] = (),
) -> None:
    """Sweep and relay until told to stop. A fault is logged and the next round comes.

    What is kept by the hundred (`first`) is done before what is kept one by one. No deadline waits
    for a long relay or a slow chore: those go round in a thread of their own.
    """
    outside = list(outside)
    beside = Beside([relay.Relay(listeners).pass_on, *chores], stop)
    rounds: list[Callable[[], object]] = [
        lambda: _beat() if beside.alive else None,
        *first,
        lambda: sweep(inside, outside),
    ]
    beside.start()
    _go_round(rounds, stop)
    beside.join()


class Beside(threading.Thread):
    """What goes round beside the deadlines, and since when it has not come round."""

    def __init__(self, rounds: Iterable[Callable[[], object]], stop: threading.Event) -> None:
        super().__init__(name="relay", daemon=True)
        self._rounds, self._stop_all = [*rounds, self._came_round], stop
        self._came_round()

    @property
    def alive(self) -> bool:
        return time.monotonic() - self.came_round_at < ROUND_WITHIN

    @override
    def run(self) -> None:
        _go_round(self._rounds, self._stop_all)

    def _came_round(self) -> None:
        self.came_round_at = time.monotonic()


def _go_round(rounds: Iterable[Callable[[], object]], stop: threading.Event) -> None:
    bell = live.Doorbell()
    while not stop.is_set():
        for each in rounds:
            _guarded(each)
        bell.wait(PERIOD)


def _beat() -> None:
    with transaction() as session:
        beats.beat(session, "sweep")


def _guarded(step: Callable[[], object]) -> None:
    try:
        step()
    except SQLAlchemyError as error:
        log.error("sweeper.no_database", reason=type(error).__name__)
    except Exception:
        log.exception("sweeper.fault")
