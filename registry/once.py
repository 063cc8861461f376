"""Once: what a program asked for under a name of its own is made once, however often it asks."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry.kit import clock
from registry.kit.db import Base, new_id, transaction
from registry.kit.errors import Conflict

KEPT = timedelta(days=7)


class Made(Base):
    """What was made for whom under which Idempotency-Key."""

    __tablename__ = "made_once"

    login: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[UUID] = mapped_column(primary_key=True)
    what: Mapped[str]
    made_id: Mapped[UUID]
    at: Mapped[datetime] = mapped_column(index=True)


def made(session: Session, login: str, key: UUID | None, what: str) -> tuple[UUID, bool]:
    """The id under which to make it, and whether this is the first time it is asked.

    The same key at the same moment waits for the first to finish. Raises Conflict when the key
    was used for something else.
    """
    fresh = new_id()
    if key is None:
        return fresh, True
    values = {"login": login, "key": key, "what": what, "made_id": fresh, "at": clock.now()}
    written = session.execute(
        insert(Made).values(values).on_conflict_do_nothing().returning(Made.made_id)
    ).scalar()
    if written is not None:
        return fresh, True
    kept = session.execute(
        select(Made.what, Made.made_id).where(Made.login == login, Made.key == key)
    ).one()
    if kept.what != what:
        raise Conflict("This Idempotency-Key was used for something else")
    return kept.made_id, False


def forget_old() -> None:
    """A chore of the sweeper."""
    with transaction() as session:
        session.execute(delete(Made).where(Made.at < clock.now() - KEPT))
