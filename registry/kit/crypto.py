"""Encrypted columns: AES-256-GCM, bound to their table and column, keys outside the database.

Stored form: key version (1 byte), nonce (12 bytes), ciphertext with tag.
"""

import hashlib
import os
import secrets
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Dialect, LargeBinary
from sqlalchemy.types import TypeDecorator
from typing_extensions import override

from registry.kit.settings import settings

NONCE = 12
VERSION = 1


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


@lru_cache(maxsize=4)
def _cipher(version: int) -> AESGCM:
    return AESGCM(key_file(f"fields-{version}.key"))


def seal(plain: bytes, bound_to: str) -> bytes:
    nonce = os.urandom(NONCE)
    return bytes([VERSION]) + nonce + _cipher(VERSION).encrypt(nonce, plain, bound_to.encode())


def unseal(stored: bytes, bound_to: str) -> bytes:
    """Raises InvalidTag when a bit was changed or the value was moved from elsewhere."""
    version, nonce, body = stored[0], stored[1 : 1 + NONCE], stored[1 + NONCE :]
    return _cipher(version).decrypt(nonce, body, bound_to.encode())


class Sealed(TypeDecorator[bytes]):
    """A column of bytes that only this installation can read; `bound_to` is table.column."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, bound_to: str) -> None:
        super().__init__()
        self.bound_to = bound_to

    @override
    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        return None if value is None else seal(value, self.bound_to)

    @override
    def process_result_value(self, value: Any | None, dialect: Dialect) -> bytes | None:
        return None if value is None else unseal(bytes(value), self.bound_to)
