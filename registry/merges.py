"""A merge: two files turn out to be of one person; it can be undone to the letter.

What is the gone file's is moved, whatever package keeps it: every column that names a person is
known from the models. Both files are kept as they were, encrypted, and what was moved is listed.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import ForeignKey, Index, delete, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import file_rows, journal, people, resealing
from registry.access import Actor
from registry.file_rows import Moved
from registry.kit import clock
from registry.kit.db import Base, Id, locked, new_id
from registry.kit.errors import Invalid, WrongState
from registry.kit.sealed import Sealed
from registry.names import Name, NameKey, NameKind
from registry.people import Person

# What the surviving file takes from the other where it says nothing itself.
FILLED = (
    "given_name",
    "family_name",
    "known_as",
    "birth_year",
    "birth_date",
    "declared_age",
    "declared_age_on",
    "other_languages",
    "barriers",
    "kept_by",
)
# What may be chosen from either side.
CHOSEN = ("given_name", "family_name", "birth_date", "language")


@dataclass(frozen=True, kw_only=True)
class PeopleMerged(journal.Event):
    """`gone_id` is now this person."""

    what_for: ClassVar[str] = "merge"

    merge_id: UUID
    gone_id: UUID


@dataclass(frozen=True, kw_only=True)
class MergeUndone(journal.Event):
    what_for: ClassVar[str] = "merge"

    merge_id: UUID
    gone_id: UUID


class Merge(Base):
    """Two files that became one, with all that is needed to part them again."""

    __tablename__ = "merges"
    __table_args__ = (
        Index("ix_merges_gone", "gone_id", unique=True, postgresql_where=text("undone_at IS NULL")),
    )

    id: Mapped[Id]
    stays_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), index=True)
    gone_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    merged_at: Mapped[datetime] = mapped_column(default=clock.now)
    merged_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))
    # {"stays": columns, "gone": columns, "rows": both files whole, "set": what was written}
    sealed_before: Mapped[bytes] = mapped_column("before", Sealed("merges.before"))
    # [{"table", "column", "keys"}]: ids alone.
    moved: Mapped[dict[str, Any]]
    left: Mapped[int] = mapped_column(default=0)

    @property
    def before(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.sealed_before)
        return found


def merge(
    session: Session, actor: Actor, stays: UUID, gone: UUID, *, take: frozenset[str] = frozenset()
) -> Merge:
    """The file `gone` becomes part of `stays`; `take` names the facts in which `gone` is right.

    Both must be known to the actor. Whoever was reserved on either side is reserved.
    """
    if stays == gone:
        raise Invalid("Choose two different files")
    here, there = _held(session, actor, stays, gone)
    before = {
        "stays": file_rows.columns(here),
        "gone": file_rows.columns(there),
        "rows": file_rows.whole(session, [stays, gone]),
    }
    written = _best_of(here, there, take)
    moved, left = file_rows.move(session, gone, stays)
    session.expire_all()
    name = _keep_name(session, here, there, written)
    made = Merge(
        id=new_id(),
        stays_id=stays,
        gone_id=gone,
        merged_by=actor.staff_id,
        sealed_before=json.dumps({**before, "set": written, "name": name}, default=str).encode(),
        moved={"rows": [each.as_json() for each in moved]},
        left=left,
    )
    session.add(made)
    there.merged_into = stays
    session.flush()
    people.change(session, here, **{key: file_rows.read(key, written[key]) for key in written})
    session.execute(delete(NameKey).where(NameKey.person_id == gone))
    journal.record(session, PeopleMerged(person_id=stays, merge_id=made.id, gone_id=gone))
    return made


def _held(session: Session, actor: Actor, stays: UUID, gone: UUID) -> tuple[Person, Person]:
    for person_id in (stays, gone):
        found = people.read(session, person_id, actor, why="merge")
        if found.id != person_id:
            raise WrongState("This file is already part of another one")
    held = {each: locked(session, Person, each) for each in sorted((stays, gone))}
    return held[stays], held[gone]


def _best_of(here: Person, there: Person, take: frozenset[str]) -> dict[str, Any]:
    """What the surviving file says afterwards, where it is not what it says now."""
    written: dict[str, Any] = {}
    for name in {*FILLED, *CHOSEN}:
        mine, theirs = getattr(here, name), getattr(there, name)
        if mine != theirs and theirs and (not mine or (name in take and name in CHOSEN)):
            written[name] = theirs
    chosen = "birth_date" in take and there.birth_year is not None
    if chosen or "birth_date" in written or "birth_year" in written:
        # One birth: a date and a year of two different files would not fit each other.
        written |= {"birth_date": there.birth_date, "birth_year": there.birth_year}
    for mark in ("restricted", "interpreter"):
        if getattr(there, mark) and not getattr(here, mark):
            written[mark] = True
    return {key: file_rows.write(value) for key, value in written.items()}


def _keep_name(
    session: Session, here: Person, there: Person, written: dict[str, Any]
) -> str | None:
    """The name that is lost otherwise stays as another name; its id, for the undoing."""
    names = {(each.given_name, each.family_name): each for each in (here, there)}
    now = tuple(written.get(key, getattr(here, key)) for key in ("given_name", "family_name"))
    lost = [pair for pair in names if any(pair) and pair != now]
    if not lost:
        return None
    given, family = lost[0]
    name = Name(
        id=new_id(),
        person_id=here.id,
        kind=NameKind.ALIAS,
        given_name=given,
        family_name=family,
    )
    session.add(name)
    session.flush()
    return str(name.id)


def undo(session: Session, actor: Actor, merge_id: UUID) -> Merge:
    """Both files as they were; what was added to the one since then stays with it.

    Raises WrongState while a later merge has to be undone first.
    """
    done = locked(session, Merge, merge_id)
    here = people.read(session, done.stays_id, actor, why="merge")
    if done.undone_at is not None:
        raise WrongState("This merge has been undone already")
    later = select(Merge.id).where(
        Merge.id > done.id, Merge.undone_at.is_(None), Merge.stays_id == done.stays_id
    )
    if here.id != done.stays_id or session.scalar(later.limit(1)) is not None:
        raise WrongState("Undo the later merge first")
    held = {each: locked(session, Person, each) for each in sorted((done.stays_id, done.gone_id))}
    here, there = held[done.stays_id], held[done.gone_id]
    before = done.before
    if before["name"]:
        session.execute(delete(Name).where(Name.id == UUID(before["name"])))
    file_rows.put_back(
        session, [Moved.of(each) for each in done.moved["rows"]], done.gone_id, done.stays_id
    )
    for each in (done.gone_id, done.stays_id):
        resealing.bring_home(session, each)
    session.expire_all()
    there.merged_into = None
    done.undone_at, done.undone_by = clock.now(), actor.staff_id
    session.flush()
    people.change(session, here, **_still_as_written(here, before))
    people.change(session, there)
    happened = MergeUndone(person_id=here.id, merge_id=done.id, gone_id=there.id)
    journal.record(session, happened)
    return done


def _still_as_written(here: Person, before: dict[str, Any]) -> dict[str, Any]:
    """The facts that the merge wrote and nobody has changed since, as they were."""
    return {
        key: file_rows.read(key, before["stays"][key])
        for key, value in before["set"].items()
        if file_rows.write(getattr(here, key)) == value
    }


def ids_of(session: Session, person_id: UUID) -> list[UUID]:
    """The file and all that became part of it: the journal knows them by their own ids."""
    found = [person_id]
    for each in found:
        found += session.scalars(select(Person.id).where(Person.merged_into == each))
    return found


def of(session: Session, person_id: UUID) -> list[Merge]:
    """The merges into this file that stand, newest first."""
    wanted = select(Merge).where(Merge.stays_id == person_id, Merge.undone_at.is_(None))
    return list(session.scalars(wanted.order_by(Merge.id.desc())))
