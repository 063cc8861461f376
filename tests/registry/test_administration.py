"""Taking on, changing and letting go the staff; the code with which they choose a password."""

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session

from registry import administration, invitations, sessions, staff, tokens
from registry.access import Role
from registry.invitations import Invitation
from registry.kit import clock
from registry.kit.db import transaction
from registry.kit.errors import Conflict, Invalid, NotAllowed, NotFound, NotSignedIn
from registry.staff import Staff
from tests.conftest import PASSWORD, somebody

NETWORK = "192.0.2.7"
CHOSEN = "tre papere nello stagno"


@pytest.fixture
def ada(session: Session) -> Staff:
    return somebody(session, "ada", "Ada Facsimile", Role.ADMINISTRATOR)


def changed(session: Session, person: Staff, actor: Staff, *roles: Role) -> None:
    administration.change(
        session,
        person,
        actor.actor,
        name=person.name,
        roles=set(roles),
        office_id=person.office_id,
        team_id=None,
    )


def test_roles_hold_at_the_next_look(session: Session, ada: Staff, anna: Staff) -> None:
    changed(session, anna, ada, Role.COORDINATOR, Role.SOCIAL_WORKER)

    assert anna.actor.roles == {Role.COORDINATOR, Role.SOCIAL_WORKER}


def test_nobody_changes_their_own_roles(session: Session, ada: Staff) -> None:
    with pytest.raises(Conflict, match="their own roles"):
        changed(session, ada, ada, Role.ADMINISTRATOR, Role.AUDITOR)
    with pytest.raises(Conflict, match="their own account"):
        administration.let_go(session, ada, ada.actor)


def test_the_last_administrator_stays(session: Session, ada: Staff, anna: Staff) -> None:
    with pytest.raises(Conflict, match="last administrator"):
        administration.let_go(session, ada, anna.actor)
    with pytest.raises(Conflict, match="last administrator"):
        changed(session, ada, anna, Role.TECHNICIAN)
    changed(session, anna, ada, Role.ADMINISTRATOR)

    administration.let_go(session, ada, anna.actor)

    assert not ada.active


@pytest.mark.parametrize(("name", "roles"), [("Anna", set[Role]()), ("  ", {Role.TEAM})])
def test_staff_have_a_name_and_a_role(
    session: Session, ada: Staff, anna: Staff, name: str, roles: set[Role]
) -> None:
    with pytest.raises(Invalid):
        staff.change(session, anna, name=name, roles=roles, office_id=None, team_id=None)


@pytest.fixture
def signed_in(database: None) -> str:
    """Ada, and Anna signed in at one screen; her secret."""
    with transaction() as session:
        somebody(session, "ada", "Ada Facsimile", Role.ADMINISTRATOR)
        somebody(session, "anna", "Anna Riva", Role.OPERATOR)
    return sessions.sign_in("anna", PASSWORD, network=NETWORK, browser="Firefox, Linux")[0]


def test_who_is_let_go_is_out_at_once_with_their_programs(signed_in: str) -> None:
    with transaction() as session:
        anna, ada = staff.named(session, "anna"), staff.named(session, "ada")
        program = tokens.issue(session, anna)
        administration.let_go(session, anna, ada.actor)

    with transaction() as session:
        with pytest.raises(NotSignedIn):
            sessions.check(session, signed_in)
        with pytest.raises(NotSignedIn):
            tokens.check(session, program)


def test_who_comes_back_needs_a_new_password(signed_in: str) -> None:
    with transaction() as session:
        anna, ada = staff.named(session, "anna"), staff.named(session, "ada")
        administration.let_go(session, anna, ada.actor)
        code = administration.let_back(session, anna)
    with pytest.raises(NotAllowed):
        sessions.sign_in("anna", PASSWORD, network=NETWORK)

    invitations.accept("Anna", f" {code.lower()} ", CHOSEN, network=NETWORK)

    assert sessions.sign_in("anna", CHOSEN, network=NETWORK)


def invited(login: str = "anna") -> str:
    with transaction() as session:
        return invitations.make(session, staff.named(session, login))


def test_a_code_is_good_once_and_ends_the_sessions_of_before(signed_in: str) -> None:
    code = invited()
    invitations.accept("anna", code, CHOSEN, network=NETWORK)

    with transaction() as session, pytest.raises(NotSignedIn):
        sessions.check(session, signed_in)
    with pytest.raises(NotAllowed, match="code"):
        invitations.accept("anna", code, "quattro papere nello stagno", network=NETWORK)


@pytest.mark.usefixtures("signed_in")
def test_a_code_is_its_owners_and_the_last_one_made_and_fresh() -> None:
    old, new = invited(), invited()
    for login, code in (("anna", old), ("ada", new), ("anna", ""), ("nobody", new)):
        with pytest.raises(NotAllowed):
            invitations.accept(login, code, CHOSEN, network=NETWORK)
    with (
        time_machine.travel(clock.now() + invitations.VALID + timedelta(seconds=1)),
        pytest.raises(NotAllowed),
    ):
        invitations.accept("anna", new, CHOSEN, network=NETWORK)


@pytest.mark.usefixtures("signed_in")
def test_a_password_too_easy_leaves_the_code_good() -> None:
    code = invited()
    with pytest.raises(Invalid):
        invitations.accept("anna", code, "corta", network=NETWORK)

    invitations.accept("anna", code, CHOSEN, network=NETWORK)


@pytest.mark.usefixtures("signed_in")
def test_a_code_is_not_kept_as_it_is_said() -> None:
    code = invited()
    with transaction() as session:
        kept = session.scalars(select(Invitation.digest)).one()

    assert code not in kept
    assert code.replace("-", "") not in kept


def test_sessions_are_listed_and_ended_one_by_one_or_all_but_this(signed_in: str) -> None:
    other = sessions.sign_in("anna", PASSWORD, network=NETWORK)[0]
    with transaction() as session:
        anna = staff.named(session, "anna")
        here = sessions.check(session, signed_in)
        listed = sessions.open_of(session, anna.id)
        assert {each.browser for each in listed} == {"", "Firefox, Linux"}
        with pytest.raises(NotFound):
            sessions.end(session, staff.named(session, "ada").id, here.id)

        assert sessions.end_all(session, anna.id, but=here.id) == 1

    with transaction() as session:
        assert sessions.check(session, signed_in).id == here.id
        with pytest.raises(NotSignedIn):
            sessions.check(session, other)
