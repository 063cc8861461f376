"""Gathering all that is kept of somebody, in pieces that a person can read one by one."""

from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from registry.people import Person
from registry.subject_access import Piece
from webconsole import personal
from webconsole.personal import PLACES, Place


def pieces(session: Session, person: Person) -> list[Piece]:
    """In the order of the table; empty fields are left out."""
    found = []
    for place in PLACES:
        if place.inner:
            continue
        for row in personal.rows(session, place, person.id):
            found += _of(place, row)
    return found


def _of(place: Place, row: Any) -> list[Piece]:
    said = {name: _words(getattr(row, name, None)) for name in place.fields}
    at = next(
        (
            _words(getattr(row, name))
            for name in ("at", "opened_at", "raised_at", "arrived_at", "received_at", "given_at")
            if getattr(row, name, None) is not None
        ),
        "",
    )
    return [
        Piece(
            place.table,
            name.removeprefix("sealed_"),
            words,
            at,
            others=place.others and _free(words),
        )
        for name, words in said.items()
        if words
    ]


def _free(words: str) -> bool:
    """Free words may name others; a code or a moment does not."""
    return " " in words.strip() or "+" in words


def _words(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, datetime):
        return value.isoformat(timespec="minutes")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    return "" if value is None else str(value)
