"""A signal: one frame as it was received, what it said, and what became of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, cast
from uuid import UUID

from psycopg import Cursor
from sqlalchemy import Index, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import journal
from registry.kit.db import Base, Id
from telecare.devices import SELF_TEST
from telecare.protocols.base import Kind, Message, Verdict
from telecare.protocols.sia_dc09 import LINK_TESTS

# Within this time the same account, sequence and content are the same message sent again:
# panels repeat every few seconds until they are answered, then call again after minutes.
SAME_WITHIN = timedelta(minutes=10)
# Units that number every event 0000 repeat at once or not at all: two presses must stay two.
SAME_WITHIN_UNNUMBERED = timedelta(seconds=60)
UNNUMBERED = "0000"
# A frame has its moment and its id within less than this.
SKEW = timedelta(seconds=5)


@dataclass(frozen=True, kw_only=True)
class SignalRepeated(journal.Event):
    signal_id: UUID
    alarm_id: UUID | None = None


class Signal(Base):
    """A frame. Refused ones stay too, so that nobody can say that nothing was sent."""

    __tablename__ = "signals"
    __table_args__ = (
        Index("ix_signals_account", "account", "id"),
        Index("ix_signals_protocol", "protocol", "id"),
        # The last minutes of a door: nearly in order of time, so a summary of it is enough.
        Index("ix_signals_arrived", "arrived_at", postgresql_using="brin"),
        Index("ix_signals_refused", "arrived_at", postgresql_where=text("verdict <> 'good'")),
        Index("ix_signals_unknown", "id", postgresql_where=text("device_id IS NULL")),
        Index("ix_signals_tests", "account", "id", postgresql_where=text("kind = 'test'")),
    )

    id: Mapped[Id]
    arrived_at: Mapped[datetime]
    protocol: Mapped[str]
    path: Mapped[str]
    peer: Mapped[str]
    raw: Mapped[bytes]
    verdict: Mapped[Verdict]
    reason: Mapped[str]
    account: Mapped[str]
    sequence: Mapped[str]
    encrypted: Mapped[bool]
    device_id: Mapped[UUID | None]
    kind: Mapped[str]
    became: Mapped[str]
    decoded: Mapped[dict[str, Any]]
    # What makes it the same message when it comes again; emptied when too old to be the same.
    digest: Mapped[bytes | None] = mapped_column(unique=True)
    repeats: Mapped[int] = mapped_column(default=0)
    repeated_at: Mapped[datetime | None]


def cursor_of(session: Session) -> Cursor[Any]:
    """The driver's own cursor, inside the session's transaction: the ORM is too slow here."""
    return cast("Cursor[Any]", session.connection().connection.cursor())


def digest(protocol: str, message: Message, raw: bytes) -> bytes:
    """Account, sequence and content; the sender's clock is left out, as it moves when repeating."""
    content = message.content or raw
    head = f"{protocol}|{message.account}|{message.sequence}|{message.verdict}|"
    return blake2b(head.encode() + content, digest_size=16).digest()


def same_within(message: Message) -> timedelta:
    """How long the same content counts as the same message."""
    if message.same_within is not None:
        return message.same_within
    numbered = message.sequence != UNNUMBERED or message.token in LINK_TESTS
    return SAME_WITHIN if numbered else SAME_WITHIN_UNNUMBERED


@dataclass(slots=True)
class Earlier:
    """A signal already stored under a digest."""

    id: UUID
    arrived_at: datetime


def earlier(cursor: Cursor[Any], digests: Sequence[bytes]) -> dict[bytes, Earlier]:
    """Which of these messages are there already."""
    cursor.execute(
        "SELECT digest, id, arrived_at FROM signals WHERE digest = ANY(%b)", (list(digests),)
    )
    return {row[0]: Earlier(row[1], row[2]) for row in cursor}


def let_go(cursor: Cursor[Any], ids: Iterable[UUID]) -> None:
    """They are too old: the same content is news again."""
    cursor.execute("UPDATE signals SET digest = NULL WHERE id = ANY(%b)", (sorted(ids),))


def count_repeats(cursor: Cursor[Any], repeats: dict[UUID, int], at: datetime) -> None:
    """They were sent again."""
    ids = sorted(repeats)
    cursor.execute(
        "UPDATE signals SET repeats = repeats + sent.times, repeated_at = %b"
        " FROM unnest(%b::uuid[], %b::int[]) AS sent (id, times) WHERE signals.id = sent.id",
        (at, ids, [repeats[each] for each in ids]),
    )


def listed(
    session: Session,
    *,
    account: str | None = None,
    protocol: str | None = None,
    unknown: bool = False,
    verdict: Verdict | None = None,
    kind: Kind | None = None,
    became: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: UUID | None = None,
    own_tests: bool = True,
    limit: int = 50,
) -> list[Signal]:
    """Newest first; `before` is the last id of the page before.

    `own_tests`: with the tests that we send through each door ourselves, each minute.
    """
    wanted = select(Signal)
    if not own_tests:
        wanted = wanted.where(Signal.account.not_in(SELF_TEST.values()))
    if account is not None:
        wanted = wanted.where(Signal.account == account.strip().upper())
    if unknown:
        wanted = wanted.where(
            Signal.device_id.is_(None), Signal.account.not_in(["", *SELF_TEST.values()])
        )
    if since is not None:
        wanted = wanted.where(Signal.id >= first_id(since - SKEW), Signal.arrived_at >= since)
    if until is not None:
        wanted = wanted.where(Signal.id < first_id(until + SKEW), Signal.arrived_at < until)
    if before is not None:
        wanted = wanted.where(Signal.id < before)
    same = {"protocol": protocol, "verdict": verdict, "kind": kind, "became": became}
    wanted = wanted.filter_by(**{name: value for name, value in same.items() if value is not None})
    return list(session.scalars(wanted.order_by(Signal.id.desc()).limit(limit)))


def first_id(at: datetime) -> UUID:
    """No id made from then on is smaller: a UUID of version 7 begins with its millisecond."""
    return UUID(int=max(0, int(at.timestamp() * 1000)) << 80)
