"""What an administrator does with the staff: take on, change, let go, let back, give a way in."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import any_, select
from sqlalchemy.orm import Session

from registry import factors, identities, invitations, sessions, staff, tokens
from registry.access import Actor, Compartment, Role
from registry.kit.errors import Conflict
from registry.staff import Staff


def take_on(
    session: Session,
    *,
    login: str,
    name: str,
    roles: set[Role],
    office_id: UUID | None,
    team_id: UUID | None,
    compartments: Iterable[Compartment] = (),
) -> tuple[Staff, str]:
    """Somebody new, and the code with which they choose their password."""
    person = staff.add(
        session, login=login, name=name, roles=roles, office_id=office_id, team_id=team_id
    )
    person.compartments = sorted(compartments)
    return person, invitations.make(session, person)


def change(
    session: Session,
    person: Staff,
    actor: Actor,
    *,
    name: str,
    roles: set[Role],
    office_id: UUID | None,
    team_id: UUID | None,
    compartments: Iterable[Compartment] = (),
) -> None:
    """Raises Conflict when somebody would change their own roles, or nobody could do so again."""
    mine = {Role(each) for each in person.roles}, set(person.compartments)
    if person.id == actor.staff_id and (roles, set(compartments)) != mine:
        raise Conflict("Nobody changes their own roles: ask another administrator", field="roles")
    if Role.ADMINISTRATOR not in roles:
        _another_administers(session, person)
    staff.change(
        session,
        person,
        name=name,
        roles=roles,
        office_id=office_id,
        team_id=team_id,
        compartments=compartments,
    )


def let_go(session: Session, person: Staff, actor: Actor) -> None:
    """They no longer work here: their screens close now and their programs stop."""
    if person.id == actor.staff_id:
        raise Conflict("Nobody closes their own account: ask another administrator")
    _another_administers(session, person)
    sessions.end_all(session, person.id)
    for token in tokens.of(session, person.id):
        tokens.revoke(session, token)
    staff.leave(session, person)


def let_back(session: Session, person: Staff) -> str:
    """They work here again; the code with which they choose a new password."""
    staff.come_back(session, person)
    return invitations.make(session, person)


def forget_factors(session: Session, person: Staff, actor: Actor) -> None:
    """They lost phone and paper, or have another account at the body's log-in: they begin anew.

    Whoever might still hold what was lost is signed out. Nobody does it for themselves.
    """
    if person.id == actor.staff_id:
        raise Conflict("Nobody takes away their own second factor: ask another administrator")
    factors.forget(session, person.id)
    identities.unlink(session, person.id)
    sessions.end_all(session, person.id)


def _another_administers(session: Session, person: Staff) -> None:
    """Held until the commit, so that the last two administrators cannot send each other away."""
    those = session.scalars(
        select(Staff.id)
        .where(Staff.active, any_(Staff.roles) == Role.ADMINISTRATOR.value)
        .order_by(Staff.id)
        .with_for_update()
    ).all()
    if list(those) == [person.id]:
        raise Conflict("This is the last administrator: give the role to somebody else first")
