"""The verb `staff add`: who works here, added where the house stands."""

import os

import pytest

from dispatch import teams
from registry import sessions, staff
from registry.access import Role
from registry.kit import db
from tests.conftest import PASSWORD
from tests.processes import Said, centrale


def add(*words: str) -> Said:
    """The verb as somebody types it, in a process of its own; the password is typed twice."""
    return centrale("staff", "add", *words, environment=os.environ, typed=f"{PASSWORD}\n" * 2)


@pytest.mark.usefixtures("database")
def test_a_teams_phone_is_added_and_signs_in_for_its_team() -> None:
    with db.transaction() as session:
        team_id = teams.form(session, name="Squadra Vesuvio").id

    said = add(
        "--login", "vesuvio", "--name", "Squadra Vesuvio", "--role", "team", "--team",
        "Squadra Vesuvio",
    )  # fmt: skip

    assert said.returncode == 0, said.stderr
    _, actor = sessions.sign_in("vesuvio", PASSWORD, network="192.0.2.1")
    assert actor.team_id == team_id
    assert actor.roles == {Role.TEAM}


@pytest.mark.usefixtures("database")
def test_a_team_nobody_formed_is_said_and_nobody_is_added() -> None:
    said = add("--login", "nessuna", "--name", "Nessuna", "--role", "team", "--team", "Fantasma")

    assert said.returncode == 1
    assert "Fantasma" in said.stderr
    with db.transaction() as session:
        assert staff.by_login(session, "nessuna") is None
