"""The page of an intervention: the room chooses a team or calls it off, and is told why not."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from dispatch import interventions, offers, rota, teams
from dispatch.interventions import Intervention, InterventionState, Priority
from dispatch.teams import Team
from registry import cases
from registry.access import Role
from registry.cases import Area
from registry.kit import clock, db
from registry.places import Place


@pytest.fixture
def job(database: None) -> UUID:
    """Asked for, and nobody has looked for a team yet."""
    with db.transaction() as session:
        case = cases.open_(session, area=Area.EMERGENCY)
        return interventions.request(
            session,
            case_id=case.id,
            person_id=None,
            kind="fall",
            priority=Priority.A,
            place=Place(text="Via Immaginaria 7", town="Borgo Campione"),
            reason="Caduta in casa",
            source="board",
        ).id


@pytest.fixture
def vesuvio(job: UUID) -> UUID:
    with db.transaction() as session:
        team = teams.form(session, name="Squadra Vesuvio")
        now = clock.now()
        rota.add(session, team, now - timedelta(hours=1), now + timedelta(hours=8))
        teams.form(session, name="Squadra A Riposo")
        return team.id


@pytest.fixture
def anna(signed_in: Callable[..., TestClient]) -> Iterator[TestClient]:
    client = signed_in("anna", Role.OPERATOR)
    client.headers["accept"] = "text/html"
    yield client
    del client.headers["accept"]


def state_of(job: UUID) -> InterventionState:
    with db.transaction() as session:
        return db.get(session, Intervention, job).state


def test_the_room_asks_the_team_it_chooses(job: UUID, vesuvio: UUID, anna: TestClient) -> None:
    page = anna.get(f"/interventi/{job}").text
    assert 'aria-label="Chiedi a Squadra Vesuvio"' in page
    assert "Squadra A Riposo" in page
    assert 'aria-label="Chiedi a Squadra A Riposo"' not in page

    anna.post(f"/interventi/{job}/squadra", data={"squadra": str(vesuvio)})

    assert state_of(job) is InterventionState.SEARCHING
    with db.transaction() as session:
        assert offers.live(session, [job])[job].team_id == vesuvio
    assert "Squadra Vesuvio è stata interpellata" in anna.get(f"/interventi/{job}").text


def test_a_team_off_duty_cannot_be_asked_and_the_page_says_so(
    job: UUID, vesuvio: UUID, anna: TestClient
) -> None:
    with db.transaction() as session:
        resting = session.scalar(select(Team.id).where(Team.name == "Squadra A Riposo"))
    page = anna.post(f"/interventi/{job}/squadra", data={"squadra": str(resting)})

    assert page.status_code == 409
    assert 'role="alert"' in page.text
    with db.transaction() as session:
        assert offers.live(session, [job]) == {}


def test_it_is_called_off_with_a_reason(job: UUID, anna: TestClient) -> None:
    refused = anna.post(f"/interventi/{job}/annullamento", data={"motivo": "  "})
    assert refused.status_code == 422
    assert 'id="wrong-reason"' in refused.text
    assert state_of(job) is not InterventionState.CANCELLED

    anna.post(f"/interventi/{job}/annullamento", data={"motivo": "È rientrata la figlia"})

    assert state_of(job) is InterventionState.CANCELLED
    page = anna.get(f"/interventi/{job}").text
    assert "È rientrata la figlia" in page
    assert "/annullamento" not in page
