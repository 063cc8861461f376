"""Rows about a person in all tables of the house: found by the models, moved, put back."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from enum import Enum
from typing import Any, Self
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    and_,
    exists,
    func,
    inspect,
    not_,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.orm import Session

from registry.kit.db import Base
from registry.people import Person

# The journal is never rewritten; keys of the search and pairs told apart follow by themselves.
APART = frozenset({"journal", "people", "merges", "name_keys", "not_same", "duplicate_candidates"})
# They move with the rest, and no copy of them is made.
KEYS = frozenset({"subject_keys"})


@dataclass(frozen=True)
class Moved:
    """Rows of one table whose column named somebody else until now."""

    table: str
    column: str
    keys: list[list[str]]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, written: dict[str, Any]) -> Self:
        return cls(**written)


def naming() -> Iterator[tuple[Table, Column[Any]]]:
    """Each column of the house that names a person."""
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            targets = {key.target_fullname for key in column.foreign_keys}
            if table.name not in APART and ("people.id" in targets or column.name == "person_id"):
                yield table, column


def columns(person: Person) -> dict[str, Any]:
    """The columns of a file as they can be kept in JSON."""
    mapped = inspect(Person).column_attrs
    return {each.key: write(getattr(person, each.key)) for each in mapped}


def whole(session: Session, ids: Sequence[UUID]) -> dict[str, list[dict[str, Any]]]:
    """Every row about these people, by table."""
    found: dict[str, list[dict[str, Any]]] = {}
    for table, column in naming():
        if table.name in KEYS:
            continue
        rows = session.execute(select(table).where(column.in_(ids))).mappings()
        kept = [{key: write(value) for key, value in row.items()} for row in rows]
        if kept:
            found[f"{table.name}.{column.name}"] = kept
    return found


def write(value: Any) -> Any:
    """A value of a column as JSON has it."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Enum):
        return value.value
    return value if isinstance(value, str | int | float | bool | list | None) else str(value)


def read(name: str, value: Any) -> Any:
    """A value of a column of Person from JSON."""
    kind = inspect(Person).columns[name].type.python_type
    if value is None or kind in {str, int, bool, list}:
        return value
    return date.fromisoformat(value) if kind is date else UUID(value)


def move(session: Session, of: UUID, to: UUID) -> tuple[list[Moved], int]:
    """Give the rows of one file to the other; those that would be there twice stay, and count."""
    moved, left = [], 0
    for table, column in naming():
        done = session.execute(
            update(table)
            .where(column == of, not_(or_(*_twice(table, column, to))))
            .values({column.name: to})
            .returning(*table.primary_key.columns)
        ).all()
        if done:
            keys = [[str(write(part)) for part in key] for key in done]
            moved.append(Moved(table.name, column.name, keys))
        still = select(func.count()).select_from(table).where(column == of)
        left += session.scalar(still) or 0
    return moved, left


def _twice(table: Table, column: Column[Any], to: UUID) -> list[ColumnElement[bool]]:
    """Conditions under which a row would meet an equal one on the other file."""
    found: list[ColumnElement[bool]] = [column.is_(None)]
    for alike in _unique(table):
        if column.name in alike:
            other = table.alias()
            same = [
                other.c[name].is_not_distinct_from(table.c[name])
                for name in alike
                if name != column.name
            ]
            found.append(exists().where(and_(other.c[column.name] == to, *same)))
    return found


def _unique(table: Table) -> Iterable[set[str]]:
    for each in table.constraints:
        if isinstance(each, UniqueConstraint | PrimaryKeyConstraint):
            yield {column.name for column in each.columns}
    for index in table.indexes:
        if index.unique:
            yield {column.name for column in index.columns}


def put_back(session: Session, moved: Iterable[Moved], of: UUID, from_: UUID) -> None:
    """What was moved is the first one's again, unless it has gone to somebody else since."""
    for each in moved:
        table = Base.metadata.tables[each.table]
        column = table.c[each.column]
        keys = list(table.primary_key.columns)
        wanted = [
            tuple(_part(part, text) for part, text in zip(keys, key, strict=True))
            for key in each.keys
        ]
        session.execute(
            update(table)
            .where(column == from_, tuple_(*keys).in_(wanted))
            .values({column.name: of})
        )


def _part(column: Column[Any], written: str) -> Any:
    kind = column.type.python_type
    return bytes.fromhex(written) if kind is bytes else kind(written)
