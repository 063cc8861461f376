"""A fault: what is wrong with a device, one open row per device and cause, however often told."""

from collections import Counter
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Cursor
from sqlalchemy import ForeignKey, Index, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import journal
from registry.kit import clock
from registry.kit.db import Base, Id, new_id
from telecare.devices import Device
from telecare.protocols.base import Kind


@dataclass(frozen=True, kw_only=True)
class FaultOpened(journal.Event):
    fault_id: UUID
    device_id: UUID
    cause: str


@dataclass(frozen=True, kw_only=True)
class FaultEnded(journal.Event):
    fault_id: UUID
    device_id: UUID
    cause: str


class Fault(Base):
    """Mains lost, battery low, link lost: for a technician, not for an operator on the line."""

    __tablename__ = "faults"
    __table_args__ = (
        Index(
            "ix_faults_open",
            "device_id",
            "cause",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_faults_cause", "cause", "began_at", postgresql_where=text("ended_at IS NULL")),
    )

    id: Mapped[Id]
    device_id: Mapped[UUID] = mapped_column(ForeignKey(Device.id))
    cause: Mapped[Kind]
    began_at: Mapped[datetime]
    told_at: Mapped[datetime]
    times: Mapped[int] = mapped_column(default=1)
    ended_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class Told:
    """One technical report: the fault begins (or goes on), or it is over."""

    device_id: UUID
    cause: Kind
    at: datetime
    over: bool


OPEN = (
    "INSERT INTO faults (id, device_id, cause, began_at, told_at, times)"
    " SELECT id, device_id, cause, at, at, 1"
    " FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::timestamptz[])"
    " AS told (id, device_id, cause, at)"
    " ON CONFLICT (device_id, cause) WHERE ended_at IS NULL"
    " DO UPDATE SET times = faults.times + 1, told_at = excluded.told_at"
    " RETURNING id, device_id, cause, times"
)
END = (
    "WITH held AS (SELECT faults.id, told.at FROM faults"
    " JOIN unnest(%s::uuid[], %s::text[], %s::timestamptz[]) AS told (device_id, cause, at)"
    " ON told.device_id = faults.device_id AND told.cause = faults.cause"
    " WHERE faults.ended_at IS NULL ORDER BY faults.device_id, faults.cause"
    " FOR UPDATE OF faults)"
    " UPDATE faults SET ended_at = held.at FROM held WHERE faults.id = held.id"
    " RETURNING faults.id, faults.device_id, faults.cause"
)


def tell(cursor: Cursor[Any], told: Iterable[Told]) -> list[journal.Event]:
    """Open, count and end faults in the order told; returns what is new."""
    news: list[journal.Event] = []
    for each in _rounds(told):
        over = [one for one in each if one.over]
        if over:
            cursor.execute(END, _sent(over))
            news += [FaultEnded(fault_id=row[0], device_id=row[1], cause=row[2]) for row in cursor]
        begun = [one for one in each if not one.over]
        if begun:
            cursor.execute(OPEN, ([new_id() for _ in begun], *_sent(begun)))
            news += [
                FaultOpened(fault_id=row[0], device_id=row[1], cause=row[2])
                for row in cursor
                if row[3] == 1
            ]
    return news


def _rounds(told: Iterable[Told]) -> list[list[Told]]:
    """What may be written at once: of one device and cause one word in each, in their order.

    Each is in one order everywhere, so that two receivers never wait for each other crosswise.
    """
    rounds: list[list[Told]] = []
    said: Counter[tuple[UUID, Kind]] = Counter()
    for each in sorted(told, key=lambda one: (one.device_id, one.cause)):
        number = said[each.device_id, each.cause]
        said[each.device_id, each.cause] += 1
        if number == len(rounds):
            rounds.append([])
        rounds[number].append(each)
    return rounds


def _sent(told: Sequence[Told]) -> tuple[list[UUID], list[str], list[datetime]]:
    return (
        [each.device_id for each in told],
        [each.cause.value for each in told],
        [each.at for each in told],
    )


KEEP = (
    "INSERT INTO faults (id, device_id, cause, began_at, told_at, times)"
    " SELECT new.id, new.device_id, %s, %s, %s, 1"
    " FROM unnest(%s::uuid[], %s::uuid[]) AS new (id, device_id)"
    " JOIN devices ON devices.id = new.device_id"
    " ON CONFLICT (device_id, cause) WHERE ended_at IS NULL DO NOTHING RETURNING id, device_id"
)
END_ALL = (
    "UPDATE faults SET ended_at = %s WHERE cause = %s AND ended_at IS NULL AND device_id = ANY(%s)"
    " RETURNING id, device_id"
)


def keep(session: Session, cause: Kind, wrong: AbstractSet[UUID], well: AbstractSet[UUID]) -> None:
    """What we find ourselves: open for these, over for those, nothing new where all is as it was.

    Told to the journal, each once.
    """
    wanted = select(Fault.device_id).where(Fault.cause == cause, Fault.ended_at.is_(None))
    known = set(session.scalars(wanted)) if wrong or well else set()
    begun, over, now = sorted(wrong - known), sorted(known & well), clock.now()
    cursor = session.connection().connection.cursor()
    news: list[journal.Event] = []
    if begun:
        cursor.execute(KEEP, (cause.value, now, now, [new_id() for _ in begun], begun))
        rows = cursor.fetchall()
        news += [FaultOpened(fault_id=row[0], device_id=row[1], cause=cause) for row in rows]
    if over:
        cursor.execute(END_ALL, (now, cause.value, over))
        rows = cursor.fetchall()
        news += [FaultEnded(fault_id=row[0], device_id=row[1], cause=cause) for row in rows]
    if news:
        journal.record_many(session, news)


def count_open(session: Session) -> int:
    return session.scalar(select(func.count()).where(Fault.ended_at.is_(None))) or 0


def of_device(session: Session, device_id: UUID, limit: int = 50) -> list[Fault]:
    """The open ones first, then the latest."""
    wanted = select(Fault).where(Fault.device_id == device_id)
    open_first = Fault.ended_at.is_(None).desc()
    return list(session.scalars(wanted.order_by(open_first, Fault.began_at.desc()).limit(limit)))


def open_(session: Session, *, limit: int = 200) -> list[Fault]:
    """Newest first."""
    return list(
        session.scalars(
            select(Fault)
            .where(Fault.ended_at.is_(None))
            .order_by(Fault.began_at.desc(), Fault.id)
            .limit(limit)
        )
    )
