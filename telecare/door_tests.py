"""The test of our own doors: each minute a signal goes in by a real socket, or a fault is told."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import journal
from registry.kit import clock
from registry.kit.db import Base
from telecare.devices import SELF_TEST
from telecare.signals import Signal
from telecare.triage import Becomes

EVERY = timedelta(minutes=1)
# A start or a restart takes its time: it is tried again soon, and the third failure is a fault.
AGAIN_AFTER = timedelta(seconds=10)
ENOUGH = 3
# Nobody tests any more: that is a fault too.
UNTESTED_AFTER = timedelta(minutes=4)
# A door that no process of ours has wanted for so long is no longer one.
GIVEN_UP_AFTER = timedelta(hours=1)
KEPT_FOR = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class DoorFailed(journal.Event):
    door: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class DoorWorksAgain(journal.Event):
    door: str


class DoorTest(Base):
    """One door, such as `dc09-tcp`, `sip-udp`, `http` or `mqtt`."""

    __tablename__ = "door_tests"

    door: Mapped[str] = mapped_column(primary_key=True)
    due_at: Mapped[datetime]
    tested_at: Mapped[datetime]
    passed_at: Mapped[datetime | None]
    took_ms: Mapped[float | None]
    failures: Mapped[int] = mapped_column(default=0)
    # Since when it does not work; None: it does.
    failing_since: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(default="")

    @property
    def deaf_since(self) -> datetime:
        """Since when nothing is known to come through."""
        return self.failing_since or self.tested_at


def take_due(session: Session, doors: Collection[str]) -> list[str]:
    """Those to be tested now, taken so that no other process tests them too."""
    now = clock.now()
    rows = [
        {"door": each, "due_at": now, "tested_at": now, "failures": 0, "reason": ""}
        for each in sorted(doors)
    ]
    if rows:
        session.execute(insert(DoorTest).values(rows).on_conflict_do_nothing())
    given_up = DoorTest.door.not_in(doors), DoorTest.due_at < now - GIVEN_UP_AFTER
    session.execute(delete(DoorTest).where(*given_up))
    _forget_signals(session, now)
    due = session.scalars(
        select(DoorTest)
        .where(DoorTest.door.in_(doors), DoorTest.due_at <= now)
        .order_by(DoorTest.door)
        .with_for_update(skip_locked=True)
    ).all()
    for each in due:
        each.due_at = now + EVERY
    return [each.door for each in due]


def _forget_signals(session: Session, now: datetime) -> None:
    """Our own signals say nothing about anybody: a day of them is enough."""
    session.execute(
        delete(Signal).where(
            Signal.account.in_(SELF_TEST.values()),
            Signal.became == Becomes.KEPT,
            Signal.arrived_at < now - KEPT_FOR,
        )
    )


def passed(session: Session, door: str, took_ms: float) -> None:
    """The signal went in, was stored and acknowledged."""
    test = _held(session, door)
    if test is None:
        return
    test.tested_at = test.passed_at = clock.now()
    test.took_ms, test.failures, test.reason = took_ms, 0, ""
    if test.failing_since is not None:
        test.failing_since = None
        journal.record(session, DoorWorksAgain(door=door))


def failed(session: Session, door: str, reason: str) -> None:
    """It did not; from the third time on the room is told."""
    test = _held(session, door)
    if test is None:
        return
    now = clock.now()
    test.tested_at, test.took_ms, test.reason = now, None, reason
    test.failures += 1
    test.due_at = now + AGAIN_AFTER
    if test.failures >= ENOUGH and test.failing_since is None:
        test.failing_since = now
        journal.record(session, DoorFailed(door=door, reason=reason))


def _held(session: Session, door: str) -> DoorTest | None:
    wanted = select(DoorTest).where(DoorTest.door == door).with_for_update()
    return session.scalars(wanted.execution_options(populate_existing=True)).first()


def all_(session: Session) -> list[DoorTest]:
    return list(session.scalars(select(DoorTest).order_by(DoorTest.door)))


def broken(session: Session) -> list[DoorTest]:
    """Doors that do not work, or of which nobody knows any more whether they do."""
    wanted = select(DoorTest).where(_is_broken()).order_by(DoorTest.door)
    return list(session.scalars(wanted))


def _is_broken() -> ColumnElement[bool]:
    untested = DoorTest.tested_at < clock.now() - UNTESTED_AFTER
    return or_(DoorTest.failing_since.is_not(None), untested)
