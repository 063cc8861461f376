"""An API token: a program that acts with one person's rights."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import journal
from registry.access import Actor
from registry.kit import clock
from registry.kit.db import Base, Id
from registry.kit.digests import digest
from registry.kit.errors import NotSignedIn
from registry.staff import Staff

PREFIX = "cen_"


@dataclass(frozen=True, kw_only=True)
class TokenIssued(journal.Event):
    staff_id: UUID
    token_id: UUID


@dataclass(frozen=True, kw_only=True)
class TokenRevoked(journal.Event):
    staff_id: UUID
    token_id: UUID


class Token(Base):
    """Only the digest is kept: a token is shown once, when it is issued."""

    __tablename__ = "tokens"

    id: Mapped[Id]
    digest: Mapped[str] = mapped_column(unique=True)
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff.id"))
    label: Mapped[str] = mapped_column(default="")
    issued_at: Mapped[datetime] = mapped_column(default=clock.now)
    revoked_at: Mapped[datetime | None]


def issue(session: Session, person: Staff, label: str = "") -> str:
    """A new bearer token with the person's rights; show it now, it cannot be read again."""
    secret = PREFIX + secrets.token_urlsafe(32)
    token = Token(digest=digest(secret), staff_id=person.id, label=label)
    session.add(token)
    session.flush()
    journal.record(session, TokenIssued(staff_id=person.id, token_id=token.id))
    return secret


def revoke(session: Session, token: Token) -> None:
    token.revoked_at = clock.now()
    journal.record(session, TokenRevoked(staff_id=token.staff_id, token_id=token.id))


def of(session: Session, staff_id: UUID) -> list[Token]:
    """Somebody's tokens that still open the door, oldest first."""
    wanted = select(Token).where(Token.staff_id == staff_id, Token.revoked_at.is_(None))
    return list(session.scalars(wanted.order_by(Token.issued_at)))


def check(session: Session, secret: str) -> Actor:
    """Whose token this is, or NotSignedIn."""
    person = session.scalar(
        select(Staff)
        .join(Token, Token.staff_id == Staff.id)
        .where(Token.digest == digest(secret), Token.revoked_at.is_(None), Staff.active)
    )
    if person is None:
        raise NotSignedIn("This token is not known, or was revoked")
    return person.actor
