"""The journal: one append-only table of what happened, read in the order of commits.

It is the timeline of a case, the audit trail, the outbox of listeners and the doorbell of
screens. Readers follow it with the cursor (transaction, id) and stop below the snapshot's xmin:
reading by id alone loses what a slower transaction commits later.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, ClassVar, NamedTuple, Self
from uuid import UUID

from sqlalchemy import (
    DDL,
    BigInteger,
    ColumnElement,
    Identity,
    Index,
    TextClause,
    event,
    insert,
    literal_column,
    select,
    text,
)
from sqlalchemy.orm import Mapped, Session, mapped_column
from typing_extensions import override

from registry.kit import clock
from registry.kit.db import Base

XMIN = text("pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
COMMON = ("case_id", "person_id")
LONG_WAY = 1000  # entries


class Position(NamedTuple):
    """A place in the journal; written "xid.id" where it travels."""

    xid: int
    id: int

    @override
    def __str__(self) -> str:
        return f"{self.xid}.{self.id}"

    @classmethod
    def parse(cls, written: str) -> Self:
        """The position, or ValueError."""
        xid, _, number = written.partition(".")
        return cls(int(xid), int(number))


START = Position(0, 0)


@dataclass(frozen=True, kw_only=True)
class Event:
    """A fact. Fields are ids, kinds and codes: never a name, a number or what was said."""

    kinds: ClassVar[dict[str, type["Event"]]] = {}
    kind: ClassVar[str] = "event"
    # Of a look at somebody, an export, a print, a merge: what for. With it the journal keeps as
    # what the actor did it: their roles and office change, and the auditor asks about that day.
    what_for: ClassVar[str] = ""

    case_id: UUID | None = None
    person_id: UUID | None = None

    @override
    def __init_subclass__(cls) -> None:
        words = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()
        cls.kind = f"{cls.__module__.partition('.')[0]}.{words}"
        Event.kinds[cls.kind] = cls


class Entry(Base):
    """One line of the journal."""

    __tablename__ = "journal"
    __table_args__ = (
        Index("ix_journal_order", "xid", "id"),
        Index("ix_journal_kind", "kind", "xid", "id"),
        Index("ix_journal_case", "case_id", "id", postgresql_where=text("case_id IS NOT NULL")),
        Index(
            "ix_journal_person", "person_id", "id", postgresql_where=text("person_id IS NOT NULL")
        ),
        # Whom a search or a list showed. Only such lines pay for it, each at once: a list of what
        # is still to be sorted in would now and then keep one search waiting for seconds.
        Index(
            "ix_journal_shown",
            literal_column("(facts -> 'shown')").label("shown"),
            postgresql_using="gin",
            postgresql_ops={"shown": "jsonb_path_ops"},
            postgresql_with={"fastupdate": "off"},
            postgresql_where=text("(facts -> 'shown') IS NOT NULL"),
        ),
        # What happened at somebody's account: their way in looks back at it each time.
        Index(
            "ix_journal_whose",
            literal_column("(facts ->> 'staff_id')").label("whose"),
            "id",
            postgresql_where=text("(facts ->> 'staff_id') IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    xid: Mapped[int] = mapped_column(
        BigInteger, server_default=text("pg_current_xact_id()::text::bigint")
    )
    at: Mapped[datetime]
    kind: Mapped[str]
    actor_id: Mapped[UUID | None]
    case_id: Mapped[UUID | None]
    person_id: Mapped[UUID | None]
    facts: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))

    @property
    def position(self) -> Position:
        return Position(self.xid, self.id)

    def event(self) -> Event:
        """The fact as it was recorded; a kind that no longer exists is a bare Event."""
        kind = Event.kinds.get(self.kind, Event)
        known = {field.name: field.type for field in fields(kind)}
        given = {
            name: _typed(known[name], self.facts[name]) for name in self.facts if name in known
        }
        return kind(case_id=self.case_id, person_id=self.person_id, **given)


REFUSE: DDL = DDL(  # type: ignore[no-untyped-call]
    """
    CREATE OR REPLACE FUNCTION journal_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'the journal is append-only'; END $$;
    CREATE OR REPLACE TRIGGER journal_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON journal
    FOR EACH STATEMENT EXECUTE FUNCTION journal_is_append_only();
    """
)
event.listen(Entry.__table__, "after_create", REFUSE)


def record(session: Session, happened: Event) -> None:
    """Write one fact in the caller's transaction; screens are rung after the commit."""
    record_many(session, [happened])


def record_many(session: Session, happened: Iterable[Event]) -> None:
    """Write facts with one INSERT. The actor is whoever `session.info["actor"]` says."""
    rows = [row(each, session.info.get("actor")) for each in happened]
    if rows:
        session.execute(insert(Entry), rows)
        session.info["rang"] = True


def row(happened: Event, actor: Any = None) -> dict[str, Any]:
    """The columns of one fact, for those who write many at once."""
    facts = {
        field.name: getattr(happened, field.name)
        for field in fields(happened)
        if field.name not in COMMON
    }
    if happened.what_for and actor is not None:
        acting = {"roles": sorted(actor.roles), "office_id": actor.office_id}
        facts = acting | {"why": happened.what_for} | facts
    return {
        "at": clock.now(),
        "kind": happened.kind,
        "actor_id": actor.staff_id if actor else None,
        "case_id": happened.case_id,
        "person_id": happened.person_id,
        "facts": facts,
    }


def after(
    session: Session, position: Position, *, kinds: Sequence[str] | None = None, limit: int = 500
) -> list[Entry]:
    """What was committed after `position`, in order, up to where no slower commit can slip in."""
    wanted = select(Entry).where(*_between(position))
    if kinds is not None:
        wanted = wanted.where(Entry.kind.in_(kinds))
    return list(session.scalars(wanted.order_by(Entry.xid, Entry.id).limit(limit)))


def kinds_after(session: Session, position: Position, kinds: Sequence[str]) -> set[str]:
    """Which of `kinds` were committed after `position`; all of them when too much was."""
    news = select(Entry.kind).where(*_between(position), Entry.kind.in_(kinds)).limit(LONG_WAY)
    found = session.scalars(news).all()
    return set(kinds) if len(found) == LONG_WAY else set(found)


def _between(position: Position) -> tuple[TextClause, ColumnElement[bool]]:
    """From `position` to where no slower commit can slip in."""
    later = text("(journal.xid, journal.id) > (:xid, :id)")
    return later.bindparams(xid=position.xid, id=position.id), Entry.xid < XMIN


def head(session: Session) -> Position:
    """The last position that a reader who starts now has, by definition, already seen."""
    last = session.execute(
        select(Entry.xid, Entry.id)
        .where(Entry.xid < XMIN)
        .order_by(Entry.xid.desc(), Entry.id.desc())
        .limit(1)
    ).first()
    return Position(*last) if last else START


def of_case(
    session: Session, case_id: UUID, *, limit: int = 200, before: int | None = None
) -> list[Entry]:
    """The timeline of a case, newest first; with `before`, what came before that line."""
    wanted = select(Entry).where(Entry.case_id == case_id)
    if before is not None:
        wanted = wanted.where(Entry.id < before)
    return list(session.scalars(wanted.order_by(Entry.id.desc()).limit(limit)))


def _typed(kind: Any, value: Any) -> Any:
    if value is not None and "UUID" in str(kind):
        return UUID(value)
    if value is not None and "datetime" in str(kind):
        return datetime.fromisoformat(value)
    return value
