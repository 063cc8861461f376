"""The rotation of the keys of encrypted columns: every value sealed anew with the newest key.

What is still to do is read from the values themselves, so a rotation that was killed goes on where
it was, and two at once do the same work without harm. Older keys stay: older backups want them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import Column, ColumnElement, LargeBinary, Table, func, select, type_coerce, update
from sqlalchemy.orm import Session

from registry.kit import crypto
from registry.kit.crypto import Sealed
from registry.kit.db import Base, transaction

BATCH = 200
PREFIX = len(crypto.prefix(1))


@dataclass(frozen=True)
class Field:
    """One encrypted column, and the key of its rows."""

    column: Column[bytes]
    key: Column[object]

    @property
    def table(self) -> Table:
        return self.column.table

    @property
    def bound_to(self) -> str:
        kind = self.column.type
        assert isinstance(kind, Sealed)  # noqa: S101 - as `fields` found it
        return kind.bound_to


def fields() -> list[Field]:
    """Every encrypted column that there is."""
    return [
        Field(column, next(iter(table.primary_key)))
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, Sealed)
    ]


def left(session: Session) -> dict[str, int]:
    """How many values of each column are not yet under the newest key; those done left out."""
    counted = {
        each.bound_to: session.scalar(select(func.count(each.key)).where(*_old(each)))
        for each in fields()
    }
    return {name: number for name, number in counted.items() if number}


def rotate(tell: Callable[[str, int], None] = lambda _name, _number: None) -> int:
    """Seal anew whatever an older key or an older form was used for; returns how many values."""
    done = 0
    for each in fields():
        while number := _batch(each):
            done += number
            tell(each.bound_to, number)
    return done


def _batch(each: Field) -> int:
    """One transaction. Rows that somebody holds are waited for; what they wrote meanwhile stays."""
    stored = type_coerce(each.column, LargeBinary)
    with transaction() as session:
        rows = session.execute(
            select(each.key, stored)
            .where(*_old(each))
            .order_by(each.key)
            .limit(BATCH)
            .with_for_update(of=each.table)
        ).all()
        for row, value in rows:
            plain = crypto.unseal(bytes(value), each.bound_to, row)
            fresh = crypto.seal(plain, each.bound_to, row)
            session.execute(
                update(each.table)
                .where(each.key == row)
                .values({each.column.name: type_coerce(fresh, LargeBinary)})
            )
        return len(rows)


def _old(each: Field) -> Iterator[ColumnElement[bool]]:
    stored = type_coerce(each.column, LargeBinary)
    yield each.column.is_not(None)
    yield func.substring(stored, 1, PREFIX) != crypto.prefix(crypto.newest_version())
