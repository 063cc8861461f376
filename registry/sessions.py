"""A session: somebody signed in at one screen, until they leave, twelve hours pass or it locks."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ForeignKey, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import journal, staff
from registry.access import Actor
from registry.kit import clock, limits, passwords
from registry.kit.db import Base, Id, transaction
from registry.kit.errors import NotAllowed, NotFound, NotSignedIn
from registry.kit.settings import settings
from registry.staff import Staff

# The moment of last use is written at most this often: reading must not cost a write.
TOUCH_EVERY = timedelta(seconds=20)
GUESS_EVERY = timedelta(seconds=1)
GUESSES_AT_ONCE = 5
NETWORK_EVERY = timedelta(milliseconds=200)
NETWORK_AT_ONCE = 50
BROWSER = 60  # letters


@dataclass(frozen=True, kw_only=True)
class SignedIn(journal.Event):
    staff_id: UUID
    session_id: UUID


@dataclass(frozen=True, kw_only=True)
class SignInRefused(journal.Event):
    """Somebody did not know the password; the staff id only when the log-in exists."""

    staff_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class SignedOut(journal.Event):
    staff_id: UUID
    session_id: UUID


class SignIn(Base):
    """A session. The cookie holds a secret of which only the digest is kept here."""

    __tablename__ = "sessions"

    id: Mapped[Id]
    digest: Mapped[str] = mapped_column(unique=True)
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff.id"), index=True)
    started_at: Mapped[datetime] = mapped_column(default=clock.now)
    used_at: Mapped[datetime] = mapped_column(default=clock.now)
    locked: Mapped[bool] = mapped_column(default=False)
    ended_at: Mapped[datetime | None]
    # In two words, such as "Firefox, Windows": so that its owner knows it again in the list.
    browser: Mapped[str] = mapped_column(default="", server_default="")


@dataclass(frozen=True)
class Signed:
    """A session that was checked just now."""

    id: UUID
    actor: Actor
    locked: bool
    csrf: str


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def csrf_of(secret: str) -> str:
    """The token that this session's forms and scripts send back; it tells nothing of the secret."""
    return hashlib.sha256(b"csrf:" + secret.encode()).hexdigest()[:40]


def sign_in(login: str, password: str, *, network: str, browser: str = "") -> tuple[str, Actor]:
    """The secret for a new session's cookie, and who it is.

    Raises TooMany after several guesses at one account or from one network (each in its own
    transaction, so that refusing does not forget the attempt), NotAllowed when they are wrong.
    """
    account = count_guess(login, network)
    with transaction() as session:
        person = staff.by_login(session, login)
        stored = person.password if person is not None and person.active else None
    known = passwords.right(password, stored)
    with transaction() as session:
        if not known or person is None:
            journal.record(session, SignInRefused(staff_id=person.id if person else None))
        else:
            limits.forget(session, account)
            return _start(session, person, browser), person.actor
    raise NotAllowed("Log-in name or password are not right", field="password")


def count_guess(login: str, network: str) -> str:
    """Use one guess at this account and from this network, or TooMany; the account's limit key."""
    account = f"sign-in:{digest(login.strip().lower())}"
    with transaction() as session:
        limits.take(
            session, f"network:{digest(network)}", every=NETWORK_EVERY, burst=NETWORK_AT_ONCE
        )
    with transaction() as session:
        limits.take(session, account, every=GUESS_EVERY, burst=GUESSES_AT_ONCE)
    return account


def _start(session: Session, person: Staff, browser: str) -> str:
    secret = secrets.token_urlsafe(32)
    started = SignIn(digest=digest(secret), staff_id=person.id, browser=browser[:BROWSER])
    session.add(started)
    session.flush()
    journal.record(session, SignedIn(staff_id=person.id, session_id=started.id))
    return secret


def check(session: Session, secret: str | None, *, active: bool = True) -> Signed:
    """Who this is; NotSignedIn when it ended, is too old or belongs to somebody who left.

    `active` says that a person did something: it keeps the session from locking by itself.
    """
    row = session.execute(
        select(SignIn, Staff)
        .join(Staff, Staff.id == SignIn.staff_id)
        .where(SignIn.digest == digest(secret or ""))
    ).first()
    if row is None or secret is None:
        raise NotSignedIn("Sign in first")
    signed, person = row
    now = clock.now()
    oldest = now - timedelta(hours=settings().session_hours)
    if signed.ended_at is not None or signed.started_at < oldest or not person.active:
        raise NotSignedIn("The session has ended: sign in again")
    idle = now - signed.used_at > timedelta(minutes=settings().session_idle_minutes)
    if idle and not signed.locked:
        signed.locked = True
    if active and not signed.locked and now - signed.used_at > TOUCH_EVERY:
        signed.used_at = now
    return Signed(signed.id, person.actor, signed.locked, csrf_of(secret))


def lock(session: Session, session_id: UUID) -> None:
    """The person leaves the desk: the screen asks for the password, alarms go on sounding."""
    session.execute(update(SignIn).where(SignIn.id == session_id).values(locked=True))


def unlock(session: Session, signed: Signed, password: str) -> None:
    """The same person is back; NotAllowed when the password is not theirs."""
    prove(session, signed, password)
    session.execute(
        update(SignIn).where(SignIn.id == signed.id).values(locked=False, used_at=clock.now())
    )


def prove(session: Session, signed: Signed, password: str) -> None:
    """It is still the person who signed in: asked before what must not be done in their name.

    NotAllowed when the password is not theirs, TooMany after several guesses.
    """
    with transaction() as counting:
        limits.take(counting, f"unlock:{signed.id}", every=GUESS_EVERY, burst=GUESSES_AT_ONCE)
    person = session.get(Staff, signed.actor.staff_id)
    if person is None or not passwords.right(password, person.password):
        raise NotAllowed("The password is not right", field="password")


def sign_out(session: Session, signed: Signed) -> None:
    """End the session at once, on every socket too."""
    session.execute(update(SignIn).where(SignIn.id == signed.id).values(ended_at=clock.now()))
    if signed.actor.staff_id is not None:
        journal.record(session, SignedOut(staff_id=signed.actor.staff_id, session_id=signed.id))


def open_of(session: Session, staff_id: UUID) -> list[SignIn]:
    """Where somebody is signed in now, the last used first."""
    oldest = clock.now() - timedelta(hours=settings().session_hours)
    return list(
        session.scalars(
            select(SignIn)
            .where(
                SignIn.staff_id == staff_id, SignIn.ended_at.is_(None), SignIn.started_at >= oldest
            )
            .order_by(SignIn.used_at.desc())
        )
    )


def end(session: Session, staff_id: UUID, session_id: UUID) -> None:
    """End one of somebody's sessions, on its sockets too. NotFound when it is not theirs."""
    if session_id not in {each.id for each in open_of(session, staff_id)}:
        raise NotFound("There is no such %(thing)s", thing="session")
    session.execute(update(SignIn).where(SignIn.id == session_id).values(ended_at=clock.now()))
    journal.record(session, SignedOut(staff_id=staff_id, session_id=session_id))


def end_all(session: Session, staff_id: UUID, *, but: UUID | None = None) -> int:
    """End every session of somebody, except perhaps the one that asks; returns how many."""
    those = [each.id for each in open_of(session, staff_id) if each.id != but]
    for each in those:
        end(session, staff_id, each)
    return len(those)
