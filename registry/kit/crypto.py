"""Ciphers: AES-256-GCM under the keys of the house, which stand in files outside the database.

Stored form: 0x80, key version (2 bytes), mark of the row (16 bytes), nonce (12 bytes), ciphertext
with tag. What was written before rows were marked begins with its key version, 1, and the nonce;
a rotation of the keys binds it too.
"""

import hashlib
import os
import re
import secrets
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

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
def house_cipher(version: int) -> AESGCM:
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
    return seal_marked(plain, bound_to, mark_of(row))


def seal_marked(plain: bytes, bound_to: str, mark: bytes) -> bytes:
    version, nonce = newest_version(), os.urandom(NONCE)
    body = house_cipher(version).encrypt(nonce, plain, bound_to.encode() + mark)
    return prefix(version) + mark + nonce + body


def unseal(stored: bytes, bound_to: str, row: object = "") -> bytes:
    """Raises InvalidTag when a bit was changed or the value was moved from elsewhere."""
    plain, mark = open_(stored, bound_to)
    if mark is not None and mark != mark_of(row):
        raise InvalidTag
    return plain


def open_(stored: bytes, bound_to: str) -> tuple[bytes, bytes | None]:
    """What it says, and the mark of the row it was written for; None: from before the marks."""
    if len(stored) < (HEAD + NONCE if stored[:1] == bytes([BOUND]) else NONCE + 1):
        raise InvalidTag
    if stored[0] != BOUND:
        version, nonce, body = stored[0], stored[1 : 1 + NONCE], stored[1 + NONCE :]
        if version != 1:
            raise InvalidTag
        return house_cipher(version).decrypt(nonce, body, bound_to.encode()), None
    version, mark, rest = int.from_bytes(stored[1:3], "big"), stored[3:HEAD], stored[HEAD:]
    plain = house_cipher(version).decrypt(rest[:NONCE], rest[NONCE:], bound_to.encode() + mark)
    return plain, mark
