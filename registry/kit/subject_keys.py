"""Keys of subjects: each person's words have a key of their own, wrapped by the house's key.

Where nobody is known yet, the row or the case has a key, which becomes the person's once they are
named. A destroyed key leaves its number: what it sealed reads as nothing, here and in any copy.
"""

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    LargeBinary,
    Table,
    Uuid,
    column,
    select,
    table,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from registry.kit import clock, crypto

ID, KEY = 16, 32
# How the wrapped form begins: there, or destroyed.
HERE, GONE = 0x90, b"\x91"
WRAPPED = 1 + 2 + crypto.NONCE + KEY + 16
BOUND_TO = b"subject_keys.wrapped"
# By which of its columns a row is somebody's; the first that says something counts.
PERSON = ("person_id", "stays_id")
WAYS = (*PERSON, "case_id", "referral_id", "attachment_id", "phone_id", "picture_id")

KEYS = table(
    "subject_keys",
    column("id", LargeBinary()),
    column("made_for", Uuid()),
    column("person_id", Uuid()),
    column("wrapped", LargeBinary()),
    column("made_at", DateTime(timezone=True)),
    column("destroyed_at", DateTime(timezone=True)),
)


@dataclass(frozen=True)
class Key:
    """One key, opened."""

    id: bytes
    cipher: AESGCM = field(repr=False)


def fresh() -> tuple[bytes, bytes]:
    """The number of a new key, and the key as the archive has it."""
    id_ = os.urandom(ID)
    return id_, wrap(id_, os.urandom(KEY))


def wrap(id_: bytes, key: bytes) -> bytes:
    """The form in the archive, under the newest key of the house."""
    version, nonce = crypto.newest_version(), os.urandom(crypto.NONCE)
    body = crypto.house_cipher(version).encrypt(nonce, key, BOUND_TO + id_)
    return prefix(version) + nonce + body


def prefix(version: int) -> bytes:
    """How every key begins that is wrapped by this version."""
    return bytes([HERE]) + version.to_bytes(2, "big")


def unwrap(id_: bytes, wrapped: bytes) -> Key:
    """Raises InvalidTag when it is not the key of this number, or a bit was changed."""
    return Key(id_, AESGCM(bare(id_, wrapped)))


def bare(id_: bytes, wrapped: bytes) -> bytes:
    """The key itself, to be wrapped anew."""
    if len(wrapped) != WRAPPED or wrapped[0] != HERE:
        raise InvalidTag
    version, rest = int.from_bytes(wrapped[1:3], "big"), wrapped[3:]
    nonce, body = rest[: crypto.NONCE], rest[crypto.NONCE :]
    return crypto.house_cipher(version).decrypt(nonce, body, BOUND_TO + id_)


@cache
def ways(of: Table) -> tuple[Column[Any], ...]:
    """The columns by which a row of this table is somebody's."""
    return tuple(of.c[name] for name in WAYS if name in of.c)


def of_row(connection: Connection, of: Table, row: UUID, told: Mapping[str, Any]) -> Key:
    """The key to seal a row's words with, made at the first of them."""
    made_for, person_id = owner(connection, of, row, told)
    asked = select(KEYS.c.id, KEYS.c.wrapped).where(
        KEYS.c.made_for == made_for, KEYS.c.destroyed_at.is_(None)
    )
    found = connection.execute(asked).first()
    if found is None:
        id_, wrapped = fresh()
        connection.execute(
            insert(KEYS)
            .values(
                id=id_,
                made_for=made_for,
                person_id=person_id,
                wrapped=wrapped,
                made_at=clock.now(),
            )
            .on_conflict_do_nothing(
                index_elements=[KEYS.c.made_for], index_where=KEYS.c.destroyed_at.is_(None)
            )
        )
        found = connection.execute(asked).one()
    return unwrap(bytes(found.id), bytes(found.wrapped))


def of_new_people(connection: Connection, people: Collection[UUID]) -> dict[UUID, Key]:
    """A key for each of those whom nobody has written anything of yet, with one statement."""
    made = {each: fresh() for each in people}
    if made:
        now = clock.now()
        rows = [
            {"id": id_, "made_for": each, "person_id": each, "wrapped": key, "made_at": now}
            for each, (id_, key) in made.items()
        ]
        connection.execute(insert(KEYS), rows)
    return {each: unwrap(*key) for each, key in made.items()}


def owner(
    connection: Connection, of: Table, row: UUID, told: Mapping[str, Any]
) -> tuple[UUID, UUID | None]:
    """For whom the key is made, person, case or the row itself; and the person, where known."""
    for each in ways(of):
        value = told[each.name]
        if value is None:
            continue
        if each.name in PERSON:
            return value, value
        target = next(iter(each.foreign_keys)).column.table
        asked = select(*ways(target)).where(next(iter(target.primary_key)) == value)
        parent = connection.execute(asked).mappings().one()
        return owner(connection, target, value, dict(parent))
    return row, None


def follow(connection: Connection, of: Table, row: UUID, told: Mapping[str, Any]) -> None:
    """The row became somebody's: so do the keys that were made for it."""
    _, person_id = owner(connection, of, row, told)
    if person_id is not None:
        connection.execute(update(KEYS).where(KEYS.c.made_for == row).values(person_id=person_id))


def destroy(
    connection: Connection, person_id: UUID, made_for: Collection[UUID], at: datetime
) -> int:
    """From now on nothing opens what these keys sealed; returns how many there were.

    They are the person's, and those that were made for rows before anybody knew whose they are.
    Whoever never had one gets the mark of one: an older backup that is restored asks for it.
    """
    theirs = (KEYS.c.person_id == person_id) | (
        KEYS.c.person_id.is_(None) & KEYS.c.made_for.in_(made_for)
    )
    done = connection.execute(
        update(KEYS)
        .where(theirs, KEYS.c.destroyed_at.is_(None))
        .values(wrapped=GONE, destroyed_at=at)
    )
    if connection.scalar(select(KEYS.c.id).where(KEYS.c.made_for == person_id).limit(1)) is None:
        connection.execute(
            KEYS.insert().values(
                id=os.urandom(ID),
                made_for=person_id,
                person_id=person_id,
                wrapped=GONE,
                made_at=at,
                destroyed_at=at,
            )
        )
    return done.rowcount
