"""A proof that it is still whoever signed in, asked before what nobody may do in their name."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from registry import factors, second_step, sessions
from registry.kit import clock, limits, passwords
from registry.kit.db import get, transaction
from registry.kit.errors import NotAllowed
from registry.sessions import GUESS_EVERY, GUESSES_AT_ONCE, Signed, SignIn
from registry.staff import Staff

# How long one holds, for exports, reserved files and one's own ways in.
FRESH = timedelta(minutes=5)


def fresh(signed: Signed) -> bool:
    return clock.now() - signed.proved_at <= FRESH


def prove(session: Session, signed: Signed, password: str, code: str = "") -> None:
    """Their password, or else a code of their app. It also opens a locked screen.

    NotAllowed when it is not right, TooMany after several guesses.
    """
    person = get(session, Staff, signed.actor.staff_id)
    if code and not password:
        key = second_step.count_code(person.id)
        if not factors.accept(session, person.id, code):
            sessions.refused(person.id)
            raise NotAllowed("The code is not right, or was used already", field="code")
    else:
        key = _count_password(person.id)
        if not passwords.right(password, person.password):
            sessions.refused(person.id)
            raise NotAllowed("The password is not right", field="password")
    proved(session, signed.id)
    with transaction() as counting:
        limits.forget(counting, key)


def proved(session: Session, session_id: UUID, *, strong: bool = False) -> None:
    """Whoever sits there has just shown that it is them, perhaps with a second factor."""
    now = clock.now()
    new = {"proved_at": now, "used_at": now, "locked": False} | ({"strong": True} if strong else {})
    session.execute(update(SignIn).where(SignIn.id == session_id).values(new))


def _count_password(staff_id: UUID) -> str:
    key = f"unlock:{staff_id}"
    with transaction() as session:
        limits.take(session, key, every=GUESS_EVERY, burst=GUESSES_AT_ONCE)
    return key
