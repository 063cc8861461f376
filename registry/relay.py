"""The relay: hands each fact to those who listen, in order, one transaction each.

A listener's cursor moves in the transaction of its work, so a fact is handled once even when
several relays run or one is killed. A fact that a listener refuses `PATIENCE` times is parked
with its error, where an administrator sees it, and the listener goes on.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import structlog
from sqlalchemy import BigInteger, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import journal
from registry.journal import Event, Position
from registry.kit import clock
from registry.kit.db import Base, Id, transaction

Listener = Callable[[Session, Event], None]

PATIENCE = 5
BATCH = 100

log = structlog.get_logger()


class Cursor(Base):
    """How far one listener has read."""

    __tablename__ = "journal_cursors"

    listener: Mapped[str] = mapped_column(primary_key=True)
    xid: Mapped[int] = mapped_column(BigInteger)
    entry_id: Mapped[int] = mapped_column(BigInteger)
    failures: Mapped[int] = mapped_column(default=0)


class Parked(Base):
    """A fact that a listener could not take; kept until somebody has looked."""

    __tablename__ = "journal_parked"

    id: Mapped[Id]
    listener: Mapped[str]
    entry_id: Mapped[int] = mapped_column(BigInteger)
    error: Mapped[str]
    parked_at: Mapped[datetime] = mapped_column(default=clock.now)
    looked_at_by: Mapped[UUID | None]


class Round(StrEnum):
    """What came of one look at a listener."""

    HANDED = "handed"
    UP_TO_DATE = "up_to_date"
    LATER = "later"  # another relay is at it, or it refused


class Relay:
    """Those who listen, and how far the journal is known to hold nothing new for any of them."""

    def __init__(self, listeners: Mapping[type[Event], Iterable[Listener]]) -> None:
        self._wanted: dict[Listener, list[str]] = {}
        for kind, those in listeners.items():
            for listener in those:
                self._wanted.setdefault(listener, []).append(kind.kind)
        self._kinds = sorted({kind for kinds in self._wanted.values() for kind in kinds})
        self.quiet = journal.START

    def pass_on(self) -> int:
        """Bring every listener up to date as far as one batch goes; returns facts handled.

        Most of what is written few listen to: one question says whom it concerns.
        """
        with transaction() as session:
            head = journal.head(session)
            news = journal.kinds_after(session, self.quiet, self._kinds)
        handled, all_up_to_date = 0, True
        for listener, kinds in self._wanted.items():
            if news.isdisjoint(kinds):
                continue
            given, last = _catch_up(listener, kinds)
            handled += given
            all_up_to_date &= last is Round.UP_TO_DATE
        if all_up_to_date:
            self.quiet = head
        return handled


def name_of(listener: Listener) -> str:
    return f"{listener.__module__}.{listener.__qualname__}"


def _catch_up(listener: Listener, kinds: list[str]) -> tuple[int, Round]:
    for handled in range(BATCH):
        last = _hand_over(listener, kinds)
        if last is not Round.HANDED:
            return handled, last
    return BATCH, Round.HANDED


def _hand_over(listener: Listener, kinds: list[str]) -> Round:
    """Give the listener its next fact."""
    name = name_of(listener)
    entry = None
    try:
        with transaction() as session:
            cursor = _held(session, name)
            if cursor is None:
                return Round.LATER
            head = journal.head(session)
            found = journal.after(
                session, Position(cursor.xid, cursor.entry_id), kinds=kinds, limit=1
            )
            if not found:
                # What is of no interest to it is not read through again.
                cursor.xid, cursor.entry_id = max(head, Position(cursor.xid, cursor.entry_id))
                return Round.UP_TO_DATE
            entry = found[0]
            cursor.xid, cursor.entry_id = entry.position
            cursor.failures = 0
            listener(session, entry.event())
    except Exception as error:
        if entry is None:
            raise
        log.exception("relay.refused", listener=name, entry=entry.id)
        return _count_failure(name, entry, error)
    return Round.HANDED


def _held(session: Session, name: str) -> Cursor | None:
    session.execute(
        insert(Cursor).values(listener=name, xid=0, entry_id=0, failures=0).on_conflict_do_nothing()
    )
    return session.scalar(
        select(Cursor).where(Cursor.listener == name).with_for_update(skip_locked=True)
    )


def _count_failure(name: str, entry: journal.Entry, error: Exception) -> Round:
    """Remember the refusal; a fact refused too often is parked, so that the next one may come."""
    with transaction() as session:
        cursor = _held(session, name)
        if cursor is None:
            return Round.LATER
        cursor.failures += 1
        if cursor.failures < PATIENCE:
            return Round.LATER
        cursor.xid, cursor.entry_id = entry.position
        cursor.failures = 0
        session.add(Parked(listener=name, entry_id=entry.id, error=type(error).__name__))
        return Round.HANDED
