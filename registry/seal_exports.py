"""Seals outside the house: each hour the newest one goes to a place that the operator names.

Whoever holds the database and the keys can rewrite the whole journal and sign it again. They cannot
change what another machine, a write-once disk or a colleague's mailbox has kept.
"""

import json
import os
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from registry import sealing
from registry.kit import clock
from registry.kit.db import transaction
from registry.kit.errors import Invalid
from registry.sealing import Finding, Seal

EVERY = timedelta(hours=1)
AGAIN = timedelta(minutes=1)  # after a failure
NAME = "centrale-seals.jsonl"

log = structlog.get_logger()


class Exporter:
    """Called in every round of a sweeper; writes when an hour has passed."""

    def __init__(self, place: Callable[[], Path | None]) -> None:
        self._place = place
        self._due: datetime | None = None

    def look(self) -> None:
        """A place that cannot be written is said in the log, and tried again in a minute."""
        now = clock.now()
        place = self._place()
        if place is None or (self._due is not None and now < self._due):
            return
        try:
            export(place)
        except OSError as error:
            self._due = now + AGAIN
            log.exception("seals.not_exported", reason=error.strerror)
        else:
            self._due = now + EVERY


def export(place: Path) -> bool:
    """Append the newest seal to the file, or to ours in the folder; False if it is there."""
    target = place / NAME if place.is_dir() else place
    with transaction() as session:
        seal = sealing.newest(session)
    if seal is None:
        return False
    line = json.dumps(
        {
            "seal": seal.id,
            "mark": seal.mark.hex(),
            "sealed_at": seal.sealed_at.isoformat(),
            "key": sealing.public_key().hex(),
        }
    )
    with target.open("a+b") as out:
        out.seek(max(0, out.tell() - len(line) - 1))
        if out.read().rstrip(b"\n").endswith(line.encode()):
            return False
        out.write(line.encode() + b"\n")
        out.flush()
        os.fsync(out.fileno())
    return True


def compare(session: Session, place: Path) -> Iterator[Finding]:
    """What the kept seals say against the journal; Invalid when the file is not one of ours."""
    target = place / NAME if place.is_dir() else place
    marks = {seal.id: seal.mark.hex() for seal in session.scalars(select(Seal))}
    key = sealing.public_key().hex()
    for kept in _read(target):
        if kept["key"] != key:
            yield Finding(kept["seal"], "was signed with another key than the one in use")
        if kept["seal"] not in marks:
            yield Finding(kept["seal"], "was kept elsewhere and is gone: the journal was cut off")
        elif marks[kept["seal"]] != kept["mark"]:
            yield Finding(kept["seal"], "is not the one kept elsewhere: the journal was rewritten")


def _read(target: Path) -> list[dict[str, Any]]:
    try:
        lines = target.read_text(encoding="ascii").splitlines()
        found: list[dict[str, Any]] = [json.loads(line) for line in lines if line.strip()]
        if not all({"seal", "mark", "key"} <= set(each) for each in found):
            raise Invalid(f"{target} is not a list of seals")
    except (ValueError, TypeError) as error:
        raise Invalid(f"{target} is not a list of seals, or it is damaged") from error
    return found
