"""The staff: who they are, and passwords nobody guesses."""

import pytest
from sqlalchemy.orm import Session

from registry import staff
from registry.access import RIGHTS, Right, Role, require
from registry.kit import passwords
from registry.kit.errors import Conflict, Invalid, NotAllowed, NotFound
from registry.staff import Staff


def test_a_log_in_name_is_taken_once_however_it_is_written(session: Session, anna: Staff) -> None:
    with pytest.raises(Conflict, match="anna"):
        staff.add(session, login=" ANNA ", name="Anna Due", roles={Role.OPERATOR})
    assert staff.named(session, "Anna") == anna
    with pytest.raises(NotFound, match="nobody"):
        staff.named(session, "nobody")


@pytest.mark.parametrize(
    ("login", "roles"), [("", {Role.TEAM}), ("a b", {Role.TEAM}), ("x", set())]
)
def test_a_log_in_needs_one_word_and_a_role(session: Session, login: str, roles: set[Role]) -> None:
    with pytest.raises(Invalid):
        staff.add(session, login=login, name="X", roles=roles)


@pytest.mark.parametrize(
    "password",
    [
        "corta",
        "passwordpassword",
        "aaaaaaaaaaaaaaaaaaa",
        "anna riva anna riva",
        "x" * 300,
        "x" * 100,
        "qwertyuiop123456",
        "iloveyouiloveyou",
        "juventusjuventus1",
        "centraleoperativa1",
        "password123456789",
    ],
)
def test_a_password_that_would_be_guessed_is_refused(
    session: Session, anna: Staff, password: str
) -> None:
    with pytest.raises(Invalid) as refused:
        staff.set_password(session, anna, password)
    assert refused.value.field == "password"


def test_a_password_is_known_again_and_an_account_without_one_opens_to_nobody(anna: Staff) -> None:
    stored = passwords.hash_("un gatto sul tetto giallo")
    assert passwords.right("un gatto sul tetto giallo", stored)
    assert not passwords.right("un gatto sul tetto verde", stored)
    assert not passwords.right("nobody signs in with this", None)


def test_an_office_is_made_once(session: Session) -> None:
    first = staff.office(session, "Sportello Nord", "desk")
    assert staff.office(session, "sportello nord") == first


def test_every_role_has_its_rights_and_nobody_has_them_all(anna: Staff) -> None:
    assert set(RIGHTS) == set(Role)
    assert all(rights < set(Right) for rights in RIGHTS.values())
    require(anna.actor, Right.ANSWER_CALLS)
    with pytest.raises(NotAllowed):
        require(anna.actor, Right.MANAGE_STAFF)
