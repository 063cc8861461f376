"""A copy of the installation's keys in one file, opened by a passphrase that a person keeps."""

import base64
import json
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from registry.kit.errors import Invalid, WrongState
from registry.kit.sealed_file import Unreadable, create

FORM = "centrale keys 1"
SHORTEST = 15  # letters of the passphrase: it stands alone between a thief and every file
COST = 1 << 16  # scrypt: about 64 MB and a quarter of a second a guess


def save(keys: Path, target: Path, passphrase: str) -> int:
    """Write every key of the folder; returns how many. An existing file is never overwritten."""
    if len(passphrase) < SHORTEST:
        raise Invalid(f"The passphrase has at least {SHORTEST} letters: four or five words do well")
    found = {path.name: path.read_bytes() for path in sorted(keys.glob("*.key"))}
    salt, nonce = os.urandom(16), os.urandom(12)
    plain = json.dumps({name: key.hex() for name, key in found.items()}).encode()
    written = {
        "form": FORM,
        "salt": salt.hex(),
        "nonce": nonce.hex(),
        "keys": base64.b64encode(
            _cipher(passphrase, salt).encrypt(nonce, plain, FORM.encode())
        ).decode(),
    }
    try:
        with create(target) as out:
            out.write(json.dumps(written, indent=1).encode() + b"\n")
            out.flush()
            os.fsync(out.fileno())
    except FileExistsError:
        raise WrongState(f"{target} is there already: choose another name") from None
    return len(found)


def load(source: Path, keys: Path, passphrase: str) -> int:
    """Put the keys of the copy into the folder; WrongState where another key is there already."""
    found = _read(source, passphrase)
    for name, key in found.items():
        path = keys / name
        if path.exists() and path.read_bytes() != key:
            raise WrongState(f"{path} is another key than that of the copy: move it away first")
    keys.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, key in found.items():
        if not (keys / name).exists():
            with create(keys / name) as out:
                out.write(key)
    return len(found)


def _read(source: Path, passphrase: str) -> dict[str, bytes]:
    try:
        written = json.loads(source.read_text(encoding="ascii"))
        salt, nonce = bytes.fromhex(written["salt"]), bytes.fromhex(written["nonce"])
        body = base64.b64decode(written["keys"], validate=True)
    except (ValueError, KeyError, TypeError) as error:
        raise Unreadable(f"{source} is not a copy of keys, or it is damaged") from error
    try:
        plain = _cipher(passphrase, salt).decrypt(nonce, body, FORM.encode())
    except InvalidTag:
        raise Unreadable(f"The passphrase does not open {source}, or it is damaged") from None
    found = {name: bytes.fromhex(key) for name, key in json.loads(plain).items()}
    if any(Path(name).name != name or not name.endswith(".key") for name in found):
        raise Unreadable(f"{source} names files that are no keys")
    return found


def _cipher(passphrase: str, salt: bytes) -> AESGCM:
    derived = Scrypt(salt=salt, length=32, n=COST, r=8, p=1).derive(passphrase.encode())
    return AESGCM(derived)
