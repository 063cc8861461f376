"""A session: somebody signed in at one screen, until they leave, twelve hours pass or it locks."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, ForeignKey, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import factors, handshakes, journal, staff
from registry.access import Actor
from registry.handshakes import Half
from registry.kit import clock, limits, passwords
from registry.kit.db import Base, Id, locked, transaction
from registry.kit.digests import digest
from registry.kit.errors import NotAllowed, NotFound, NotSignedIn, Problem
from registry.kit.sealed import Sealed
from registry.kit.settings import settings
from registry.staff import Staff

# The moment of last use is written at most this often: reading must not cost a write.
TOUCH_EVERY = timedelta(seconds=20)
GUESS_EVERY = timedelta(seconds=1)
GUESSES_AT_ONCE = 5
NETWORK_EVERY = timedelta(milliseconds=200)
NETWORK_AT_ONCE = 50
BROWSER = 60  # letters
LONGEST = 256  # letters of a password or a code


@dataclass(frozen=True, kw_only=True)
class SignedIn(journal.Event):
    staff_id: UUID
    session_id: UUID
    means: str


@dataclass(frozen=True, kw_only=True)
class SignInRefused(journal.Event):
    """Somebody did not know the password; the staff id only when the account exists.

    At a locked or open screen too: whoever guesses there is no less of a stranger.
    """

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
    # password, password+app, password+recovery, passkey, provider, provider+app, …
    means: Mapped[str] = mapped_column(default="password", server_default="password")
    # Two factors, in whatever way.
    strong: Mapped[bool] = mapped_column(default=False, server_default="false")
    # When whoever sits there last showed that it is still them.
    proved_at: Mapped[datetime] = mapped_column(default=clock.now, server_default=text("now()"))
    # What the body's log-in gave us, for signing out there too.
    id_token: Mapped[bytes | None] = mapped_column(Sealed("sessions.id_token", house=True))
    # The digest of what that log-in calls this session there.
    provider_session: Mapped[str | None] = mapped_column(index=True)


@dataclass(frozen=True)
class Signed:
    """A session that was checked just now."""

    id: UUID
    actor: Actor
    locked: bool
    csrf: str
    proved_at: datetime
    # The house wants a second factor of them, and they have none yet.
    owes_factor: bool


class Halfway(Problem):
    """The password is right and a second factor is wanted; `secret` is for this browser."""

    def __init__(self, secret: str) -> None:
        super().__init__("Now your second factor")
        self.secret = secret


def csrf_of(secret: str) -> str:
    """The token that this session's forms and scripts send back; it tells nothing of the secret."""
    return hashlib.sha256(b"csrf:" + secret.encode()).hexdigest()[:40]


def sign_in(login: str, password: str, *, network: str, browser: str = "") -> tuple[str, Actor]:
    """The secret for a new session's cookie, and who it is.

    Raises TooMany after several guesses at one account or from one network (each in its own
    transaction, so that refusing does not forget the attempt), NotAllowed when they are wrong,
    Halfway when a second factor has to follow.
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
            if not factors.has(session, person.id):
                return start(session, person, browser=browser, means="password"), person.actor
            half = handshakes.begin(
                session, Half.SECOND_FACTOR, staff_id=person.id, means="password"
            )
    if known and person is not None:
        raise Halfway(half)
    raise NotAllowed("Log-in name or password are not right", field="password")


def refused(staff_id: UUID | None) -> None:
    """Keep a refused try, whatever becomes of the transaction in which it was refused."""
    with transaction() as session:
        journal.record(session, SignInRefused(staff_id=staff_id))


def count_guess(login: str, network: str) -> str:
    """Use one guess at this account and from this network, or TooMany; the account's limit key."""
    account = f"sign-in:{digest(login.strip().lower())}"
    count_network(network)
    with transaction() as session:
        limits.take(session, account, every=GUESS_EVERY, burst=GUESSES_AT_ONCE)
    return account


def count_network(network: str) -> None:
    """Use one try from this network, or TooMany."""
    with transaction() as session:
        limits.take(
            session, f"network:{digest(network)}", every=NETWORK_EVERY, burst=NETWORK_AT_ONCE
        )


def start(
    session: Session,
    person: Staff,
    *,
    browser: str,
    means: str,
    strong: bool = False,
    id_token: str = "",
    provider_session: str = "",
) -> str:
    """The secret for the cookie of a new session of somebody who has shown who they are."""
    secret = secrets.token_urlsafe(32)
    started = SignIn(
        digest=digest(secret),
        staff_id=person.id,
        browser=browser[:BROWSER],
        means=means,
        strong=strong,
        id_token=id_token.encode() or None,
        provider_session=digest(provider_session) if provider_session else None,
    )
    session.add(started)
    session.flush()
    journal.record(session, SignedIn(staff_id=person.id, session_id=started.id, means=means))
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
    return Signed(
        signed.id,
        person.actor,
        signed.locked,
        csrf_of(secret),
        signed.proved_at,
        owes_factor=not signed.strong and factors.owed_by(person.actor),
    )


def lock(session: Session, session_id: UUID) -> None:
    """The person leaves the desk: the screen asks for the password, alarms go on sounding."""
    session.execute(update(SignIn).where(SignIn.id == session_id).values(locked=True))


def sign_out(session: Session, signed: Signed) -> str:
    """End the session at once, on every socket too; what the body's log-in gave, or nothing."""
    row = locked(session, SignIn, signed.id)
    row.ended_at = clock.now()
    token, row.id_token = row.id_token, None
    if signed.actor.staff_id is not None:
        journal.record(session, SignedOut(staff_id=signed.actor.staff_id, session_id=signed.id))
    return (token or b"").decode()


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
    end_where(session, SignIn.id == session_id)


def end_where(session: Session, *those: ColumnElement[bool]) -> int:
    """End such sessions as are open, on their sockets too; returns how many."""
    ended = session.execute(
        update(SignIn)
        .where(SignIn.ended_at.is_(None), *those)
        .values(ended_at=clock.now(), id_token=None)
        .returning(SignIn.id, SignIn.staff_id)
    ).all()
    for session_id, staff_id in ended:
        journal.record(session, SignedOut(staff_id=staff_id, session_id=session_id))
    return len(ended)


def end_all(session: Session, staff_id: UUID, *, but: UUID | None = None) -> int:
    """End every session of somebody, except perhaps the one that asks; returns how many."""
    those = [each.id for each in open_of(session, staff_id) if each.id != but]
    for each in those:
        end(session, staff_id, each)
    return len(those)
