"""Encrypted columns: a value is sealed for its column and its row, under its subject's own key.

Stored form: 0x81, id of the subject's key (16 bytes), mark of the row (16 bytes), nonce (12 bytes),
ciphertext with tag. A column of the house itself has the form of `crypto`. Nothing said is stored
as nothing. A SELECT brings the wrapped key along with the value, so a list asks for no key apart.
"""

import os
from collections.abc import Mapping
from functools import cache
from typing import Any, Self

from cryptography.exceptions import InvalidTag
from sqlalchemy import ColumnElement, Connection, Dialect, LargeBinary, Table, event, inspect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Mapper
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator
from typing_extensions import override

from registry.kit import crypto, subject_keys
from registry.kit.crypto import MARK, NONCE, KeyMissing
from registry.kit.subject_keys import ID, WRAPPED, Key

OWNED = 0x81
PREFIX = 1 + ID
HEAD = PREFIX + MARK


class OfRow(bytes):
    """Bytes that know the row they are sealed for, and the key; None: the older forms."""

    mark: bytes | None
    key: Key | None

    @classmethod
    def put(cls, value: bytes, mark: bytes | None, key: Key | None = None) -> Self:
        made = cls(value)
        made.mark, made.key = mark, key
        return made


class WordsOfRow(str):
    """The same for text."""

    __slots__ = ("key", "mark")
    mark: bytes | None
    key: Key | None

    @classmethod
    def put(cls, value: str, mark: bytes | None, key: Key | None = None) -> Self:
        made = cls(value)
        made.mark, made.key = mark, key
        return made


class WithKey(FunctionElement[bytes]):
    """The stored value with its wrapped key before it, where it has one."""

    inherit_cache = True


@compiles(WithKey)
def _with_key(element: WithKey, compiler: SQLCompiler, **words: Any) -> str:
    words.pop("add_to_result_map", None)
    value = compiler.process(element.clauses, **words)
    return (  # `value` is a column's name
        f"(CASE WHEN substring({value}, 1, 1) = '\\x81'::bytea THEN coalesce((SELECT k.wrapped "  # noqa: S608
        f"FROM subject_keys k WHERE k.id = substring({value}, 2, {ID})), ''::bytea) || {value} "
        f"ELSE {value} END)"
    )


class Sealed(TypeDecorator[Any]):
    """A column of bytes that only this installation can read; `bound_to` is table.column.

    `house`: it tells of nobody, so it has no subject's key (secrets of devices and of log-ins).
    """

    impl = LargeBinary
    cache_ok = True
    of_row: type[OfRow | WordsOfRow] = OfRow

    def __init__(self, bound_to: str, *, house: bool = False) -> None:
        super().__init__()
        self.bound_to = bound_to
        self.house = house

    @override
    def column_expression(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        if self.house:
            return column
        found = WithKey(column)
        found.type = self
        return found

    @override
    def process_bind_param(self, value: Any | None, dialect: Dialect) -> bytes | None:
        if value is None or not len(value):
            return None if value is None else b""
        mark: bytes | None = getattr(value, "mark", None)
        key: Key | None = getattr(value, "key", None)
        if mark is None or (key is None and not self.house):
            raise ValueError(f"{self.bound_to} is written through its model, which knows the row")
        plain = value.encode() if isinstance(value, str) else bytes(value)
        return seal(plain, self.bound_to, mark, None if self.house else key)

    @override
    def process_result_value(self, value: Any | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        plain, mark, key = open_(bytes(value), self.bound_to)
        return self._said(plain, mark, key)

    def _said(self, plain: bytes, mark: bytes | None, key: Key | None) -> bytes | str:
        return OfRow.put(plain, mark, key)


class SealedText(Sealed):
    """The same for words."""

    cache_ok = True
    of_row = WordsOfRow

    @override
    def _said(self, plain: bytes, mark: bytes | None, key: Key | None) -> bytes | str:
        return WordsOfRow.put(plain.decode(), mark, key)


def seal(plain: bytes, bound_to: str, mark: bytes, key: Key | None) -> bytes:
    """The stored form; without a key, that of the house."""
    if key is None:
        return crypto.seal_marked(plain, bound_to, mark)
    head, nonce = bytes([OWNED]) + key.id, os.urandom(NONCE)
    return head + mark + nonce + key.cipher.encrypt(nonce, plain, bound_to.encode() + head + mark)


def open_(value: bytes, bound_to: str) -> tuple[bytes, bytes | None, Key | None]:
    """What a SELECT brought: plain, mark of the row, key. Nothing where the key was destroyed.

    Raises InvalidTag when a bit was changed, KeyMissing when nobody has heard of the key.
    """
    if not value or value[:1] == subject_keys.GONE:
        return b"", None, None
    if value[0] == OWNED:
        raise KeyMissing
    if value[0] != subject_keys.HERE:
        return *crypto.open_(value, bound_to), None
    wrapped, stored = value[:WRAPPED], value[WRAPPED:]
    if len(stored) < HEAD + NONCE or stored[0] != OWNED:
        raise InvalidTag
    key = subject_keys.unwrap(stored[1:PREFIX], wrapped)
    mark, nonce, body = stored[PREFIX:HEAD], stored[HEAD : HEAD + NONCE], stored[HEAD + NONCE :]
    plain = key.cipher.decrypt(nonce, body, bound_to.encode() + stored[:PREFIX] + mark)
    return plain, mark, key


def bind_rows(base: type[DeclarativeBase]) -> None:
    """Let every model of `base` seal for its own row, and check that when it is read."""
    event.listen(base, "before_insert", _bind, propagate=True)
    event.listen(base, "before_update", _bind, propagate=True)
    event.listen(base, "load", _check, propagate=True)
    event.listen(
        base, "refresh", lambda target, context, _: _check(target, context), propagate=True
    )


def columns_of(mapper: Mapper[Any]) -> Mapping[str, Sealed]:
    """Attribute → type of each encrypted column of a model."""
    return _sealed_of(mapper)


@cache
def _sealed_of(mapper: Mapper[Any]) -> dict[str, Sealed]:
    return {
        each.key: kind
        for each in mapper.column_attrs
        if isinstance(kind := each.columns[0].type, Sealed)
    }


def _bind(mapper: Mapper[Any], connection: Connection, target: Any) -> None:
    """Before it is written: the value gets the mark of its row, which gets its key now."""
    sealed = _sealed_of(mapper)
    if not sealed:
        return
    row = _row(mapper, target)
    moved = _follow(mapper, connection, target, row)
    mark, key = crypto.mark_of(row), None
    for name, kind in sealed.items():
        again = moved and not kind.house
        value = getattr(target, name) if again else target.__dict__.get(name)
        sure = kind.house or getattr(value, "key", None) is not None
        if not value or (getattr(value, "mark", None) == mark and sure and not again):
            continue
        if not kind.house and key is None:
            key = subject_keys.of_row(connection, _table(mapper), row, _told(mapper, target))
        setattr(target, name, kind.of_row.put(value, mark, None if kind.house else key))


def _table(mapper: Mapper[Any]) -> Table:
    found = mapper.local_table
    assert isinstance(found, Table)  # noqa: S101 - a model stands for a table
    return found


def _told(mapper: Mapper[Any], target: Any) -> dict[str, Any]:
    """What the row says of whose it is."""
    return {
        column.name: getattr(target, mapper.get_property_by_column(column).key)
        for column in subject_keys.ways(_table(mapper))
    }


def _follow(mapper: Mapper[Any], connection: Connection, target: Any, row: Any) -> bool:
    """Whether the row is another's than it was; the keys made for it go with it."""
    state = inspect(target)
    if not state.persistent:
        return False
    names = [
        mapper.get_property_by_column(column).key for column in subject_keys.ways(_table(mapper))
    ]
    if not any(state.attrs[name].history.has_changes() for name in names):
        return False
    subject_keys.follow(connection, _table(mapper), row, _told(mapper, target))
    return True


def _row(mapper: Mapper[Any], target: Any) -> Any:
    column = mapper.primary_key[0]
    name = mapper.get_property_by_column(column).key
    if getattr(target, name) is None and column.default is not None:
        setattr(target, name, column.default.arg(None))
    return getattr(target, name)


def _check(target: Any, _context: Any) -> None:
    """After it is read: a value that was sealed for another row was moved here by somebody."""
    mapper = target.__mapper__
    for name in _sealed_of(mapper):
        mark = getattr(target.__dict__.get(name), "mark", None)
        if mark is not None and mark != crypto.mark_of(_row(mapper, target)):
            raise InvalidTag
