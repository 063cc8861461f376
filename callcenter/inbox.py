"""The inbox: every callback is written here first, so that a second one changes nothing."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry.kit import clock
from registry.kit.db import Base, Id, new_id


@dataclass(frozen=True, kw_only=True)
class Letter:
    """What came, and what makes it the same as another.

    `mark` is the sequence number or status of a piece of news, whose repeats may carry another
    token. `token` names one request for a document and all its retries.
    """

    source: str
    sid: str
    event: str
    mark: str = ""
    token: str = ""
    fields: dict[str, str]


class Received(Base):
    """One callback as it came, with the document it was answered with."""

    __tablename__ = "inbox"
    __table_args__ = (
        UniqueConstraint("source", "sid", "event", "mark", "token"),
        Index("ix_inbox_sid", "sid", "id"),
    )

    id: Mapped[Id]
    source: Mapped[str]
    sid: Mapped[str]
    event: Mapped[str]
    mark: Mapped[str]
    token: Mapped[str]
    received_at: Mapped[datetime] = mapped_column(default=clock.now)
    fields: Mapped[dict[str, Any]]
    answer: Mapped[str] = mapped_column(default="", server_default="")


def once(session: Session, letter: Letter, work: Callable[[], str]) -> str:
    """Do the work at the first arrival; every later one gets the same answer.

    Two at once: the second waits until the first has committed, then finds its answer.
    """
    key = {
        "source": letter.source,
        "sid": letter.sid,
        "event": letter.event,
        "mark": letter.mark,
        "token": letter.token,
    }
    wanted = insert(Received).values(
        id=new_id(), received_at=clock.now(), fields=letter.fields, answer="", **key
    )
    row = session.scalar(wanted.on_conflict_do_nothing().returning(Received.id))
    if row is None:
        known = select(Received.answer).filter_by(**key)
        return session.scalar(known) or ""
    answer = work()
    session.execute(update(Received).where(Received.id == row).values(answer=answer))
    return answer


def earlier(session: Session, source: str, sid: str, event: str) -> list[Received]:
    """What came about a leg before we knew of it."""
    wanted = select(Received).filter_by(source=source, sid=sid, event=event)
    return list(session.scalars(wanted.order_by(Received.id)))


def digest(fields: dict[str, str]) -> str:
    """Stands in for the retry token of a request that came without one."""
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()
