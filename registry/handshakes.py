"""A handshake: half a log-in, which the same browser finishes once and within five minutes."""

import json
import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry.kit import clock
from registry.kit.db import Base, Id
from registry.kit.digests import digest
from registry.kit.errors import NotSignedIn
from registry.kit.sealed import Sealed

LASTS = timedelta(minutes=5)


class Half(StrEnum):
    """Which half is missing."""

    SECOND_FACTOR = "second_factor"
    PASSKEY = "passkey"
    ENROLMENT = "enrolment"
    PROVIDER = "provider"


class Handshake(Base):
    """The browser holds a secret of which only the digest is kept; the facts are encrypted."""

    __tablename__ = "handshakes"

    id: Mapped[Id]
    digest: Mapped[str] = mapped_column(unique=True)
    half: Mapped[Half]
    staff_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))
    sealed_facts: Mapped[bytes] = mapped_column("facts", Sealed("handshakes.facts", house=True))
    until: Mapped[datetime] = mapped_column(index=True)

    @property
    def facts(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.sealed_facts)
        return found


def begin(session: Session, half: Half, *, staff_id: UUID | None = None, **facts: str) -> str:
    """The secret for this browser. Those that nobody finished are cleared away."""
    session.execute(delete(Handshake).where(Handshake.until < clock.now()))
    secret = secrets.token_urlsafe(32)
    session.add(
        Handshake(
            digest=digest(secret),
            half=half,
            staff_id=staff_id,
            sealed_facts=json.dumps(facts).encode(),
            until=clock.now() + LASTS,
        )
    )
    session.flush()
    return secret


def waiting(session: Session, half: Half, secret: str | None) -> Handshake:
    """The half that this browser holds, kept for this transaction; NotSignedIn when it is over."""
    found = session.scalar(
        select(Handshake)
        .where(
            Handshake.digest == digest(secret or ""),
            Handshake.half == half,
            Handshake.until > clock.now(),
        )
        .with_for_update()
    )
    if found is None:
        raise NotSignedIn("This took too long, or was used already: begin again")
    return found


def drop(session: Session, staff_id: UUID) -> None:
    """What this person has half done: they begin anew."""
    session.execute(delete(Handshake).where(Handshake.staff_id == staff_id))


def take(session: Session, half: Half, secret: str | None) -> Handshake:
    """The same, good this once: whatever comes of it, it cannot be tried again."""
    found = waiting(session, half, secret)
    session.delete(found)
    session.flush()
    return found
