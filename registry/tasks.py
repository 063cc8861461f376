"""Celery tasks of the registry: keeping deadlines that reach outside."""

from collections.abc import Callable, Mapping
from uuid import UUID

import structlog
from celery import shared_task

from registry import deadlines
from registry.deadlines import Claim, Deadline
from registry.kit.db import transaction

log = structlog.get_logger()

# Filled by webconsole/wiring.py, which knows every package.
OUTSIDE: dict[str, Callable[[UUID], None]] = {}


def wire(handlers: Mapping[str, Callable[[UUID], None]]) -> None:
    """Say which function keeps which kind of deadline."""
    OUTSIDE.clear()
    OUTSIDE.update(handlers)


@shared_task(name="registry.keep_deadline")
def keep_deadline(deadline_id: str, version: int) -> None:
    """Do the outside work of one deadline, unless it has moved on since it was sent."""
    with transaction() as session:
        row = session.get(Deadline, UUID(deadline_id))
        if row is None or row.version != version:
            return
        mine = Claim(row.id, row.kind, row.subject_id, version)
        if not deadlines.hold(session, mine):
            return
    try:
        OUTSIDE[mine.kind](mine.subject_id)
    except Exception as error:
        log.exception("deadline.failed", kind=mine.kind, subject=str(mine.subject_id))
        with transaction() as session:
            deadlines.failed(session, mine, type(error).__name__)
        return
    with transaction() as session:
        deadlines.retire(session, mine)
