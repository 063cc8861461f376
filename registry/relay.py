"""The relay: hands each fact to those who listen, in order, one transaction each.

A listener's cursor moves in the transaction of its work, so a fact is handled once even when
several relays run or one is killed. A fact that a listener refuses `PATIENCE` times is parked
with its error, where an administrator sees it, and the listener goes on.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
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


def pass_on(listeners: Mapping[type[Event], Iterable[Listener]]) -> int:
    """Bring every listener up to date as far as one batch goes; returns facts handled."""
    wanted: dict[Listener, list[str]] = {}
    for kind, those in listeners.items():
        for listener in those:
            wanted.setdefault(listener, []).append(kind.kind)
    return sum(_catch_up(listener, kinds) for listener, kinds in wanted.items())


def name_of(listener: Listener) -> str:
    return f"{listener.__module__}.{listener.__qualname__}"


def _catch_up(listener: Listener, kinds: list[str]) -> int:
    handled = 0
    while handled < BATCH and _hand_over(listener, kinds):
        handled += 1
    return handled


def _hand_over(listener: Listener, kinds: list[str]) -> bool:
    """Give the listener its next fact; False when there is none or another relay is at it."""
    name = name_of(listener)
    entry = None
    try:
        with transaction() as session:
            cursor = _held(session, name)
            if cursor is None:
                return False
            found = journal.after(
                session, Position(cursor.xid, cursor.entry_id), kinds=kinds, limit=1
            )
            if not found:
                return False
            entry = found[0]
            cursor.xid, cursor.entry_id = entry.position
            cursor.failures = 0
            listener(session, entry.event())
    except Exception as error:
        if entry is None:
            raise
        log.exception("relay.refused", listener=name, entry=entry.id)
        return _count_failure(name, entry, error)
    return True


def _held(session: Session, name: str) -> Cursor | None:
    session.execute(
        insert(Cursor).values(listener=name, xid=0, entry_id=0, failures=0).on_conflict_do_nothing()
    )
    return session.scalar(
        select(Cursor).where(Cursor.listener == name).with_for_update(skip_locked=True)
    )


def _count_failure(name: str, entry: journal.Entry, error: Exception) -> bool:
    """Remember the refusal; True when the fact was parked, so that the next one may come."""
    with transaction() as session:
        cursor = _held(session, name)
        if cursor is None:
            return False
        cursor.failures += 1
        if cursor.failures < PATIENCE:
            return False
        cursor.xid, cursor.entry_id = entry.position
        cursor.failures = 0
        session.add(Parked(listener=name, entry_id=entry.id, error=type(error).__name__))
        return True
