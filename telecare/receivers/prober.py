"""The prober: has every door tested each minute, beside the sweeper and never in its way."""

import threading
import time
from collections.abc import Callable, Mapping

import structlog
from sqlalchemy.exc import SQLAlchemyError

from registry.kit.db import transaction
from registry.kit.errors import Problem
from telecare import door_tests
from telecare.receivers.probes import Probe

LOOK = 2.0  # seconds between two looks at what is due

log = structlog.get_logger()


class Prober:
    """A chore: finds what is due, and tests it in a thread, as a dead door takes its time."""

    def __init__(self, probes: Callable[[], Mapping[str, Probe]]) -> None:
        self._probes = probes
        self._look_at = 0.0

    def look(self) -> None:
        """Called each round of the sweeper."""
        now = time.monotonic()
        if now < self._look_at:
            return
        self._look_at = now + LOOK
        probes = self._probes()
        with transaction() as session:
            due = door_tests.take_due(session, probes)
        for door in due:
            told = (door, probes[door])
            threading.Thread(target=test, args=told, name=f"probe {door}", daemon=True).start()


def test(door: str, probe: Probe) -> None:
    """Test one door and write down what came of it."""
    began = time.monotonic()
    reason = ""
    try:
        probe()
    except OSError as error:
        reason = type(error).__name__
    except Exception as error:
        log.exception("door_test.fault", door=door)
        reason = type(error).__name__
    took_ms = (time.monotonic() - began) * 1000
    if reason:
        log.warning("door_test.failed", door=door, reason=reason)
    try:
        with transaction() as session:
            if reason:
                door_tests.failed(session, door, reason)
            else:
                door_tests.passed(session, door, took_ms)
    except (SQLAlchemyError, Problem) as error:
        # Then the test is missing, and its absence is told.
        log.error("door_test.no_database", reason=type(error).__name__)
