"""An authenticator: the app on somebody's phone that shows six new digits every thirty seconds."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import pyotp
from pyotp import TOTP
from pyotp.utils import strings_equal
from sqlalchemy import ForeignKey, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import journal
from registry.kit import clock
from registry.kit.db import Base, Id
from registry.kit.errors import NotAllowed, NotFound
from registry.kit.sealed import Sealed
from registry.staff import Staff

ISSUER = "Centrale"
LETTERS = 32  # of base 32, so 160 bits: RFC 4226 section 4
PERIOD = 30  # seconds, RFC 6238 section 5.2
DRIFT = 1  # periods that a phone's clock may be off, either way


@dataclass(frozen=True, kw_only=True)
class AuthenticatorEnrolled(journal.Event):
    staff_id: UUID


@dataclass(frozen=True, kw_only=True)
class AuthenticatorRemoved(journal.Event):
    staff_id: UUID


class Authenticator(Base):
    """One that is confirmed, and perhaps one about to take its place."""

    __tablename__ = "authenticators"

    id: Mapped[Id]
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff.id"), index=True)
    sealed_secret: Mapped[bytes] = mapped_column(
        "secret", Sealed("authenticators.secret", house=True)
    )
    made_at: Mapped[datetime] = mapped_column(default=clock.now)
    confirmed_at: Mapped[datetime | None]
    # The period of the last code that was taken: that one and those before open nothing any more.
    last_period: Mapped[int] = mapped_column(default=0)

    @property
    def secret(self) -> str:
        return self.sealed_secret.decode()


def begin(session: Session, person: Staff) -> Authenticator:
    """A new secret to be shown now; the authenticator in use stays so until this is confirmed."""
    session.execute(
        delete(Authenticator).where(
            Authenticator.staff_id == person.id, Authenticator.confirmed_at.is_(None)
        )
    )
    made = Authenticator(staff_id=person.id, sealed_secret=pyotp.random_base32(LETTERS).encode())
    session.add(made)
    session.flush()
    return made


def address(authenticator: Authenticator, person: Staff) -> str:
    """What the app reads from the picture: `otpauth://…`, secret included."""
    return TOTP(authenticator.secret).provisioning_uri(name=person.login, issuer_name=ISSUER)


def confirm(session: Session, staff_id: UUID, code: str) -> None:
    """The app shows the right digits: from now on it counts, and the one before no longer does."""
    found = pending(session, staff_id)
    if found is None:
        raise NotFound("There is no such %(thing)s", thing="authenticator")
    if not _take(found, code):
        raise NotAllowed(
            "These are not the digits that the app shows now. Is the clock of the phone right?",
            field="code",
        )
    session.execute(
        delete(Authenticator).where(
            Authenticator.staff_id == staff_id, Authenticator.id != found.id
        )
    )
    found.confirmed_at = clock.now()
    journal.record(session, AuthenticatorEnrolled(staff_id=staff_id))


def accept(session: Session, staff_id: UUID, code: str) -> bool:
    """Whether the digits are right, now and for the first time."""
    found = session.scalar(
        select(Authenticator)
        .where(Authenticator.staff_id == staff_id, Authenticator.confirmed_at.is_not(None))
        .with_for_update()
    )
    return found is not None and _take(found, code)


def remove(session: Session, staff_id: UUID) -> None:
    """Their app counts no more; without one nothing changes."""
    if of(session, staff_id) is not None:
        journal.record(session, AuthenticatorRemoved(staff_id=staff_id))
    session.execute(delete(Authenticator).where(Authenticator.staff_id == staff_id))


def of(session: Session, staff_id: UUID) -> Authenticator | None:
    """The one that counts."""
    return session.scalar(
        select(Authenticator).where(
            Authenticator.staff_id == staff_id, Authenticator.confirmed_at.is_not(None)
        )
    )


def pending(session: Session, staff_id: UUID) -> Authenticator | None:
    """The one whose digits nobody has written yet."""
    return session.scalar(
        select(Authenticator)
        .where(Authenticator.staff_id == staff_id, Authenticator.confirmed_at.is_(None))
        .with_for_update()
    )


def _take(authenticator: Authenticator, code: str) -> bool:
    digits = "".join(code.split())
    codes, now = TOTP(authenticator.secret), int(clock.now().timestamp()) // PERIOD
    for period in range(now - DRIFT, now + DRIFT + 1):
        if strings_equal(codes.generate_otp(period), digits):
            fresh = period > authenticator.last_period
            authenticator.last_period = max(period, authenticator.last_period)
            return fresh
    return False
