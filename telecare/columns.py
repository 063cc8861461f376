"""Columns as PostgreSQL's binary arrays: many rows travel in one statement, and nothing is parsed.

An element is its length and its bytes, as "array_recv" of PostgreSQL reads them.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from struct import Struct
from uuid import UUID

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format
from typing_extensions import override

# The types of elements by their numbers in PostgreSQL, which never change.
OIDS = {
    "bool": 16,
    "bytea": 17,
    "int": 23,
    "text": 25,
    "float8": 701,
    "timestamptz": 1184,
    "uuid": 2950,
    "jsonb": 3802,
}

NULL = b"\xff\xff\xff\xff"
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
JSONB_VERSION = b"\x01"

_length = Struct(">i").pack
_whole = Struct(">ii").pack
_long = Struct(">iq").pack
_double = Struct(">id").pack
# Dimensions, whether nulls may occur, type, size, first index.
_head = Struct(">iiIii").pack
_NOTHING = Struct(">iiI").pack
_SIXTEEN = _length(16)


class Column(bytes):
    """A whole column, ready to be sent; the statement says its type."""

    __slots__ = ()


class _AsItIs(Dumper):
    format = Format.BINARY

    @override
    def dump(self, obj: Column) -> bytes:
        return obj


psycopg.adapters.register_dumper(Column, _AsItIs)


def column(kind: str, elements: Sequence[bytes]) -> Column:
    """Elements of one type, in the order of the rows."""
    oid = OIDS[kind]
    if not elements:
        return Column(_NOTHING(0, 0, oid))
    return Column(_head(1, 1, oid, len(elements), 1) + b"".join(elements))


def octets(value: bytes) -> bytes:
    return _length(len(value)) + value


def text(value: str) -> bytes:
    """What a sender wrote."""
    written = value.encode()
    return _length(len(written)) + written


@lru_cache(maxsize=1024)
def word(value: str) -> bytes:
    """One of our own words, which come again and again."""
    return text(value)


def document(value: str) -> bytes:
    """Written JSON."""
    written = value.encode()
    return _length(len(written) + 1) + JSONB_VERSION + written


def key(value: UUID) -> bytes:
    return _SIXTEEN + value.bytes


def key_or_null(value: UUID | None) -> bytes:
    return NULL if value is None else _SIXTEEN + value.bytes


def moment(value: datetime) -> bytes:
    return _long(8, (value - EPOCH) // MICROSECOND)


def flag(*, value: bool) -> bytes:
    return b"\x00\x00\x00\x01\x01" if value else b"\x00\x00\x00\x01\x00"


def whole(value: int) -> bytes:
    return _whole(4, value)


def number_or_null(value: float | None) -> bytes:
    return NULL if value is None else _double(8, value)
