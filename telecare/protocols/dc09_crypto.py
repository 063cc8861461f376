"""Encryption of SIA DC-09: AES in CBC mode with a zero IV, everything after the bracket in hex.

It has no message authentication code, so it hides but does not prove: the clock window and the
structure of the plaintext are all that tells a wrong key or an old frame.
"""

import contextlib
import secrets
from datetime import UTC, datetime

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from registry.kit.errors import Invalid

KEY_BYTES = (16, 24, 32)
HEX = "hex:"
_BLOCK = 16
_ZERO_IV = bytes(_BLOCK)
_PAD = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"  # never a bracket or a bar


def key_from(text: str) -> bytes:
    """A device key as people write it: hexadecimal, or the characters themselves.

    Where both readings give a length that AES takes, the longer key is meant: 32 hexadecimal
    digits are 32 characters of text (AES-256), not 16 bytes. With `hex:` before them they are the
    16 bytes of AES-128. Raises Invalid.
    """
    written = text.strip()
    bare = written[len(HEX) :] if written.lower().startswith(HEX) else ""
    readings = [] if bare else [written.encode("utf-8")]
    with contextlib.suppress(ValueError):  # what is not hexadecimal can only be text
        readings.append(bytes.fromhex(bare or written))
    fitting = [key for key in readings if len(key) in KEY_BYTES]
    if not fitting:
        raise Invalid(
            "A key has 16, 24 or 32 characters, or 32, 48 or 64 hexadecimal digits", field="key"
        )
    return max(fitting, key=len)


def decrypt(key: bytes, data: bytes) -> bytes:
    """The plaintext, padding included; `data` is a multiple of 16 bytes."""
    opener = Cipher(AES(key), CBC(_ZERO_IV)).decryptor()
    return opener.update(data) + opener.finalize()


def encrypt(key: bytes, content: bytes) -> bytes:
    """`content` behind random padding, encrypted, as upper-case hexadecimal digits."""
    missing = -len(content) % _BLOCK or _BLOCK
    pad = bytes(secrets.choice(_PAD) for _ in range(missing))
    sealer = Cipher(AES(key), CBC(_ZERO_IV)).encryptor()
    return (sealer.update(pad + content) + sealer.finalize()).hex().upper().encode()


def timestamp(moment: datetime) -> bytes:
    """`_HH:MM:SS,MM-DD-YYYY`, in GMT."""
    return moment.strftime("_%H:%M:%S,%m-%d-%Y").encode()


def moment(text: bytes) -> datetime | None:
    """The moment in `HH:MM:SS,MM-DD-YYYY`; None when there is no such moment."""
    try:
        return datetime(
            int(text[15:19]),
            int(text[9:11]),
            int(text[12:14]),
            int(text[0:2]),
            int(text[3:5]),
            int(text[6:8]),
            tzinfo=UTC,
        )
    except ValueError:
        return None
