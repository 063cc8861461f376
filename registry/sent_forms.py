"""A form that was sent: sent again, by a second click or a lost answer, it is not done again.

Each page gives its forms a key. The row is written in the transaction of the work itself, so it is
there exactly when the work is; where it led is written down before the answer leaves.
"""

import time
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import UniqueConstraint, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry.kit import clock
from registry.kit.db import Base, Id, new_id, transaction
from registry.kit.errors import Conflict

KEPT = timedelta(days=1)
LOOK, LOOKS = 0.05, 60  # seconds, and how often: the first one is just answering


def N_(sentence: str) -> str:  # noqa: N802 - the mark that gathers sentences for translation
    return sentence


DONE = N_("This was sent already. Look at what there is before you send it again")


class SentForm(Base):
    """Who sent it, and a digest of key, place and content."""

    __tablename__ = "sent_forms"
    __table_args__ = (UniqueConstraint("login", "digest"),)

    id: Mapped[Id]
    login: Mapped[str]
    digest: Mapped[bytes]
    # The address to which the first one led; empty: to none.
    led_to: Mapped[str | None]
    at: Mapped[datetime] = mapped_column(default=clock.now, index=True)


class SentAlready(Conflict):
    """It is done; `led_to` is where the first one led, None when nobody knows."""

    def __init__(self, led_to: str | None) -> None:
        super().__init__(DONE)
        self.led_to = led_to
        if led_to is not None:
            self.more["done"] = True


def take(session: Session, login: str, digest: bytes) -> UUID:
    """The first one goes on; whoever sends the same again waits for it. Raises SentAlready."""
    same = SentForm.login == login, SentForm.digest == digest
    values = {"id": new_id(), "login": login, "digest": digest, "at": clock.now()}
    for _ in range(LOOKS):
        first = insert(SentForm).values(values).on_conflict_do_nothing().returning(SentForm.id)
        if (taken := session.execute(first).scalar()) is not None:
            return taken
        led_to = session.scalar(select(SentForm.led_to).where(*same))
        if led_to is not None:
            raise SentAlready(led_to)
        time.sleep(LOOK)
    raise SentAlready(None)


def led(taken: UUID, to: str) -> None:
    """The work is done, and this is where its answer leads."""
    with transaction() as session:
        session.execute(update(SentForm).where(SentForm.id == taken).values(led_to=to))


def release(taken: UUID) -> None:
    """It was refused or changed nothing: sent again it is done again."""
    with transaction() as session:
        session.execute(delete(SentForm).where(SentForm.id == taken))


def forget_old() -> None:
    """A chore of the sweeper."""
    with transaction() as session:
        session.execute(delete(SentForm).where(SentForm.at < clock.now() - KEPT))
