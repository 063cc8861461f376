"""What a console is told of an entry of the journal; of a reserved file nothing, and no id."""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry import access, journal
from registry.access import Actor
from registry.cases import Case
from registry.journal import Entry, Position
from registry.people import Person

# The ids of reserved people in some entries, and of their cases, each with the office that keeps
# the file.
Reserved = Mapping[str, UUID | None]


def after(session: Session, position: Position, limit: int) -> tuple[list[Entry], Reserved]:
    """What happened since, and which of it is about reserved people."""
    entries = journal.after(session, position, limit=limit)
    told_of = (each for each in entries if each.kind not in access.UNHEARD)
    those = {each for entry in told_of for each in _ids(entry)}
    return entries, _reserved(session, those) if those else {}


def told(actor: Actor, entry: Entry, reserved: Reserved) -> str | None:
    """Of a reserved file nothing, to whoever may not know; whatever way an entry names it.

    Their alarm, call or team is told all the same, without saying whose it is.
    """
    if not access.hears(actor, entry.kind, entry.facts):
        return None
    named = (str(each) for each in _said(entry)) if reserved else ()
    hidden = {
        each for each in named if each in reserved and not access.may_know(actor, reserved[each])
    }
    if hidden and entry.kind.startswith("registry."):
        return None
    return written(entry, hidden)


def written(entry: Entry, hidden: set[str] | None = None) -> str:
    """A journal entry as consoles read it; where something is hidden, no file is named at all."""
    ids: dict[str, Any] = dict(entry.facts)
    if not hidden:
        ids = {"case_id": entry.case_id, "person_id": entry.person_id} | ids
    return json.dumps(
        {
            "position": str(entry.position),
            "kind": entry.kind,
            "ids": {
                name: value
                for name, value in ids.items()
                if value is not None and not (hidden and _names(value, hidden))
            },
        },
        default=str,
    )


def _names(value: Any, hidden: set[str]) -> bool:
    return any(str(each) in hidden for each in _flat(value))


def _ids(entry: Entry) -> Iterator[UUID]:
    """Every id in it that may be a person's or a case's, under whatever name."""
    for each in _said(entry):
        if isinstance(each, UUID):
            yield each
        elif isinstance(each, str) and len(each) == len(str(UUID(int=0))):
            try:
                yield UUID(each)
            except ValueError:
                continue


def _said(entry: Entry) -> Iterator[Any]:
    yield from _flat([entry.person_id, entry.case_id, *entry.facts.values()])


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, list | tuple):
        for each in value:
            yield from _flat(each)
    elif isinstance(value, dict):
        yield from _flat(list(value.values()))
    else:
        yield value


def _reserved(session: Session, ids: set[UUID]) -> Reserved:
    people = select(Person.id, Person.kept_by).where(Person.id.in_(ids), Person.restricted)
    cases = (
        select(Case.id, Person.kept_by)
        .join(Person, Person.id == Case.person_id)
        .where(Case.id.in_(ids), Person.restricted)
    )
    return {str(each.id): each.kept_by for each in session.execute(people.union_all(cases))}
