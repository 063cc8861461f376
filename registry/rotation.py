"""The rotation of the keys: what the house's key wraps or seals goes under the newest one.

People's own keys are wrapped anew and their words stay as they are; secrets of the house, and words
from before there were keys of people, are sealed anew. What is still to do is read from the values
themselves, so a rotation that was killed goes on where it was, and two at once do no harm. Older
keys of the house stay: older backups want them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    LargeBinary,
    Table,
    and_,
    func,
    select,
    type_coerce,
    update,
)
from sqlalchemy.orm import Session

from registry.kit import crypto, sealed, subject_keys
from registry.kit.db import Base, transaction
from registry.kit.sealed import Sealed
from registry.person_keys import PersonKey

BATCH = 200
HOUSE = len(crypto.prefix(1))
WRAPPED = "subject_keys.wrapped"


@dataclass(frozen=True)
class Field:
    """One encrypted column, and the key of its rows."""

    column: Column[bytes]
    key: Column[Any]

    @property
    def table(self) -> Table:
        return self.column.table

    @property
    def kind(self) -> Sealed:
        kind = self.column.type
        assert isinstance(kind, Sealed)  # noqa: S101 - as `fields` found it
        return kind

    @property
    def bound_to(self) -> str:
        return self.kind.bound_to


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
    counted[WRAPPED] = session.scalar(select(func.count(PersonKey.id)).where(_old_key()))
    return {name: number for name, number in counted.items() if number}


def rotate(tell: Callable[[str, int], None] = lambda _name, _number: None) -> int:
    """Wrap and seal anew whatever an older key or form was used for; returns how many values."""
    done = 0
    while number := _wrap():
        done += number
        tell(WRAPPED, number)
    for each in fields():
        while number := _batch(each):
            done += number
            tell(each.bound_to, number)
    return done


def _wrap() -> int:
    """One transaction. A key that is destroyed meanwhile stays destroyed: its row is held."""
    with transaction() as session:
        asked = select(PersonKey).where(_old_key()).order_by(PersonKey.id).limit(BATCH)
        found = list(session.scalars(asked.with_for_update()))
        for each in found:
            each.wrapped = subject_keys.wrap(each.id, subject_keys.bare(each.id, each.wrapped))
        return len(found)


def _batch(each: Field) -> int:
    """One transaction. Rows that somebody holds are waited for; what they wrote meanwhile stays."""
    stored = type_coerce(each.column, LargeBinary)
    ways = subject_keys.ways(each.table)
    with transaction() as session:
        rows = session.execute(
            select(each.key.label("row"), stored.label("stored"), *ways)
            .where(*_old(each))
            .order_by(each.key)
            .limit(BATCH)
            .with_for_update(of=each.table)
        ).mappings()
        found = [dict(each) for each in rows]
        for told in found:
            row = told["row"]
            plain = crypto.unseal(bytes(told["stored"]), each.bound_to, row)
            key = None
            if not each.kind.house:
                key = subject_keys.of_row(session.connection(), each.table, row, told)
            fresh = sealed.seal(plain, each.bound_to, crypto.mark_of(row), key)
            session.execute(
                update(each.table)
                .where(each.key == row)
                .values({each.column.name: type_coerce(fresh, LargeBinary)})
            )
        return len(found)


def _old(each: Field) -> Iterator[ColumnElement[bool]]:
    """Where there are words: of the house not under its newest key, of people not under theirs."""
    stored = type_coerce(each.column, LargeBinary)
    yield and_(each.column.is_not(None), func.length(stored) > 0)
    if each.kind.house:
        yield func.substring(stored, 1, HOUSE) != crypto.prefix(crypto.newest_version())
    else:
        yield func.substring(stored, 1, 1) != bytes([sealed.OWNED])


def _old_key() -> ColumnElement[bool]:
    newest = subject_keys.prefix(crypto.newest_version())
    return and_(
        PersonKey.destroyed_at.is_(None),
        func.substring(PersonKey.wrapped, 1, len(newest)) != newest,
    )
