"""Real threads on a real database: a team is never given to two, an answer never counts twice."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
import time_machine
from sqlalchemy.exc import IntegrityError

from dispatch import interventions, offers, response, search, standing, teams
from dispatch.interventions import OPEN, WITH_TEAM, Intervention, InterventionState, Priority
from dispatch.offers import Offer, OfferState
from dispatch.teams import Team
from registry import cases, sweeper
from registry.cases import Area
from registry.kit import clock
from registry.kit.db import locked, transaction
from registry.kit.errors import Problem
from tests.dispatch.conftest import HOME, NEAR, on_duty
from webconsole import wiring

REPETITIONS = int(os.environ.get("CENTRALE_TEST_RACES", "15"))


def ask() -> UUID:
    with transaction() as session:
        case = cases.open_(session, area=Area.EMERGENCY)
        made = interventions.request(
            session,
            case_id=case.id,
            person_id=None,
            kind="fall",
            priority=Priority.A,
            place=HOME,
            reason="",
            source="board",
        )
        return made.id


def team(name: str) -> UUID:
    with transaction() as session:
        return on_duty(session, name, NEAR).id


def together(*those: Callable[[], str]) -> list[str]:
    """Run them at the same moment; what each one came to."""
    gate = threading.Barrier(len(those))

    def run(one: Callable[[], str]) -> str:
        gate.wait()
        try:
            return one()
        except Problem as problem:
            return str(problem)

    with ThreadPoolExecutor(len(those)) as pool:
        return list(pool.map(run, those))


def cancel(intervention_id: UUID) -> None:
    with transaction() as session:
        job = locked(session, Intervention, intervention_id)
        if job.state in OPEN:
            interventions.cancel(session, job, "prova")


def test_two_dispatchers_choose_the_same_team_and_exactly_one_gets_it(database: None) -> None:
    squad = team("Squadra Vesuvio")

    def choose(intervention_id: UUID) -> str:
        with transaction() as session:
            job = locked(session, Intervention, intervention_id)
            search.by_hand(session, job, locked(session, Team, squad), by=None)
        return "won"

    for _ in range(REPETITIONS):
        one, other = ask(), ask()
        came = together(lambda one=one: choose(one), lambda other=other: choose(other))  # type: ignore[misc]
        assert sorted(came) == [
            "Squadra Vesuvio is already on another intervention",
            "won",
        ]
        cancel(one)
        cancel(other)


def test_two_searches_at_once_never_ask_the_same_team(database: None) -> None:
    team("Squadra Vesuvio")

    def look(intervention_id: UUID) -> str:
        with transaction() as session:
            search.look(session, intervention_id)
            return session.get_one(Intervention, intervention_id).state.value

    for _ in range(REPETITIONS):
        one, other = ask(), ask()
        came = together(lambda one=one: look(one), lambda other=other: look(other))  # type: ignore[misc]
        assert sorted(came) == ["escalated", "searching"]
        cancel(one)
        cancel(other)


def test_yes_and_time_out_at_the_same_moment_leave_one_truth(database: None) -> None:
    team("Squadra Vesuvio")

    def accept(offer_id: UUID) -> str:
        with transaction() as session:
            response.accept(session, *response.hold(session, offer_id))
        return "accepted"

    def time_out() -> str:
        with time_machine.travel(clock.now() + timedelta(minutes=3), tick=False):
            sweeper.sweep(wiring.INSIDE, ())
        return "swept"

    for _ in range(REPETITIONS):
        intervention_id = ask()
        with transaction() as session:
            search.look(session, intervention_id)
            offer_id = offers.live(session)[intervention_id].id
        accepted, _ = together(lambda offer_id=offer_id: accept(offer_id), time_out)  # type: ignore[misc]
        with transaction() as session:
            job = session.get_one(Intervention, intervention_id)
            offer = session.get_one(Offer, offer_id)
            assert (accepted == "accepted") == (job.state in WITH_TEAM)
            assert (job.state in WITH_TEAM) == (offer.state is OfferState.ACCEPTED)
        cancel(intervention_id)


def test_a_phone_that_says_yes_and_a_room_that_calls_off(database: None) -> None:
    squad = team("Squadra Vesuvio")

    for _ in range(REPETITIONS):
        intervention_id = ask()
        with transaction() as session:
            search.look(session, intervention_id)
            offer_id = offers.live(session)[intervention_id].id

        def accept(offer_id: UUID = offer_id) -> str:
            with transaction() as session:
                response.accept(session, *response.hold(session, offer_id))
            return "accepted"

        def call_off(intervention_id: UUID = intervention_id) -> str:
            cancel(intervention_id)
            return "called off"

        together(accept, call_off)
        with transaction() as session:
            state = session.get_one(Intervention, intervention_id).state
            assert state is InterventionState.CANCELLED
            assert not standing.taken(session, squad)


def test_when_the_process_dies_between_offer_and_time_out_the_next_team_is_asked_once(
    database: None,
) -> None:
    team("Squadra Vesuvio")
    second = team("Squadra Zagara")
    intervention_id = ask()
    sweeper.sweep(wiring.INSIDE, ())
    # Nothing of the offer lives in a process: whoever sweeps after the crash finds the row.
    with time_machine.travel(clock.now() + timedelta(minutes=3), tick=False):
        together(*[lambda: str(sweeper.sweep(wiring.INSIDE, ()))] * 3)
        sweeper.sweep(wiring.INSIDE, ())

    with transaction() as session:
        asked = offers.of_intervention(session, intervention_id)
        assert [offer.state for offer in asked] == [OfferState.EXPIRED, OfferState.OFFERED]
        assert asked[1].team_id == second


def test_a_team_goes_by_one_name(database: None) -> None:
    team("Squadra Vesuvio")

    with transaction() as session, pytest.raises(Problem, match="already a team"):
        teams.form(session, name="Squadra Vesuvio ")


def test_the_database_itself_refuses_a_second_job(database: None) -> None:
    squad = team("Squadra Vesuvio")
    with transaction() as session:
        for intervention_id in (ask(), ask()):
            job = session.get_one(Intervention, intervention_id)
            job.team_id, job.state = squad, InterventionState.ASSIGNED
        with pytest.raises(IntegrityError):
            session.flush()
        session.rollback()


def test_the_database_itself_refuses_a_second_question(database: None) -> None:
    squad = team("Squadra Vesuvio")
    first, second = ask(), ask()
    with transaction() as session:
        job = locked(session, Intervention, first)
        search.by_hand(session, job, locked(session, Team, squad), by=None)
    with transaction() as session:
        again = session.get_one(Intervention, second)
        with pytest.raises(IntegrityError):
            offers.make(
                session,
                session.get_one(Team, squad),
                intervention_id=again.id,
                case_id=again.case_id,
                priority=again.priority,
                round_=0,
                way=None,
                evidence={},
            )
        session.rollback()
