"""The keys of people beside the backups: one sealed file, of which only the newest edition is kept.

A backup that had them inside would open for as long as it lives what was erased meanwhile.
"""

import json
import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from registry.kit import clock, crypto
from registry.kit.sealed_file import Sealing, Unreadable, Unsealing, create
from registry.people import Person
from registry.person_keys import PersonKey

FORM = 1
BATCH = 1_000


@dataclass(frozen=True)
class Kept:
    """What the file says: when it was written, and every key, the destroyed ones too."""

    made_at: datetime
    keys: list[PersonKey]


def place(folder: Path, key: bytes) -> Path:
    """Its name is that of the house: backups of several may lie in one folder."""
    return folder / f"people-{crypto.digest(key.hex())[:12]}.keys"


def write(session: Session, folder: Path, key: bytes) -> Path:
    """In place of the edition before, which is gone with what was erased since."""
    target = place(folder, key)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with create(part) as out:
            sealing = Sealing(out, key)
            for line in _lines(session):
                sealing.write(json.dumps(line).encode() + b"\n")
            sealing.finish()
            out.flush()
            os.fsync(out.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return target


def _lines(session: Session) -> Iterator[object]:
    yield {"form": FORM, "made_at": clock.now().isoformat()}
    asked = select(PersonKey).order_by(PersonKey.id).execution_options(yield_per=BATCH)
    for each in session.scalars(asked):
        yield [
            each.id.hex(),
            str(each.made_for),
            str(each.person_id or ""),
            each.wrapped.hex(),
            each.made_at.isoformat(),
            each.destroyed_at.isoformat() if each.destroyed_at else "",
        ]


def read(source: Path, key: bytes) -> Kept:
    """Raises Unreadable when it is damaged, or of another house."""
    with source.open("rb") as raw, closing(Unsealing(raw, key)) as plain:
        pieces = []
        while piece := plain.read(1 << 18):
            pieces.append(piece)
    head, *lines = [json.loads(line) for line in b"".join(pieces).splitlines()]
    if head.get("form") != FORM:
        raise Unreadable("The keys of people were kept by a newer Centrale: install that version")
    return Kept(datetime.fromisoformat(head["made_at"]), [_key(*line) for line in lines])


def _key(
    id_: str, made_for: str, person: str, wrapped: str, made_at: str, destroyed: str
) -> PersonKey:
    return PersonKey(
        id=bytes.fromhex(id_),
        made_for=UUID(made_for),
        person_id=UUID(person) if person else None,
        wrapped=bytes.fromhex(wrapped),
        made_at=datetime.fromisoformat(made_at),
        destroyed_at=datetime.fromisoformat(destroyed) if destroyed else None,
    )


def bring(session: Session, kept: Kept) -> None:
    """Into the restored database; of people whom it does not know it wants no keys."""
    known = set(session.scalars(select(Person.id)))
    rows = [
        {name: getattr(each, name) for name in PersonKey.__table__.columns.keys()}  # noqa: SIM118
        for each in kept.keys
        if each.person_id is None or each.person_id in known
    ]
    for start in range(0, len(rows), BATCH):
        session.execute(
            insert(PersonKey).values(rows[start : start + BATCH]).on_conflict_do_nothing()
        )


def erased_since(session: Session, kept: Kept, moment: datetime) -> list[Person]:
    """Whose key was destroyed after the backup: in it their file still stands.

    A key that a merge moved tells of both: in the backup the two may still be apart.
    """
    destroyed = [each for each in kept.keys if each.destroyed_at and each.destroyed_at >= moment]
    gone = {id_ for each in destroyed for id_ in (each.person_id, each.made_for) if id_}
    wanted = (
        select(Person).where(Person.id.in_(gone), Person.merged_into.is_(None)).order_by(Person.id)
    )
    return list(session.scalars(wanted))
