"""A fault: what is wrong with a device, one open row per device and cause, however often told."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Cursor
from sqlalchemy import ForeignKey, Index, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import journal
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
    " VALUES (%s, %s, %s, %s, %s, 1)"
    " ON CONFLICT (device_id, cause) WHERE ended_at IS NULL"
    " DO UPDATE SET times = faults.times + 1, told_at = excluded.told_at"
    " RETURNING id, times"
)
END = (
    "UPDATE faults SET ended_at = %s WHERE device_id = %s AND cause = %s AND ended_at IS NULL"
    " RETURNING id, times"
)


def tell(cursor: Cursor[Any], told: Iterable[Told]) -> list[journal.Event]:
    """Open, count and end faults in the order told; returns what is new."""
    news: list[journal.Event] = []
    # In one order everywhere, so that two receivers never wait for each other crosswise.
    for each in sorted(told, key=lambda one: (one.device_id, one.cause)):
        if each.over:
            cursor.execute(END, (each.at, each.device_id, each.cause.value))
        else:
            given = (new_id(), each.device_id, each.cause.value, each.at, each.at)
            cursor.execute(OPEN, given)
        row = cursor.fetchone()
        if row is not None and (each.over or row[1] == 1):
            fact = FaultEnded if each.over else FaultOpened
            news.append(fact(fault_id=row[0], device_id=each.device_id, cause=each.cause))
    return news


def open_(session: Session, *, limit: int = 200) -> list[Fault]:
    """Newest first."""
    return list(
        session.scalars(
            select(Fault).where(Fault.ended_at.is_(None)).order_by(Fault.id.desc()).limit(limit)
        )
    )
