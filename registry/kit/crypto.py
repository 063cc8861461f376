"""Encrypted columns: AES-256-GCM, bound to table, column and row, keys outside the database.

Stored form: 0x80, key version (2 bytes), mark of the row (16 bytes), nonce (12 bytes), ciphertext
with tag. What was written before rows were marked begins with its key version, 1, and the nonce;
a rotation of the keys binds it too.
"""

import hashlib
import os
import re
import secrets
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Dialect, LargeBinary, event
from sqlalchemy.orm import DeclarativeBase, Mapper
from sqlalchemy.types import TypeDecorator
from typing_extensions import override

from registry.kit.settings import settings

BOUND = 0x80
MARK = 16
HEAD = 1 + 2 + MARK
NONCE = 12
VERSIONS = re.compile(r"fields-(\d{1,5})\.key")


def digest(secret: str) -> str:
    """What is kept of a secret of 128 random bits or more: nobody guesses what it was."""
    return hashlib.sha256(secret.encode()).hexdigest()


def key_file(name: str, length: int = 32) -> bytes:
    """The key kept under `name` in the keys folder, made at first use and readable by us alone."""
    path = settings().keys / name
    try:
        return path.read_bytes()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return _make(path, secrets.token_bytes(length))


def _make(path: Path, key: bytes) -> bytes:
    """Written whole under another name first: whoever comes second takes the first one's key."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(key)
        out.flush()
        os.fsync(descriptor)
    try:
        os.link(fresh, path)
    except FileExistsError:
        return path.read_bytes()
    finally:
        fresh.unlink()
    return key


class KeyMissing(InvalidTag):
    """The value was sealed with a key that is not in the folder of keys."""


def newest_version() -> int:
    """The key that new values are sealed with: the highest number in the folder."""
    try:
        changed = settings().keys.stat().st_mtime_ns
    except FileNotFoundError:
        return 1
    return _newest(settings().keys, changed)


@lru_cache(maxsize=2)
def _newest(keys: Path, _changed: int) -> int:
    found = (VERSIONS.fullmatch(path.name) for path in keys.iterdir())
    return max([int(match[1]) for match in found if match], default=1)


def next_version() -> int:
    """Make the next key; from now on every process with this folder seals with it."""
    number = newest_version() + 1
    key_file(f"fields-{number}.key")
    _newest.cache_clear()
    return number


@lru_cache(maxsize=8)
def _cipher(version: int) -> AESGCM:
    path = settings().keys / f"fields-{version}.key"
    if version != 1 and not path.exists():
        raise KeyMissing
    return AESGCM(key_file(path.name))


def mark_of(row: object) -> bytes:
    """What a row's key becomes in the stored form."""
    return hashlib.blake2b(str(row).encode(), digest_size=MARK).digest()


def prefix(version: int) -> bytes:
    """How every value begins that is bound to its row and sealed with this key."""
    return bytes([BOUND]) + version.to_bytes(2, "big")


def seal(plain: bytes, bound_to: str, row: object = "") -> bytes:
    """`bound_to` is table.column, `row` the key of the row in which the value will stand."""
    version, nonce, mark = newest_version(), os.urandom(NONCE), mark_of(row)
    body = _cipher(version).encrypt(nonce, plain, bound_to.encode() + mark)
    return prefix(version) + mark + nonce + body


def unseal(stored: bytes, bound_to: str, row: object = "") -> bytes:
    """Raises InvalidTag when a bit was changed or the value was moved from elsewhere."""
    plain, mark = _open(stored, bound_to)
    if mark is not None and mark != mark_of(row):
        raise InvalidTag
    return plain


def _open(stored: bytes, bound_to: str) -> tuple[bytes, bytes | None]:
    """What it says, and the mark of the row it was written for; None: from before the marks."""
    if len(stored) < (HEAD + NONCE if stored[:1] == bytes([BOUND]) else NONCE + 1):
        raise InvalidTag
    if stored[0] != BOUND:
        version, nonce, body = stored[0], stored[1 : 1 + NONCE], stored[1 + NONCE :]
        if version != 1:
            raise InvalidTag
        return _cipher(version).decrypt(nonce, body, bound_to.encode()), None
    version, mark, rest = int.from_bytes(stored[1:3], "big"), stored[3:HEAD], stored[HEAD:]
    plain = _cipher(version).decrypt(rest[:NONCE], rest[NONCE:], bound_to.encode() + mark)
    return plain, mark


class OfRow(bytes):
    """Bytes that know for which row they are sealed; None: they were written before the marks."""

    mark: bytes | None

    @classmethod
    def put(cls, value: bytes, mark: bytes | None) -> Self:
        made = cls(value)
        made.mark = mark
        return made


class WordsOfRow(str):
    """The same for text."""

    __slots__ = ("mark",)
    mark: bytes | None

    @classmethod
    def put(cls, value: str, mark: bytes | None) -> Self:
        made = cls(value)
        made.mark = mark
        return made


class Sealed(TypeDecorator[Any]):
    """A column of bytes that only this installation can read; `bound_to` is table.column."""

    impl = LargeBinary
    cache_ok = True
    of_row: type[OfRow | WordsOfRow] = OfRow

    def __init__(self, bound_to: str) -> None:
        super().__init__()
        self.bound_to = bound_to

    @override
    def process_bind_param(self, value: Any | None, dialect: Dialect) -> bytes | None:
        if value is None:
            return None
        mark: bytes | None = getattr(value, "mark", None)
        if mark is None:
            raise ValueError(f"{self.bound_to} is written through its model, which knows the row")
        version, nonce = newest_version(), os.urandom(NONCE)
        plain = value.encode() if isinstance(value, str) else bytes(value)
        body = _cipher(version).encrypt(nonce, plain, self.bound_to.encode() + mark)
        return prefix(version) + mark + nonce + body

    @override
    def process_result_value(self, value: Any | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        plain, mark = _open(bytes(value), self.bound_to)
        return self._said(plain, mark)

    def _said(self, plain: bytes, mark: bytes | None) -> bytes | str:
        return OfRow.put(plain, mark)


class SealedText(Sealed):
    """The same for words."""

    cache_ok = True
    of_row = WordsOfRow

    @override
    def _said(self, plain: bytes, mark: bytes | None) -> bytes | str:
        return WordsOfRow.put(plain.decode(), mark)


def bind_rows(base: type[DeclarativeBase]) -> None:
    """Let every model of `base` seal for its own row, and check that when it is read."""
    event.listen(base, "before_insert", _bind, propagate=True)
    event.listen(base, "before_update", _bind, propagate=True)
    event.listen(base, "load", _check, propagate=True)
    event.listen(
        base, "refresh", lambda target, context, _: _check(target, context), propagate=True
    )


@cache
def _sealed_of(mapper: Mapper[Any]) -> tuple[tuple[str, type[OfRow | WordsOfRow]], ...]:
    return tuple(
        (each.key, kind.of_row)
        for each in mapper.column_attrs
        if isinstance(kind := each.columns[0].type, Sealed)
    )


def _bind(mapper: Mapper[Any], _connection: Any, target: Any) -> None:
    """Before it is written: the value gets the mark of its row, which gets its key now."""
    for name, kind in _sealed_of(mapper):
        value = target.__dict__.get(name)
        if value is None:
            column = mapper.column_attrs[name].columns[0]
            if name in target.__dict__ or column.default is None:
                continue
            value = column.default.arg
        mark = mark_of(_row(mapper, target))
        if getattr(value, "mark", None) != mark:
            setattr(target, name, kind.put(value, mark))


def _row(mapper: Mapper[Any], target: Any) -> object:
    column = mapper.primary_key[0]
    name = mapper.get_property_by_column(column).key
    if getattr(target, name) is None and column.default is not None:
        setattr(target, name, column.default.arg(None))
    return getattr(target, name)


def _check(target: Any, _context: Any) -> None:
    """After it is read: a value that was sealed for another row was moved here by somebody."""
    mapper = target.__mapper__
    for name, _ in _sealed_of(mapper):
        mark = getattr(target.__dict__.get(name), "mark", None)
        if mark is not None and mark != mark_of(_row(mapper, target)):
            raise InvalidTag
