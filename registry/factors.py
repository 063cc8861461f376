"""Second factors: which somebody has, who must have one, and whether a code is right."""

from uuid import UUID

from sqlalchemy.orm import Session

from registry import authenticators, identities, passkeys, recovery_codes
from registry.access import Actor, Role
from registry.kit.db import get
from registry.kit.errors import Conflict
from registry.kit.settings import settings
from registry.staff import Staff

DIGITS = 6
CAREFUL = frozenset({Role.ADMINISTRATOR, Role.AUDITOR})


def has(session: Session, staff_id: UUID) -> bool:
    """Whether a password alone no longer lets them in."""
    return authenticators.of(session, staff_id) is not None or bool(passkeys.of(session, staff_id))


def ways(session: Session, staff_id: UUID) -> frozenset[str]:
    """By which ways they can show that it is them: `password`, `app`, `passkey`, `provider`."""
    person = get(session, Staff, staff_id)
    found = {
        "password": person.password is not None,
        "app": authenticators.of(session, staff_id) is not None,
        "passkey": bool(passkeys.of(session, staff_id)),
        "provider": bool(settings().oidc_issuer) and identities.linked(session, staff_id),
    }
    return frozenset(way for way, there in found.items() if there)


def keep_one(session: Session, actor: Actor) -> None:
    """After one was taken away: Conflict when the house asks for one and none is left."""
    if actor.staff_id is None or has(session, actor.staff_id):
        return
    if owed_by(actor):
        raise Conflict("Your role needs a second factor: add another one first")
    recovery_codes.forget(session, actor.staff_id)


def owed_by(actor: Actor) -> bool:
    """Whether the house asks for a second factor of whoever has these roles."""
    match settings().second_factor_for:
        case "everybody":
            return True
        case "administrators":
            return bool(actor.roles & CAREFUL)
        case "nobody":
            return False


def accept(session: Session, staff_id: UUID, code: str) -> str:
    """By which means the code is right, `app` or `recovery`; empty when it is not."""
    if len(plain := "".join(code.split())) == DIGITS and plain.isdigit():
        return "app" if authenticators.accept(session, staff_id, code) else ""
    return "recovery" if recovery_codes.accept(session, staff_id, code) else ""


def forget(session: Session, staff_id: UUID) -> None:
    """They lost everything: an administrator lets them begin anew."""
    authenticators.remove(session, staff_id)
    for each in passkeys.of(session, staff_id):
        passkeys.revoke(session, staff_id, each.id)
    recovery_codes.forget(session, staff_id)
