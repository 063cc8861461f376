"""An archive of the house: one sealed file with the database and what proves that it is whole.

Inside it is a tar: the dump of the database in parts, the list of the journal's seals, and last
the manifest, which names each part with its digest. The keys are not in it.
"""

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from registry.kit.errors import Problem
from registry.kit.sealed_file import Sealing, Unreadable, Unsealing, create

FORM = 2
DATABASE, SEALS, MANIFEST = "database", "journal-seals.jsonl", "manifest.json"
PART = 16 << 20  # bytes of the dump in one member
# The tar goes through in blocks of this size; larger ones mean fewer calls.
BLOCK = 1 << 18


class Refused(Problem):
    """A backup or a restore that is not begun, with the reason."""


@dataclass(kw_only=True)
class Manifest:
    """What the archive says of itself. `parts` is name → SHA-256."""

    made_at: str
    version: str
    revisions: list[str]
    postgres: int
    last_seal: int | None
    last_mark: str
    # Keys of people, which are kept apart; the archives of form 1 need none.
    keys: int = 0
    form: int = FORM
    parts: dict[str, str] = field(default_factory=dict)
    size: int = 0


def write(
    target: Path, key: bytes, manifest: Manifest, dump: Iterable[bytes], seals: bytes
) -> Manifest:
    """Write the archive under another name first: half an archive never bears an archive's name."""
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with create(part) as out:
            sealing = Sealing(out, key)
            _fill(sealing, manifest, dump, seals)
            sealing.finish()
            out.flush()
            os.fsync(out.fileno())
        part.rename(target)
    finally:
        part.unlink(missing_ok=True)
    return manifest


def _fill(sealing: Sealing, manifest: Manifest, dump: Iterable[bytes], seals: bytes) -> None:
    with tarfile.open(fileobj=sealing, mode="w|", bufsize=BLOCK, format=tarfile.PAX_FORMAT) as tar:
        for number, part in enumerate(_parts(dump)):
            _add(tar, manifest, f"{DATABASE}/{number:06}", part)
        _add(tar, manifest, SEALS, seals)
        written = json.dumps(asdict(manifest), indent=1, sort_keys=True).encode()
        _member(tar, MANIFEST, written)


def _parts(pieces: Iterable[bytes]) -> Iterator[bytes]:
    waiting = bytearray()
    for piece in pieces:
        waiting += piece
        if len(waiting) >= PART:
            yield bytes(waiting)
            waiting.clear()
    yield bytes(waiting)


def _add(tar: tarfile.TarFile, manifest: Manifest, name: str, body: bytes) -> None:
    manifest.parts[name] = hashlib.sha256(body).hexdigest()
    manifest.size += len(body)
    _member(tar, name, body)


def _member(tar: tarfile.TarFile, name: str, body: bytes) -> None:
    described = tarfile.TarInfo(name)
    described.size, described.mode = len(body), 0o600
    tar.addfile(described, io.BytesIO(body))


def check(source: Path, key: bytes, tell: Callable[[int], None] = lambda _: None) -> Manifest:
    """Read the archive to its end and compare every part; Unreadable when anything differs."""
    found: dict[str, str] = {}
    manifest: Manifest | None = None
    for name, body in _members(source, key):
        if name == MANIFEST:
            manifest = _manifest(body)
        else:
            found[name] = hashlib.sha256(body).hexdigest()
            tell(len(body))
    if manifest is None or manifest.parts != found:
        raise Unreadable("The archive does not hold what its manifest names: use another copy")
    return manifest


def _manifest(body: bytes) -> Manifest:
    said: dict[str, Any] = json.loads(body)
    if not 0 < int(said.get("form", 0)) <= FORM:
        raise Unreadable(
            "The archive was made by a newer Centrale than this one: install that version"
        )
    return Manifest(**said)


def database(source: Path, key: bytes) -> Iterator[bytes]:
    """The dump, part by part, as it is to be handed on."""
    for name, body in _members(source, key):
        if name.startswith(f"{DATABASE}/"):
            yield body


def seals(source: Path, key: bytes) -> bytes:
    """The list of the journal's seals as it was."""
    for name, body in _members(source, key):
        if name == SEALS:
            return body
    raise Unreadable("The archive has no list of seals: use another copy")


def _members(source: Path, key: bytes) -> Iterator[tuple[str, bytes]]:
    with source.open("rb") as raw, closing(Unsealing(raw, key)) as plain:
        try:
            with tarfile.open(fileobj=plain, mode="r|", bufsize=BLOCK) as tar:
                for member in tar:
                    body: IO[bytes] | None = tar.extractfile(member)
                    yield member.name, body.read() if body is not None else b""
            # To the very end: what follows the tar must be whole too.
            while plain.read(BLOCK):
                pass
        except tarfile.TarError as error:
            raise Unreadable("The archive is damaged: use another copy") from error
