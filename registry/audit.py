"""What an auditor asks of the journal: who looked at this file, what happened, what is unusual."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from sqlalchemy import Select, literal_column, or_, select, union_all
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from registry import journal, listed, merges
from registry.access import Actor
from registry.journal import Entry
from registry.listed import PagePrinted, PeopleListed
from registry.openings import GlassBroken
from registry.people import Person, PersonRead
from registry.search import PeopleSearched
from registry.spelling import fold
from registry.staff import Staff
from registry.unusual import Reading, Unusual, unusual

PAGE = 50
# Work on a file in the days around counts for having opened it.
AROUND = timedelta(days=7)
MOST_READINGS = 100_000
# Written as its index is: a subscript means the same and would not be found there.
SHOWN = Entry.facts.op("->", return_type=JSONB())(literal_column("'shown'"))


@dataclass(frozen=True, kw_only=True)
class PersonPrinted(journal.Event):
    """The file went to paper."""

    what_for: ClassVar[str] = "print"

    roles: list[str]
    office_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class AccessLogRead(journal.Event):
    """Who asks who looked is written down, too."""

    what_for: ClassVar[str] = "access_log"


# Kinds of looking at a person's file; later kinds add themselves with `counts_as_look`.
LOOKS = {PersonRead.kind, PersonPrinted.kind, GlassBroken.kind, AccessLogRead.kind}


def counts_as_look(*kinds: str) -> None:
    """Let these kinds of facts appear among those who looked at a file: exports, merges."""
    LOOKS.update(kinds)


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What to show of the journal; what is None does not matter."""

    package: str | None = None
    actor_id: UUID | None = None
    person_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


def printed(session: Session, person: Person, actor: Actor) -> None:
    journal.record(
        session,
        PersonPrinted(person_id=person.id, roles=sorted(actor.roles), office_id=actor.office_id),
    )


def looks_at(
    session: Session, person_id: UUID, *, before: int | None = None, limit: int = PAGE
) -> list[Entry]:
    """Who looked at the file, in what way, newest first; that this was asked is kept.

    Looks at a file that became part of this one are told, too: it is the same person.
    """
    wanted = select(Entry).where(Entry.id.in_(_looked(session, person_id, before, limit)))
    found = list(session.scalars(wanted.order_by(Entry.id.desc())))
    listed.on_the_page(session, [person_id])
    journal.record(session, AccessLogRead(person_id=person_id))
    return found


def _looked(session: Session, person_id: UUID, before: int | None, limit: int) -> list[int]:
    """The ids of those lines, newest first.

    Each half by its own index and only then in order: asked for the newest in one breath, the
    database walks the whole journal back from its end for a file that few have looked at.
    """
    ids = merges.ids_of(session, person_id)
    shown = or_(*(SHOWN.contains([str(each)]) for each in ids))
    ways = (PeopleSearched.kind, PeopleListed.kind, PagePrinted.kind)
    halves = union_all(
        select(Entry.id).where(Entry.person_id.in_(ids), Entry.kind.in_(LOOKS)),
        select(Entry.id).where(shown, Entry.kind.in_(ways)),
    )
    looked = halves.cte("looked").prefix_with("MATERIALIZED", dialect="postgresql")
    wanted = select(looked.c.id).order_by(looked.c.id.desc()).limit(limit)
    if before is not None:
        wanted = wanted.where(looked.c.id < before)
    return list(session.scalars(wanted))


def lines(
    session: Session, filters: Filters, *, before: int | None = None, limit: int = PAGE
) -> list[Entry]:
    """The journal as the filters say, newest first, those before the id `before`."""
    wanted = select(Entry)
    if filters.package is not None:
        wanted = wanted.where(Entry.kind.startswith(f"{filters.package}.", autoescape=True))
    if filters.actor_id is not None:
        wanted = wanted.where(Entry.actor_id == filters.actor_id)
    if filters.person_id is not None:
        wanted = wanted.where(Entry.person_id == filters.person_id)
    if filters.since is not None:
        wanted = wanted.where(Entry.at >= filters.since)
    if filters.until is not None:
        wanted = wanted.where(Entry.at < filters.until)
    return _newest(session, wanted, before, limit)


def _newest(session: Session, wanted: Select[Entry], before: int | None, limit: int) -> list[Entry]:
    if before is not None:
        wanted = wanted.where(Entry.id < before)
    return list(session.scalars(wanted.order_by(Entry.id.desc()).limit(limit)))


def unusual_in(session: Session, since: datetime, until: datetime) -> list[Unusual]:
    """What deserves a question from `since` up to `until`, which is a week or a part of it."""
    read = select(Entry).where(
        Entry.kind.in_([PersonRead.kind, GlassBroken.kind]),
        Entry.at >= since,
        Entry.at < until,
        Entry.actor_id.is_not(None),
        Entry.person_id.is_not(None),
    )
    entries = list(session.scalars(read.order_by(Entry.id).limit(MOST_READINGS)))
    readers = _by_id(session, {each.actor_id for each in entries if each.actor_id})
    files = {
        person.id: person
        for person in session.scalars(
            select(Person).where(Person.id.in_({each.person_id for each in entries}))
        )
    }
    readings = [
        _reading(each, readers[each.actor_id], files[each.person_id])
        for each in entries
        if each.actor_id in readers and each.person_id in files
    ]
    return unusual(readings, _worked(session, since, until, files.keys()))


def _reading(entry: Entry, reader: Staff, person: Person) -> Reading:
    names = fold(reader.name).split()
    return Reading(
        staff_id=reader.id,
        person_id=person.id,
        role=",".join(entry.facts.get("roles", ())),
        reserved=person.restricted,
        namesake=bool(person.family_name) and fold(person.family_name) == " ".join(names[1:]),
        broke_glass=entry.kind == GlassBroken.kind,
    )


def _worked(
    session: Session, since: datetime, until: datetime, people: Collection[UUID]
) -> set[tuple[UUID, UUID]]:
    """Who did anything but look for these people in the days around the week."""
    done = (
        select(Entry.actor_id, Entry.person_id)
        .where(
            Entry.person_id.in_(people),
            Entry.kind.not_in(LOOKS),
            Entry.actor_id.is_not(None),
            Entry.at >= since - AROUND,
            Entry.at < until + AROUND,
        )
        .distinct()
    )
    return {
        (actor_id, person_id)
        for actor_id, person_id in session.execute(done)
        if actor_id is not None and person_id is not None
    }


def staff_names(session: Session, ids: Collection[UUID | None]) -> dict[UUID, str]:
    """Names of the staff, those who left too."""
    wanted = {each for each in ids if each is not None}
    return {person.id: person.name for person in _by_id(session, wanted).values()}


def _by_id(session: Session, ids: Collection[UUID]) -> dict[UUID, Staff]:
    found = session.scalars(select(Staff).where(Staff.id.in_(ids)))
    return {person.id: person for person in found}
