"""A list of people to be called, as lines of CSV: who is known is found, the others are written."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from registry import people
from registry.access import Actor
from registry.kit import texts
from registry.kit.errors import Invalid, Problem
from registry.kit.phone import e164
from registry.people import Person
from telecare import fragility
from telecare.campaigns import Wanted
from telecare.fragility import Known

COLUMNS = ("cognome", "nome", "telefono")
MAY_COME = ("anno", "comune", "indirizzo")
MOST = 5_000
TOLD = 5  # wrong lines that are named


@dataclass(frozen=True, kw_only=True)
class Line:
    """One person of the list; the number is what they are found by."""

    family_name: str
    given_name: str
    phone: str
    birth_year: int | None
    town: str
    street: str


def read(session: Session, content: str, actor: Actor) -> list[Wanted]:
    """Those to be called, each once. Raises Invalid, naming every line that is wrong.

    A number that belongs to one known person of that surname is theirs; otherwise a new file is
    opened, so that what comes of the call is written somewhere.
    """
    wrong: list[str] = []
    found: dict[UUID, Wanted] = {}
    for number, cells in _cells(content):
        try:
            person = _person(session, _line(cells), actor)
        except Problem as problem:
            wrong.append(f"{number}: {problem}")
            continue
        found.setdefault(person.id, Wanted(person_id=person.id, weight=_weight(person)))
    if wrong:
        raise Invalid(
            "%(count)s lines cannot be read: %(lines)s",
            field="list",
            count=len(wrong),
            lines="; ".join(wrong[:TOLD]),
        )
    return list(found.values())


def _cells(content: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Numbered lines as cells by column; comma, semicolon or tab."""
    with texts.read_as_csv("list"):
        yield from _read(content)


def _read(content: str) -> Iterator[tuple[int, dict[str, str]]]:
    content = content.removeprefix("\ufeff").strip()
    head = content.partition("\n")[0]
    delimiter = max(";,\t", key=head.count)
    reader = csv.DictReader(io.StringIO(content, newline=""), delimiter=delimiter)
    reader.fieldnames = [name.strip().lower() for name in reader.fieldnames or []]
    missing = [name for name in COLUMNS if name not in reader.fieldnames]
    if missing:
        raise Invalid(
            "The first line must name the columns %(wanted)s; missing: %(missing)s",
            field="list",
            wanted=", ".join(COLUMNS),
            missing=", ".join(missing),
        )
    for cells in reader:
        if reader.line_num > MOST + 1:
            raise Invalid("A list has at most %(most)s lines", field="list", most=MOST)
        yield reader.line_num, {name: (cells.get(name) or "").strip() for name in reader.fieldnames}


def _line(cells: dict[str, str]) -> Line:
    if not cells["cognome"]:
        raise Invalid("The surname is missing")
    year = cells.get("anno", "")
    if year and not year.isdecimal():
        raise Invalid("The birth year %(year)s cannot be right", year=year)
    return Line(
        family_name=cells["cognome"],
        given_name=cells["nome"],
        phone=e164(cells["telefono"]),
        birth_year=int(year) if year else None,
        town=cells.get("comune", ""),
        street=cells.get("indirizzo", ""),
    )


def _person(session: Session, line: Line, actor: Actor) -> Person:
    same = [
        each
        for each in people.by_phone(session, line.phone, actor)
        if each.family_name.casefold() == line.family_name.casefold()
        and (not line.given_name or each.given_name.casefold() == line.given_name.casefold())
    ]
    if len(same) == 1:
        return same[0]
    made = people.create(
        session,
        given_name=line.given_name,
        family_name=line.family_name,
        birth_year=line.birth_year,
    )
    people.add_phone(session, made, line.phone)
    if line.street or line.town:
        people.add_address(session, made, street=line.street, town=line.town)
    return made


def _weight(person: Person) -> int:
    alerts = frozenset(each.kind for each in person.alerts if each.compartment is None)
    facts = Known(age=person.age, alerts=alerts, near=len(person.near))
    return fragility.weight(fragility.reasons(facts))
