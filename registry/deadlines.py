"""Deadlines: rows that say what happens when, so that nobody waits without a next step.

One live row per kind and subject. A sweeper claims what is due with a lease and a version;
whoever wakes up with an old version changes nothing. Kinds are bound to functions in
`webconsole/wiring.py`: INSIDE ones run in the sweeper, in the transaction that retires the row,
and need no Redis; OUTSIDE ones (calls, texts) run in a worker and may run twice.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, delete, func, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry.kit import clock
from registry.kit.db import Base, Id, new_id

LEASE = timedelta(seconds=30)
# Whoever claims is killed before the work begins: the next one must not wait for a whole lease.
# Doubled with each claim, so that a long queue of messages is not sent over and over.
FIRST_LEASE = timedelta(seconds=3)
FIRST_RETRY = timedelta(seconds=1)
LONGEST_RETRY = timedelta(minutes=1)


class Deadline(Base):
    """Something that must happen at `due_at` unless it is cancelled before."""

    __tablename__ = "deadlines"
    __table_args__ = (
        UniqueConstraint("kind", "subject_id"),
        Index("ix_deadlines_due", "due_at"),
    )

    id: Mapped[Id]
    kind: Mapped[str]
    subject_id: Mapped[UUID]
    due_at: Mapped[datetime]
    # While somebody works on it: until when the others keep away.
    leased_until: Mapped[datetime | None]
    # Grows with every claim and every move: the fence against whoever slept too long.
    version: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    attempts: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    last_error: Mapped[str | None]


@dataclass(frozen=True)
class Claim:
    """What a sweeper took: enough to do the work and to prove that it is still its own."""

    id: UUID
    kind: str
    subject_id: UUID
    version: int
    # How often it has been claimed since it was set: with `version` it tells a deadline that was
    # only claimed once more from one that was set anew.
    attempts: int = 0


def set_(session: Session, kind: str, subject_id: UUID, due_at: datetime) -> None:
    """Let `kind` happen to the subject at `due_at`; again with another moment moves it."""
    set_many(session, kind, [(subject_id, due_at)])


def set_many(session: Session, kind: str, due: Iterable[tuple[UUID, datetime]]) -> None:
    """The same for many subjects with one statement."""
    rows = [
        {"id": new_id(), "kind": kind, "subject_id": subject, "due_at": at} for subject, at in due
    ]
    if not rows:
        return
    wanted = insert(Deadline).values(rows)
    session.execute(
        wanted.on_conflict_do_update(
            index_elements=["kind", "subject_id"],
            set_={
                "due_at": wanted.excluded.due_at,
                "version": Deadline.version + 1,
                "leased_until": None,
                "attempts": 0,
                "last_error": None,
            },
        )
    )


def keep(session: Session, kind: str, subject_id: UUID, due_at: datetime) -> None:
    """Let it happen at `due_at` unless a moment is already set; a held row is not waited for."""
    wanted = insert(Deadline).values(id=new_id(), kind=kind, subject_id=subject_id, due_at=due_at)
    session.execute(wanted.on_conflict_do_nothing(index_elements=["kind", "subject_id"]))


def cancel(session: Session, kind: str, subject_id: UUID) -> None:
    """It need not happen any more."""
    session.execute(
        delete(Deadline).where(Deadline.kind == kind, Deadline.subject_id == subject_id)
    )


def of(session: Session, subject_id: UUID) -> list[Deadline]:
    """What is still to happen to the subject, soonest first."""
    return list(
        session.scalars(
            select(Deadline).where(Deadline.subject_id == subject_id).order_by(Deadline.due_at)
        )
    )


def claim(
    session: Session, kinds: Iterable[str], *, limit: int = 100, first: timedelta = FIRST_LEASE
) -> list[Claim]:
    """Take what is due and free, oldest first; nobody else gets it until the lease ends.

    It is a short one at `first`: whoever needs longer says so with `hold`.
    """
    now = clock.now()
    due = (
        select(Deadline.id)
        .where(
            Deadline.kind.in_(list(kinds)),
            Deadline.due_at <= now,
            (Deadline.leased_until.is_(None)) | (Deadline.leased_until <= now),
        )
        .order_by(Deadline.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = session.execute(
        update(Deadline)
        .where(Deadline.id.in_(due.scalar_subquery()))
        .values(
            leased_until=now
            + func.least(LEASE, first * func.power(2, func.least(Deadline.attempts, 6))),
            version=Deadline.version + 1,
            attempts=Deadline.attempts + 1,
        )
        .returning(
            Deadline.id,
            Deadline.kind,
            Deadline.subject_id,
            Deadline.version,
            Deadline.attempts,
        )
        .execution_options(synchronize_session=False)
    )
    return [Claim(*each) for each in taken]


def hold(session: Session, mine: Claim) -> bool:
    """The work begins, and may take as long as a whole lease; False when it moved on without us."""
    held = update(Deadline).where(Deadline.id == mine.id, Deadline.version == mine.version)
    ours = held.values(leased_until=clock.now() + LEASE).returning(Deadline.id)
    return session.scalar(ours.execution_options(synchronize_session=False)) is not None


def still_mine(session: Session, mine: Claim) -> bool:
    """Keep other keepers off to the end of the transaction; False when it moved on without us.

    The row itself is not held: verbs hold their subject first and its deadline last, so a keeper
    that held the deadline first would meet them in a deadlock. The lock is one that only keepers
    take, and the row is looked at under it, so that no two of them ever do the same work.
    """
    number = int.from_bytes(mine.id.bytes[-8:], "big", signed=True)
    if not session.scalar(select(func.pg_try_advisory_xact_lock(number))):
        return False
    same = select(Deadline.id).where(Deadline.id == mine.id, Deadline.version == mine.version)
    return session.scalar(same) is not None


def retire(session: Session, mine: Claim) -> None:
    """It has happened. A deadline that its own handler has set anew stays.

    One that somebody claimed meanwhile, because a lease ended while it happened, is over too: each
    claim adds one to both numbers, being set adds one to `version` alone.
    """
    same = (
        Deadline.version - Deadline.attempts == mine.version - mine.attempts
        if mine.attempts
        else Deadline.version == mine.version
    )
    session.execute(delete(Deadline).where(Deadline.id == mine.id, same))


def let_go(session: Session, mine: Claim) -> None:
    """Somebody else has it in hand right now: whoever looks next may claim it, lease or not."""
    free = update(Deadline).where(Deadline.id == mine.id, Deadline.version == mine.version)
    session.execute(free.values(leased_until=None).execution_options(synchronize_session=False))


def give_back(session: Session, those: Iterable[Claim]) -> None:
    """They were claimed and not begun: free for the next round."""
    session.execute(
        update(Deadline)
        .where(
            tuple_(Deadline.id, Deadline.version).in_([(each.id, each.version) for each in those])
        )
        .values(leased_until=None, attempts=Deadline.attempts - 1)
        .execution_options(synchronize_session=False)
    )


def failed(session: Session, mine: Claim, error: str) -> None:
    """Try again later, each time waiting twice as long, at most a minute."""
    held = session.get(Deadline, mine.id, with_for_update=True, populate_existing=True)
    if held is None or held.version != mine.version:
        return
    held.last_error = error
    held.leased_until = None
    wait = FIRST_RETRY * 2 ** min(held.attempts, 6)
    held.due_at = clock.now() + min(wait, LONGEST_RETRY)


def most_overdue(session: Session) -> timedelta:
    """How late the latest one is: the gauge that tells whether the sweepers keep up."""
    first = session.scalar(select(func.min(Deadline.due_at)))
    return max(timedelta(0), clock.now() - first) if first else timedelta(0)
