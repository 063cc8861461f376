"""Gathering all that is kept of somebody, in pieces that a person can read one by one."""

from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from registry import access, circles
from registry.access import Actor
from registry.attachments import Attachment
from registry.circles import Guarded
from registry.kit.errors import NotAllowed
from registry.people import Person
from registry.subject_access import Piece
from webconsole import personal
from webconsole.dress import ZONE
from webconsole.personal import PLACES, Place

# What names somebody even as a single word.
NAMING = frozenset({"name", "sealed_name"})


def pieces(session: Session, person: Person) -> list[Piece]:
    """In the order of the table; empty fields are left out."""
    found = []
    for place in PLACES:
        if place.inner:
            continue
        for row in personal.rows(session, place, person.id):
            found += _of(place, row)
    return found


def require(session: Session, person: Person, me: Actor) -> None:
    """NotAllowed when a part of the file is for others than the asker to read."""
    for place in PLACES:
        for row in personal.rows(session, place, person.id):
            reads = (
                circles.reads(me, row)
                if isinstance(row, Guarded)
                else access.sees(me, getattr(row, "compartment", None))
            )
            if not reads:
                raise NotAllowed(
                    "Some parts of this file are not yours: who reads them all gathers the copy"
                )


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
            others=place.others and (name in NAMING or _free(words)),
            document=_document(row) if name == "sealed_name" else "",
        )
        for name, words in said.items()
        if words
    ]


def _document(row: Any) -> str:
    """Its content is no words: whoever reads the copy opens it, and it goes along or not."""
    return f"{row.case_id}/{row.id}" if isinstance(row, Attachment) else ""


def _free(words: str) -> bool:
    """Free words may name others; a code or a moment does not."""
    return " " in words.strip() or words.startswith("+")


def _words(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, datetime):
        return value.astimezone(ZONE).strftime("%d/%m/%Y")
    if isinstance(value, date):
        return value.strftime("%d/%m/%Y")
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    return "" if value is None else str(value)
