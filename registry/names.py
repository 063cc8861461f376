"""A person's names: the current one stands on the file, all others here, each found by all."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import product
from uuid import UUID

from sqlalchemy import ForeignKey, Index, and_, delete, insert, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import journal, vocabulary
from registry.kit.db import Base, Id, new_id
from registry.kit.errors import Invalid
from registry.spelling import forms
from registry.vocabulary import Word, WordKind

UNKNOWN_YEAR = 0  # in the keys, so that one lookup finds "1941 or not known"
FORMS = 4  # of a family name and of a given name, looked up with each other


class NameKind(StrEnum):
    BIRTH = "birth"
    MARRIED = "married"
    FORMER = "former"
    ALIAS = "alias"
    TRANSLITERATION = "transliteration"
    NICKNAME = "nickname"


@dataclass(frozen=True, kw_only=True)
class NameAdded(journal.Event):
    name_id: UUID
    as_kind: str


class Name(Base):
    """Another name of somebody, in force between two dates where they are known."""

    __tablename__ = "names"

    id: Mapped[Id]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), index=True)
    kind: Mapped[NameKind]
    given_name: Mapped[str] = mapped_column(default="")
    family_name: Mapped[str] = mapped_column(default="")
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]


class NameKey(Base):
    """What the search looks up: each form of each surname beside each form of each given name."""

    __tablename__ = "name_keys"
    __table_args__ = (
        Index("ix_name_keys_family_year", "family", "birth_year"),
        Index("ix_name_keys_family_given", "family", "given"),
        Index("ix_name_keys_given_year", "given", "birth_year"),
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), primary_key=True)
    family: Mapped[str] = mapped_column(primary_key=True)
    given: Mapped[str] = mapped_column(primary_key=True)
    birth_year: Mapped[int]


def add(
    session: Session,
    person_id: UUID,
    *,
    kind: NameKind,
    given_name: str = "",
    family_name: str = "",
    valid_from: date | None = None,
    valid_to: date | None = None,
    id_: UUID | None = None,
) -> Name:
    """Another name. A part left empty is that of the current name. Raises Invalid if both are."""
    given_name, family_name = given_name.strip(), family_name.strip()
    if not (given_name or family_name):
        raise Invalid("Write the name", field="family_name")
    if valid_from and valid_to and valid_to < valid_from:
        raise Invalid("The end comes before the beginning", field="valid_to")
    name = Name(
        id=id_ or new_id(),
        person_id=person_id,
        kind=kind,
        given_name=given_name,
        family_name=family_name,
        valid_from=valid_from,
        valid_to=valid_to,
    )
    session.add(name)
    session.flush()
    journal.record(session, NameAdded(person_id=person_id, name_id=name.id, as_kind=kind))
    return name


def of(session: Session, person_id: UUID) -> list[Name]:
    """All but the current one, oldest entry first."""
    return list(session.scalars(select(Name).where(Name.person_id == person_id).order_by(Name.id)))


def write_keys(
    session: Session, person_id: UUID, given_name: str, family_name: str, birth_year: int | None
) -> None:
    """Bring the search in step with the person; called by whoever changes a name or a year."""
    written = [(given_name, family_name)]
    written += [
        (other.given_name or given_name, other.family_name or family_name)
        for other in of(session, person_id)
    ]
    pairs = sorted({pair for each in written for pair in pairs_of(*each)})
    session.execute(delete(NameKey).where(NameKey.person_id == person_id))
    if pairs:
        session.execute(insert(NameKey), list(_rows(person_id, pairs, birth_year)))
    _learn(session, pairs)


def first_keys(session: Session, people: Iterable[tuple[UUID, str, str, int | None]]) -> None:
    """The same at once for many who are new: id, given name, family name, year of birth."""
    rows: list[dict[str, object]] = []
    met = set[tuple[str, str]]()
    for person_id, given_name, family_name, birth_year in people:
        pairs = sorted(set(pairs_of(given_name, family_name)))
        rows += _rows(person_id, pairs, birth_year)
        met.update(pairs)
    if rows:
        session.execute(insert(NameKey), rows)
        _learn(session, met)


def _learn(session: Session, pairs: Collection[tuple[str, str]]) -> None:
    vocabulary.learn(session, WordKind.FAMILY, {family for family, _ in pairs})
    vocabulary.learn(session, WordKind.GIVEN, {given for _, given in pairs})


def forget_unused(session: Session) -> int:
    """Words of names that nobody bears any more: a rare surname names somebody by itself."""
    borne = select(NameKey.person_id)
    unused = or_(
        and_(Word.kind == WordKind.FAMILY, ~borne.where(NameKey.family == Word.word).exists()),
        and_(Word.kind == WordKind.GIVEN, ~borne.where(NameKey.given == Word.word).exists()),
    )
    return vocabulary.forget(session, unused)


def pairs_of(given_name: str, family_name: str) -> Iterator[tuple[str, str]]:
    """(family, given) under which one name is looked up; none when nothing was told."""
    if given_name or family_name:
        yield from product(forms(family_name)[:FORMS], forms(given_name)[:FORMS])


def _rows(
    person_id: UUID, pairs: Iterable[tuple[str, str]], birth_year: int | None
) -> Iterator[dict[str, object]]:
    for family, given in pairs:
        yield {
            "person_id": person_id,
            "family": family,
            "given": given,
            "birth_year": birth_year or UNKNOWN_YEAR,
        }
