"""An invitation: a code good for one day and one use, with which somebody chooses a password."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ForeignKey, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import journal, sessions, staff
from registry.kit import clock, limits
from registry.kit.db import Base, Id, transaction
from registry.kit.digests import digest
from registry.kit.errors import NotAllowed
from registry.staff import Staff

VALID = timedelta(hours=24)
# Without letters that are mistaken for one another when read aloud; 80 bits in all.
LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
GROUPS, GROUP = 4, 4


@dataclass(frozen=True, kw_only=True)
class StaffInvited(journal.Event):
    staff_id: UUID


class Invitation(Base):
    """Only the digest is kept: the code is shown once, to the administrator who hands it over."""

    __tablename__ = "invitations"

    id: Mapped[Id]
    digest: Mapped[str] = mapped_column(unique=True)
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff.id"), index=True)
    made_at: Mapped[datetime] = mapped_column(default=clock.now)
    used_at: Mapped[datetime | None]


def make(session: Session, person: Staff) -> str:
    """A new code, to be said or shown to this person; earlier ones open nothing any more."""
    _use_up(session, person.id)
    groups = ("".join(secrets.choice(LETTERS) for _ in range(GROUP)) for _ in range(GROUPS))
    code = "-".join(groups)
    session.add(Invitation(digest=digest(_plain(code)), staff_id=person.id))
    session.flush()
    journal.record(session, StaffInvited(staff_id=person.id))
    return code


def accept(login: str, code: str, password: str, *, network: str) -> None:
    """Choose a password with the code. It ends every session that the account still has.

    Raises TooMany like any guess at a password, NotAllowed when the code is not this person's,
    was used or is too old, Invalid when the password would be guessed (the code stays good).
    """
    account = sessions.count_guess(login, network)
    with transaction() as session:
        person = staff.by_login(session, login)
        found = session.scalar(
            select(Invitation)
            .where(
                Invitation.digest == digest(_plain(code)),
                Invitation.used_at.is_(None),
                Invitation.made_at > clock.now() - VALID,
            )
            .with_for_update()
        )
        if person is None or found is None or found.staff_id != person.id or not person.active:
            raise NotAllowed("The code is not right, or was used, or is too old", field="code")
        staff.set_password(session, person, password)
        _use_up(session, person.id)
        sessions.end_all(session, person.id)
        limits.forget(session, account)


def _plain(code: str) -> str:
    """As it is compared: people write codes in small letters and with spaces."""
    return "".join(letter for letter in code.upper() if letter in LETTERS)


def _use_up(session: Session, staff_id: UUID) -> None:
    session.execute(
        update(Invitation)
        .where(Invitation.staff_id == staff_id, Invitation.used_at.is_(None))
        .values(used_at=clock.now())
    )
