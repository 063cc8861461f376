"""A small room: a case, a home in Soccavo, and two teams that drive to it."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from dispatch import interventions, offers, positions, rota, search, teams
from dispatch.interventions import Intervention, Priority
from dispatch.offers import Offer
from dispatch.teams import Team
from dispatch.travel import Point
from registry import cases
from registry.cases import Area
from registry.kit import clock
from registry.places import Place

HOME = Place(text="Via Immaginaria 7, scala B", town="Napoli", latitude=40.844, longitude=14.196)
NEAR = Point(40.8450, 14.2000)
FAR = Point(40.8530, 14.3100)


def on_duty(session: Session, name: str, at: Point, hours: float = 8, **facts: object) -> Team:
    """A team with skills for old people, on duty, whose phone has just said where it is."""
    team = teams.form(session, name=name, skills=frozenset({"elderly"}), **facts)  # type: ignore[arg-type]
    now = clock.now()
    rota.add(session, team, now - timedelta(hours=1), now + timedelta(hours=hours))
    positions.report(session, team.id, at, taken_at=now)
    return team


@pytest.fixture
def near(session: Session) -> Team:
    return on_duty(session, "Squadra Vesuvio", NEAR)


@pytest.fixture
def far(session: Session) -> Team:
    return on_duty(session, "Squadra Capodimonte", FAR)


Asks = Callable[..., Intervention]


@pytest.fixture
def ask(session: Session) -> Asks:
    """`ask()`: an intervention at HOME; what differs is given by name."""

    def asking(**facts: object) -> Intervention:
        case = cases.open_(session, area=Area.EMERGENCY)
        given: dict[str, object] = {
            "case_id": case.id,
            "person_id": None,
            "kind": "fall",
            "priority": Priority.A,
            "place": HOME,
            "reason": "Caduta in casa, cosciente",
            "source": "board",
        }
        return interventions.request(session, **(given | facts))  # type: ignore[arg-type]

    return asking


def offered(session: Session, intervention: Intervention) -> Offer:
    """Let the search take one step; the offer it makes."""
    search.look(session, intervention.id)
    return live_offer(session, intervention.id)


def live_offer(session: Session, intervention_id: UUID) -> Offer:
    return offers.live(session, [intervention_id])[intervention_id]
