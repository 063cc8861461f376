"""What an import writes: a stretch of new files with one statement for each table."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import any_, insert, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session
from sqlalchemy.types import Text

from registry import identifiers, journal, names, vocabulary
from registry.identifiers import Identifier, IdentifierAdded, IdentifierKind, plain
from registry.import_rows import Row
from registry.kit import crypto, subject_keys
from registry.kit.db import new_id
from registry.kit.sealed import WordsOfRow
from registry.people import Person, PersonCreated, Phone
from registry.places import Address
from registry.vocabulary import WordKind

# By what a row is known again: the tax code, or the other registry's own code.
Code = tuple[IdentifierKind, str]


def codes_of(code: str, tax: str) -> list[Code]:
    """Both as they are kept; those that were not told are left out."""
    both = [(IdentifierKind.TAX_CODE, plain(tax)), (IdentifierKind.OTHER, plain(code))]
    return [each for each in both if each[1]]


def here(session: Session, codes: set[Code], source: str) -> set[Code]:
    """Those by which somebody is in the archive; another registry's own codes under its name."""
    by = {identifiers.index(value): value for _, value in codes}
    wanted = select(Identifier.kind, Identifier.found_by, Identifier.issuer).where(
        Identifier.found_by == any_(literal(sorted(by), ARRAY(Text())))
    )
    return {
        (kind, by[found])
        for kind, found, issuer in session.execute(wanted)
        if (kind, by[found]) in codes and (kind is IdentifierKind.TAX_CODE or issuer == source)
    }


def make(session: Session, rows: Sequence[Row], source: str) -> None:
    """A file for each row; what was told with it is part of its first version."""
    files = [(new_id(), row) for row in rows]
    if not files:
        return
    _insert(session, Person, [_person(id_, row) for id_, row in files])
    written = [(id_, row.given_name, row.family_name, row.birth_year) for id_, row in files]
    names.first_keys(session, written)
    _insert(
        session,
        Phone,
        [{"person_id": id_, "number": each} for id_, row in files for each in row.phones],
    )
    housed = [(id_, row) for id_, row in files if row.street or row.town]
    _insert(
        session,
        Address,
        [{"person_id": id_, "street": row.street, "town": row.town} for id_, row in housed],
    )
    vocabulary.learn(session, WordKind.TOWN, {row.town.lower() for _, row in housed})
    known_by = _sealed(session, [each for of in files for each in _identifiers(*of, source)])
    _insert(session, Identifier, known_by)
    journal.record_many(session, [PersonCreated(person_id=id_) for id_, _ in files])
    journal.record_many(
        session,
        [
            IdentifierAdded(
                person_id=each["person_id"], identifier_id=each["id"], as_kind=each["kind"]
            )
            for each in known_by
        ],
    )


def _insert(session: Session, model: type[Any], rows: list[dict[str, Any]]) -> None:
    if rows:
        session.execute(insert(model), rows)


def _person(id_: UUID, row: Row) -> dict[str, Any]:
    return {
        "id": id_,
        "given_name": row.given_name,
        "family_name": row.family_name,
        "birth_date": row.birth_date,
        "birth_year": row.birth_year,
        "language": row.language,
    }


def _sealed(session: Session, codes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same under keys of the new files, with what they are found by."""
    people = {each["person_id"] for each in codes}
    keys = subject_keys.of_new_people(session.connection(), people)
    return [
        each
        | {
            "value": WordsOfRow.put(
                each["value"], crypto.mark_of(each["id"]), keys[each["person_id"]]
            ),
            "found_by": identifiers.index(each["value"]),
        }
        for each in codes
    ]


def _identifiers(id_: UUID, row: Row, source: str) -> list[dict[str, Any]]:
    return [
        {
            "id": new_id(),
            "person_id": id_,
            "kind": kind,
            "value": value,
            "issuer": source if kind is IdentifierKind.OTHER else "",
        }
        for kind, value in codes_of(row.code, row.tax_code)
    ]
