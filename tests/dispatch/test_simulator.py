"""Simulated teams behave: they answer, go, arrive, close, and move on the way."""

import random
from collections.abc import Iterator
from uuid import UUID

import pytest
from fastapi import FastAPI
from sqlalchemy.orm import Session
from starlette.testclient import TestClient
from typing_extensions import override

from dispatch import api, interventions, offers, positions, rota, teams
from dispatch.interventions import Intervention, InterventionState, Priority
from dispatch.offers import Offer, OfferState
from dispatch.simulator import SimulatedTeam
from dispatch.travel import Point
from registry import cases, staff, sweeper, tokens
from registry.access import Role
from registry.cases import Area
from registry.kit import http
from registry.kit.db import transaction
from tests.dispatch.conftest import HOME, NEAR, on_duty
from webconsole import wiring

STEP = 4.0  # seconds between two turns


class Hours:
    """A clock that runs as fast as the test likes."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class Tempered(random.Random):
    """Chance with a fixed temper: near 0 nobody answers, near 1 everybody is willing."""

    def __init__(self, temper: float) -> None:
        super().__init__()
        self.temper = temper

    @override
    def random(self) -> float:
        return self.temper


@pytest.fixture
def phone(database: None) -> Iterator[TestClient]:
    app = FastAPI()
    http.install(app)
    app.include_router(api.router, prefix="/api/v1")
    with transaction() as session:
        team = on_duty(session, "Squadra Vesuvio", NEAR)
        team.latitude, team.longitude = 40.83, 14.19
        crew = staff.add(
            session, login="vesuvio", name="Vesuvio", roles={Role.TEAM}, team_id=team.id
        )
        secret = tokens.issue(session, crew)
    bearer = {"Authorization": f"Bearer {secret}"}
    with TestClient(app, base_url="http://testserver/api/v1", headers=bearer) as opened:
        yield opened


def ask() -> UUID:
    with transaction() as session:
        case = cases.open_(session, area=Area.EMERGENCY)
        made = interventions.request(
            session,
            case_id=case.id,
            person_id=None,
            kind="fall",
            priority=Priority.B,
            place=HOME,
            reason="",
            source="board",
        )
        return made.id


def offer_of(session: Session, intervention_id: UUID) -> Offer:
    (offer,) = offers.of_intervention(session, intervention_id)
    return offer


def live(crew: SimulatedTeam, hours: Hours, seconds: float, step: float = STEP) -> None:
    for _ in range(int(seconds / step)):
        hours.seconds += step
        crew.turn()


def test_a_simulated_team_takes_a_job_to_its_end_and_moves_on_the_way(phone: TestClient) -> None:
    hours = Hours()
    crew = SimulatedTeam(phone, Tempered(0.9), now=hours)
    intervention_id = ask()
    sweeper.sweep(wiring.INSIDE, ())

    live(crew, hours, 60)
    with transaction() as session:
        job = session.get_one(Intervention, intervention_id)
        started = positions.last(session, [job.team_id] if job.team_id else [])
        assert job.state in {InterventionState.ASSIGNED, InterventionState.EN_ROUTE}
    live(crew, hours, 400)

    with transaction() as session:
        job = session.get_one(Intervention, intervention_id)
        assert job.state is InterventionState.CLOSED
        assert job.outcome is not None
        assert job.report
        assert job.team_id is not None
        now_at = positions.last(session, [job.team_id])[job.team_id].fix.point
        assert started[job.team_id].fix.point != now_at
        assert now_at == Point(HOME.latitude or 0, HOME.longitude or 0)


def test_the_same_seed_makes_the_same_choices(phone: TestClient) -> None:
    ends = []
    for _ in range(2):
        hours = Hours()
        crew = SimulatedTeam(phone, random.Random(3), now=hours)
        intervention_id = ask()
        sweeper.sweep(wiring.INSIDE, ())
        live(crew, hours, 600, step=12)
        with transaction() as session:
            ends.append(session.get_one(Intervention, intervention_id).outcome)

    assert ends[0] == ends[1] is not None


def test_some_decline_and_some_stay_silent(phone: TestClient) -> None:
    hours = Hours()
    moody = Tempered(0.0)
    crew = SimulatedTeam(phone, moody, now=hours)
    intervention_id = ask()
    sweeper.sweep(wiring.INSIDE, ())
    live(crew, hours, 30)
    with transaction() as session:
        offer = offer_of(session, intervention_id)
        assert offer.state is OfferState.DELIVERED, "silent: the phone rang, nobody answered"
    moody.temper = 0.1
    crew.due.clear()
    live(crew, hours, 30)
    with transaction() as session:
        offer = offer_of(session, intervention_id)
        assert offer.state is OfferState.DECLINED


def test_off_duty_it_does_nothing(phone: TestClient) -> None:
    with transaction() as session:
        (team,) = teams.active(session)
        rota.sign_off(session, team)
        positions.forget(session, team.id)
    hours = Hours()
    crew = SimulatedTeam(phone, random.Random(1), now=hours)

    live(crew, hours, 60)

    with transaction() as session:
        assert positions.last(session, [team.id]) == {}
