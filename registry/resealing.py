"""Words that stand under somebody else's key go under that of the person whose they are."""

from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    LargeBinary,
    Select,
    and_,
    func,
    or_,
    select,
    type_coerce,
    update,
)
from sqlalchemy.orm import Session

from registry import rotation
from registry.kit import crypto, sealed, subject_keys
from registry.person_keys import PersonKey
from registry.rotation import Field


def bring_home(session: Session, person_id: UUID) -> int:
    """After an undone merge: what was written meanwhile is not to go with the other's key."""
    done = 0
    for each in rotation.fields():
        if each.kind.house:
            continue
        ways = subject_keys.ways(each.table)
        asked = select(each.key.label("row"), each.column.label("said"), *ways)
        for told in session.execute(asked.where(*_strange(each, person_id))).mappings().all():
            key = subject_keys.of_row(session.connection(), each.table, told["row"], dict(told))
            _write(session, each, told["row"], told["said"], key)
            done += 1
    return done


def _strange(each: Field, person_id: UUID) -> tuple[ColumnElement[bool], ...]:
    others = select(PersonKey.id).where(PersonKey.person_id != person_id)
    key = func.substring(type_coerce(each.column, LargeBinary), 2, subject_keys.ID)
    return or_(*(_theirs(way, person_id) for way in subject_keys.ways(each.table))), key.in_(others)


def _theirs(way: Column[Any], person_id: UUID) -> ColumnElement[bool]:
    """Of the person directly, or through the case, the referral, the document, the number."""
    if way.name in subject_keys.PERSON:
        return way == person_id
    target = next(iter(way.foreign_keys)).column
    above: Select[Any] = select(target).where(
        or_(*(_theirs(each, person_id) for each in subject_keys.ways(target.table)))
    )
    direct = [each for each in subject_keys.ways(way.table) if each.name in subject_keys.PERSON]
    return and_(way.in_(above), *(each.is_(None) for each in direct))


def _write(session: Session, each: Field, row: Any, said: Any, key: subject_keys.Key) -> None:
    plain = said.encode() if isinstance(said, str) else bytes(said)
    fresh = sealed.seal(plain, each.bound_to, crypto.mark_of(row), key)
    session.execute(
        update(each.table)
        .where(each.key == row)
        .values({each.column.name: type_coerce(fresh, LargeBinary)})
    )
