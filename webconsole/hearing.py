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
NOTHING: frozenset[str] = frozenset()


def after(session: Session, position: Position, limit: int) -> tuple[list[Entry], Reserved]:
    """What happened since, and which of it is about reserved people."""
    entries = journal.after(session, position, limit=limit)
    told_of = (each for each in entries if each.kind not in access.UNHEARD)
    those = {each for entry in told_of for each in _ids(entry)}
    return entries, _reserved(session, those) if those else {}


class News:
    """One entry as it is told: written once for all consoles that may hear the same of it."""

    def __init__(self, entry: Entry, reserved: Reserved) -> None:
        self.entry = entry
        self.reserved = (
            {each: reserved[each] for each in map(str, _said(entry)) if each in reserved}
            if reserved
            else {}
        )
        self.written: dict[frozenset[str], str] = {}

    def told(self, actor: Actor) -> str | None:
        """Of a reserved file nothing, to whoever may not know; whatever way the entry names it.

        Their alarm, call or team is told all the same, without saying whose it is.
        """
        if not access.hears(actor, self.entry.kind, self.entry.facts):
            return None
        hidden = self._hidden(actor) if self.reserved else NOTHING
        if hidden and self.entry.kind.startswith("registry."):
            return None
        if hidden not in self.written:
            self.written[hidden] = written(self.entry, hidden)
        return self.written[hidden]

    def _hidden(self, actor: Actor) -> frozenset[str]:
        kept = self.reserved.items()
        return frozenset(each for each, office in kept if not access.may_know(actor, office))


def written(entry: Entry, hidden: frozenset[str]) -> str:
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


def _names(value: Any, hidden: frozenset[str]) -> bool:
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
