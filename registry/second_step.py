"""The second step of signing in: the digits of an app, or a recovery code, after the password."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from registry import factors, handshakes, journal, sessions
from registry.access import Actor
from registry.handshakes import Half
from registry.kit import limits
from registry.kit.db import get, transaction
from registry.kit.errors import NotAllowed
from registry.staff import Staff

# A million codes, three of them right at a time: slow enough that a day of guesses finds none.
CODE_EVERY = timedelta(seconds=30)
CODES_AT_ONCE = 5


@dataclass(frozen=True, kw_only=True)
class SecondFactorRefused(journal.Event):
    """The password was right, and the code was not: somebody may know the password."""

    staff_id: UUID


def count_code(staff_id: UUID | None) -> str:
    """Use one guess at this person's codes, or TooMany; the key of the limit."""
    key = f"second:{staff_id}"
    with transaction() as session:
        limits.take(session, key, every=CODE_EVERY, burst=CODES_AT_ONCE)
    return key


def finish(half: str | None, code: str, *, browser: str = "") -> tuple[str, Actor]:
    """The second half: the digits of the app, or a recovery code.

    Raises NotSignedIn when it took too long, TooMany, NotAllowed when the code is not right.
    """
    with transaction() as session:
        staff_id = handshakes.waiting(session, Half.SECOND_FACTOR, half).staff_id
    key = count_code(staff_id)
    with transaction() as session:
        held = handshakes.waiting(session, Half.SECOND_FACTOR, half)
        person = get(session, Staff, held.staff_id)
        means = factors.accept(session, person.id, code) if person.active else ""
        if means:
            session.delete(held)
            limits.forget(session, key)
            said = held.facts
            secret = sessions.start(
                session,
                person,
                browser=browser,
                means=f"{said['means']}+{means}",
                strong=True,
                id_token=said.get("id_token", ""),
                provider_session=said.get("provider_session", ""),
            )
            return secret, person.actor
        journal.record(session, SecondFactorRefused(staff_id=person.id))
    raise NotAllowed("The code is not right, or was used already", field="code")
