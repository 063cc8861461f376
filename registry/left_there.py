"""Signed out at the body's own log-in: the sessions that came from there end here too."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, or_
from sqlalchemy.orm import Session

from registry import handshakes, identities, journal, sessions
from registry.kit.digests import digest
from registry.provider import LEEWAY
from registry.provider_leaving import Left
from registry.sessions import SignIn


@dataclass(frozen=True, kw_only=True)
class LeftThere(journal.Event):
    """The provider said so; how many sessions of ours ended by it."""

    staff_id: UUID | None
    ended: int


def end(session: Session, left: Left) -> int:
    """End what had begun when the provider said it, however often it says so; returns how many.

    A session whose log-in there had no name is ended with all of that person's.
    """
    staff_id = identities.whose(session, left.issuer, left.subject)
    ended = 0
    if staff_id is not None or not left.subject:
        ended = sessions.end_where(
            session,
            SignIn.means.startswith("provider"),
            SignIn.started_at <= left.at + timedelta(seconds=LEEWAY),
            *_whose(left, staff_id),
        )
    if staff_id is not None:
        handshakes.drop(session, staff_id)
    journal.record(session, LeftThere(staff_id=staff_id, ended=ended))
    return ended


def _whose(left: Left, staff_id: UUID | None) -> Iterator[ColumnElement[bool]]:
    same = SignIn.provider_session == digest(left.session)
    if staff_id is None:
        yield same
        return
    yield SignIn.staff_id == staff_id
    if left.session:
        yield or_(same, SignIn.provider_session.is_(None))
