"""A file that only the holder of a key can read: sealed in chunks, so that any size streams.

Written form: magic, which key (8 bytes), salt (16 bytes), then chunks, each its length (4 bytes)
and its ciphertext. A chunk's nonce is its number and whether it is the last, so a chunk that was
changed, moved, repeated or cut off is refused.
"""

import hmac
import io
import os
import struct
from pathlib import Path
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from typing_extensions import override

from registry.kit.errors import Problem

MAGIC = b"CENTRALE-SEALED-1\n"
CHUNK = 1 << 20
TAG = 16
KEY_MARK, SALT = 8, 16


class Unreadable(Problem):
    """A sealed file cannot be opened: another key, or not as it was written."""


def create(path: Path) -> IO[bytes]:
    """A new file that nobody else may read; FileExistsError when there is one."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def mark_of(key: bytes) -> bytes:
    """Which key it is, without telling anything of it."""
    return hmac.digest(key, b"centrale: which key", "sha256")[:KEY_MARK]


class Sealing(io.RawIOBase):
    """Write to it as to a file; without `close` the last chunk is missing and nothing opens."""

    def __init__(self, out: IO[bytes], key: bytes) -> None:
        salt = os.urandom(SALT)
        out.write(MAGIC + mark_of(key) + salt)
        self._out, self._cipher = out, _cipher(key, salt)
        self._waiting, self._number = bytearray(), 0

    @override
    def writable(self) -> bool:
        return True

    @override
    def write(self, data: "bytes | bytearray | memoryview") -> int:  # type: ignore[override]
        self._waiting += data
        while len(self._waiting) > CHUNK:
            self._put(bytes(self._waiting[:CHUNK]), last=False)
            del self._waiting[:CHUNK]
        return len(data)

    def finish(self) -> None:
        """Write the last chunk: only now the file is whole."""
        self._put(bytes(self._waiting), last=True)
        self._waiting.clear()

    def _put(self, plain: bytes, *, last: bool) -> None:
        body = self._cipher.encrypt(_nonce(self._number, last=last), plain, None)
        self._out.write(struct.pack(">I", len(body)) + body)
        self._number += 1


class Unsealing(io.RawIOBase):
    """Read from it as from a file; Unreadable as soon as something does not fit."""

    def __init__(self, source: IO[bytes], key: bytes) -> None:
        head = source.read(len(MAGIC) + KEY_MARK + SALT)
        if len(head) != len(MAGIC) + KEY_MARK + SALT or not head.startswith(MAGIC):
            raise Unreadable("This is not an archive of Centrale, or its beginning is damaged")
        if not hmac.compare_digest(head[len(MAGIC) : -SALT], mark_of(key)):
            raise Unreadable("This archive was made with another key: bring the keys it belongs to")
        self._source, self._cipher = source, _cipher(key, head[-SALT:])
        self._ready, self._number, self._ended = b"", 0, False

    @override
    def readable(self) -> bool:
        return True

    @override
    def read(self, size: int = -1) -> bytes:
        wanted = bytearray()
        while size < 0 or len(wanted) < size:
            if not self._ready and not self._next():
                break
            take = len(self._ready) if size < 0 else size - len(wanted)
            wanted += self._ready[:take]
            self._ready = self._ready[take:]
        return bytes(wanted)

    def _next(self) -> bool:
        if self._ended:
            return False
        plain = self._chunk()
        self._number += 1
        self._ready = plain
        return bool(plain) or not self._ended

    def _chunk(self) -> bytes:
        length = self._source.read(4)
        size = struct.unpack(">I", length)[0] if len(length) == struct.calcsize(">I") else 0
        if not TAG <= size <= CHUNK + TAG:
            raise _damaged(self._number)
        body = self._source.read(size)
        for last in (False, True):
            try:
                plain = self._cipher.decrypt(_nonce(self._number, last=last), body, None)
            except InvalidTag:
                continue
            self._ended = last
            if last and self._source.read(1):
                raise _damaged(self._number)
            return plain
        raise _damaged(self._number)


def _damaged(number: int) -> Unreadable:
    return Unreadable(
        f"The archive is damaged or cut off ({number} MB were still whole): use another copy"
    )


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def _cipher(key: bytes, salt: bytes) -> AESGCM:
    derived = HKDF(algorithm=SHA256(), length=32, salt=salt, info=b"centrale archive").derive(key)
    return AESGCM(derived)
