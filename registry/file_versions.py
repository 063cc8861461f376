"""Versions of a person's file: whoever comes second is told who changed what."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry import versions
from registry.journal import Entry
from registry.kit.errors import Stale
from registry.people import Person, PersonChanged
from registry.staff import Staff


@dataclass(frozen=True, kw_only=True)
class Change:
    """`what` is a part of the file, as PersonChanged names it; `by` is empty for the house."""

    by: str
    what: str
    at: datetime


def since(session: Session, person_id: UUID, version: int) -> list[Change]:
    """What happened to the file after it had this version, oldest first."""
    wanted = (
        select(Entry.at, Entry.facts, Staff.name)
        .outerjoin(Staff, Staff.id == Entry.actor_id)
        .where(
            Entry.person_id == person_id,
            Entry.kind == PersonChanged.kind,
            Entry.facts["version"].as_integer() > version,
        )
        .order_by(Entry.id)
    )
    return [
        Change(by=name or "", what=facts["what"], at=at)
        for at, facts, name in session.execute(wanted)
    ]


def check(session: Session, person: Person, sent: str | None) -> None:
    """Raise Stale, with `changes`, unless what was sent names the version there is."""
    try:
        versions.check(sent, person.version)
    except Stale as stale:
        written = versions.TAG.fullmatch(sent or "")
        changes = since(session, person.id, int(written[1]) if written else person.version)
        stale.more["changes"] = [
            {"by": each.by, "what": each.what, "at": each.at.isoformat()} for each in changes
        ]
        raise
