"""One's own account, looked after by oneself: another password, and what was tried at it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Text, literal_column, select
from sqlalchemy.orm import Session

from registry import sessions, staff
from registry.authenticators import AuthenticatorEnrolled, AuthenticatorRemoved
from registry.identities import IdentityLinked, IdentityUnlinked
from registry.invitations import StaffInvited
from registry.journal import Entry
from registry.kit import clock, limits, passwords
from registry.kit.db import get, transaction
from registry.kit.errors import NotAllowed
from registry.passkeys import PasskeyEnrolled, PasskeyRevoked
from registry.recovery_codes import RecoveryCodesMade, RecoveryCodeUsed
from registry.second_step import SecondFactorRefused
from registry.sessions import SignedIn, SignInRefused
from registry.staff import PasswordSet, Staff

LOOKED_BACK = timedelta(days=30)
MOST = 200
# Written as its index is: a subscript means the same and would not be found there.
whose = Entry.facts.op("->>", return_type=Text())(literal_column("'staff_id'"))
# Refused tries that are no slip of the hand any more.
OFTEN = 3
REFUSED = (SignInRefused.kind, SecondFactorRefused.kind)
CHANGED = (
    PasswordSet.kind,
    StaffInvited.kind,
    AuthenticatorEnrolled.kind,
    AuthenticatorRemoved.kind,
    PasskeyEnrolled.kind,
    PasskeyRevoked.kind,
    RecoveryCodesMade.kind,
    RecoveryCodeUsed.kind,
    IdentityLinked.kind,
    IdentityUnlinked.kind,
)


@dataclass(frozen=True)
class Told:
    """What happened at the account lately, newest first."""

    refused: list[datetime]
    changed: list[Entry]


def change_password(staff_id: UUID, old: str, new: str, *, network: str, but: UUID) -> None:
    """Another password for whoever knows the present one; every other session ends.

    Raises TooMany like any guess at a password, NotAllowed when the present one is not right,
    Invalid when the new one would be guessed.
    """
    with transaction() as session:
        person = get(session, Staff, staff_id)
        login, stored = person.login, person.password
    account = sessions.count_guess(login, network)
    if not passwords.right(old, stored):
        sessions.refused(staff_id)
        raise NotAllowed("The present password is not right", field="old")
    with transaction() as session:
        staff.set_password(session, get(session, Staff, staff_id), new)
        sessions.end_all(session, staff_id, but=but)
        limits.forget(session, account)


def lately(session: Session, staff_id: UUID) -> Told:
    """The last thirty days, for the owner of the account to look at."""
    found = _of(session, staff_id, (*REFUSED, *CHANGED), clock.now() - LOOKED_BACK)
    return Told(
        [each.at for each in found if each.kind in REFUSED],
        [each for each in found if each.kind in CHANGED],
    )


def to_be_told(session: Session, staff_id: UUID) -> bool:
    """Whether, since the sign-in before this one, others changed something or tried often."""
    signed = _of(session, staff_id, (SignedIn.kind,), clock.now() - LOOKED_BACK, limit=2)
    if len(signed) < 2:  # noqa: PLR2004 - now, and the time before
        return False
    between = _of(session, staff_id, (*REFUSED, *CHANGED), signed[1].at)
    tried = sum(each.kind in REFUSED for each in between)
    return tried >= OFTEN or any(
        each.kind in CHANGED and each.actor_id != staff_id for each in between
    )


def _of(
    session: Session, staff_id: UUID, kinds: tuple[str, ...], since: datetime, limit: int = MOST
) -> list[Entry]:
    wanted = select(Entry).where(Entry.kind.in_(kinds), Entry.at >= since, whose == str(staff_id))
    return list(session.scalars(wanted.order_by(Entry.id.desc()).limit(limit)))
