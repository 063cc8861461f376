"""Rate limits as rows: they hold across processes and survive an empty Redis."""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry.kit import clock
from registry.kit.db import Base
from registry.kit.errors import TooMany


class Limit(Base):
    """Until when a key has used up its share (generic cell rate algorithm)."""

    __tablename__ = "limits"

    key: Mapped[str] = mapped_column(primary_key=True)
    used_until: Mapped[datetime]


def take(session: Session, key: str, *, every: timedelta, burst: int) -> None:
    """Use the key once: `burst` at once, then one `every` so often; else TooMany.

    Call it in a transaction of its own that commits before the guarded work starts.
    """
    now = clock.now()
    session.execute(insert(Limit).values(key=key, used_until=now).on_conflict_do_nothing())
    limit = session.scalars(select(Limit).where(Limit.key == key).with_for_update()).one()
    begins = max(limit.used_until, now)
    wait = begins - now - every * (burst - 1)
    if wait > timedelta(0):
        raise TooMany(
            "Too many attempts. Try again in %(seconds)s s",
            retry_after=wait.total_seconds(),
            seconds=max(1, round(wait.total_seconds())),
        )
    limit.used_until = begins + every


def forget(session: Session, key: str) -> None:
    """The key was used rightly: its share is full again."""
    limit = session.get(Limit, key)
    if limit is not None:
        limit.used_until = func.least(limit.used_until, clock.now())
