"""Erasing a file: what names somebody goes, the frame of what was done and figures stay.

The keys of their words are destroyed, so what copies of the archive still hold is not read either.
"""

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Mapper, Session

from registry import kept_figures, merges
from registry.attachments import Attachment, AttachmentContent
from registry.kit import clock, subject_keys
from registry.people import Person
from webconsole import personal
from webconsole.personal import FRAME, PLACES


def erase(session: Session, person: Person) -> None:
    """Empty every place of the file and of those that became part of it: they name it, too.

    The caller holds the person. Twice does no harm.
    """
    kept_figures.keep(session, person)
    for person_id in reversed(merges.ids_of(session, person.id)):
        seen = _places(session, person_id)
        subject_keys.destroy(session.connection(), person_id, seen, clock.now())
    session.expire(person)


def _places(session: Session, person_id: UUID) -> list[UUID]:
    """Empty them all; returns the keys of the rows there were."""
    _documents(session, person_id)
    seen = []
    for place in PLACES:
        mapper = personal.mapper_of(place.table)
        for row in personal.rows(session, place, person_id):
            seen.append(row.__mapper__.primary_key_from_instance(row)[0])
            if place.gone:
                session.delete(row)
            elif mapper is not None:
                _empty(mapper, row, [name for name in place.fields if name not in FRAME])
        session.flush()
    return seen


def _empty(mapper: Mapper[Any], row: Any, fields: list[str]) -> None:
    for name in fields:
        attribute = mapper.attrs.get(name)
        column = attribute.columns[0] if attribute is not None else None
        value = getattr(row, name, None)
        if column is None or value is None or hasattr(value, "tzinfo"):
            continue  # moments stay: they are the frame
        empty = type(value)() if isinstance(value, str | bytes | list) else None
        setattr(row, name, empty)


def _documents(session: Session, person_id: UUID) -> None:
    """Documents of the person's cases, content first."""
    for case in personal.rows(session, _place("cases"), person_id):
        for document in session.query(Attachment).filter_by(case_id=case.id):
            session.query(AttachmentContent).filter_by(attachment_id=document.id).delete()
            document.sealed_name = b""


def _place(table: str) -> personal.Place:
    return next(each for each in PLACES if each.table == table)
