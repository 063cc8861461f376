"""What is told to a webhook: one row for each fact, tried again until it is taken or a day is over.

The schedule of tries is that of Standard Webhooks. What was never taken stays in the list of the
dead until somebody sends it again.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import deadlines, journal
from registry.hooks import Hook
from registry.journal import Entry, Position
from registry.kit import clock
from registry.kit.db import Base, Id, locked, new_id, transaction
from registry.kit.states import move
from registry.people import Person

DELIVER = "registry.deliver_hook"
BATCH = 100
# How long to wait after each failure.
RETRIES = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)


class DeliveryState(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"


STEPS = {
    DeliveryState.PENDING: {DeliveryState.DELIVERED, DeliveryState.DEAD},
    DeliveryState.DELIVERED: {DeliveryState.PENDING},
    DeliveryState.DEAD: {DeliveryState.PENDING},
}


class Delivery(Base):
    """`body` holds ids only; `status` is what the other side answered last."""

    __tablename__ = "hook_deliveries"
    __table_args__ = (
        UniqueConstraint("hook_id", "entry_id"),
        Index("ix_hook_deliveries_latest", "hook_id", "made_at"),
    )

    id: Mapped[Id]
    hook_id: Mapped[UUID] = mapped_column(ForeignKey("hooks.id", ondelete="CASCADE"))
    entry_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str]
    body: Mapped[dict[str, Any]]
    state: Mapped[DeliveryState] = mapped_column(default=DeliveryState.PENDING)
    attempts: Mapped[int] = mapped_column(default=0)
    made_at: Mapped[datetime] = mapped_column(default=clock.now)
    ended_at: Mapped[datetime | None]
    status: Mapped[int | None]
    error: Mapped[str | None]


def gather() -> None:
    """A chore of the sweeper: bring each webhook up to date as far as one batch goes."""
    with transaction() as session:
        active = select(Hook).where(Hook.active).with_for_update(skip_locked=True)
        for hook in session.scalars(active):
            _read_on(session, hook)


def _read_on(session: Session, hook: Hook) -> None:
    position = Position(hook.xid, hook.entry_id)
    entries = journal.after(session, position, kinds=hook.kinds, limit=BATCH)
    if not entries:
        return
    hook.xid, hook.entry_id = entries[-1].position
    reserved = _reserved(session, {each.person_id for each in entries if each.person_id})
    rows: list[dict[str, Any]] = [
        {
            "id": new_id(),
            "hook_id": hook.id,
            "entry_id": each.id,
            "kind": each.kind,
            "body": told(each),
            "state": DeliveryState.PENDING,
            "attempts": 0,
            "made_at": clock.now(),
        }
        for each in entries
        if each.person_id not in reserved
    ]
    if rows:
        session.execute(insert(Delivery), rows)
        now = clock.now()
        deadlines.set_many(session, DELIVER, [(row["id"], now) for row in rows])
        session.info["rang"] = True


def _reserved(session: Session, ids: set[UUID]) -> set[UUID | None]:
    """Those of whom nobody outside is to know that they are here."""
    wanted = select(Person.id).where(Person.id.in_(ids), Person.restricted)
    return set(session.scalars(wanted))


def told(entry: Entry) -> dict[str, Any]:
    """The fact as others hear it: its kind, its moment and ids, never a code or a word."""
    ids = {name: value for name, value in entry.facts.items() if name.endswith("_id") and value}
    about = {"case_id": entry.case_id, "person_id": entry.person_id}
    ids |= {name: str(value) for name, value in about.items() if value is not None}
    return {"type": entry.kind, "timestamp": entry.at.isoformat(), "data": ids}


def taken(session: Session, delivery: Delivery, status: int) -> None:
    """The other side has it; the caller holds the row."""
    if delivery.state is DeliveryState.PENDING:
        move(delivery, DeliveryState.DELIVERED, STEPS)
        delivery.attempts += 1
        delivery.status, delivery.error, delivery.ended_at = status, None, clock.now()
        session.flush()


def refused(session: Session, delivery: Delivery, *, status: int | None, error: str | None) -> None:
    """Not taken: tried again later, or dead after the last try."""
    if delivery.state is not DeliveryState.PENDING:
        return
    delivery.status, delivery.error = status, error
    if delivery.attempts < len(RETRIES):
        due = clock.now() + RETRIES[delivery.attempts]
        deadlines.set_(session, DELIVER, delivery.id, due)
    else:
        move(delivery, DeliveryState.DEAD, STEPS)
        delivery.ended_at = clock.now()
    delivery.attempts += 1
    session.flush()


def send_again(session: Session, delivery_id: UUID) -> Delivery:
    """From the beginning of the schedule, with the same id: the other side sees that it is one."""
    delivery = locked(session, Delivery, delivery_id)
    move(delivery, DeliveryState.PENDING, STEPS)
    delivery.attempts, delivery.ended_at = 0, None
    deadlines.set_(session, DELIVER, delivery.id, clock.now())
    session.flush()
    return delivery


def latest(
    session: Session, hook_id: UUID, *, state: DeliveryState | None = None, limit: int = 50
) -> list[Delivery]:
    """Newest first."""
    wanted = select(Delivery).where(Delivery.hook_id == hook_id)
    if state is not None:
        wanted = wanted.where(Delivery.state == state)
    return list(session.scalars(wanted.order_by(Delivery.made_at.desc()).limit(limit)))
