"""What users of other systems complain about, each as something that cannot happen here.

The names end with the report: project and issue number.
"""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch import duplicates, interventions, offers, positions, response, search, standing
from dispatch.assignment import Why
from dispatch.interventions import InterventionState, Outcome
from dispatch.offers import Offer
from dispatch.standing import Standing
from dispatch.teams import Team
from dispatch.travel import Point
from registry.access import Actor, Role
from registry.kit import clock
from registry.kit.errors import Invalid, WrongState
from registry.places import Place
from tests.dispatch.conftest import HOME, NEAR, Asks, offered

DESK = Actor(staff_id=None, login="anna", name="Anna Riva", roles=frozenset({Role.OPERATOR}))


def test_second_call_does_not_reset_nor_hide_the_first_ticketscad_82(
    session: Session, ask: Asks, near: Team
) -> None:
    first = ask()
    response.accept(session, first, offered(session, first))
    response.set_out(session, first)
    second = ask()

    search.look(session, second.id)
    with pytest.raises(WrongState, match="Squadra Vesuvio is already on another intervention"):
        search.by_hand(session, second, near, by=None)

    assert second.state is InterventionState.ESCALATED
    assert standing.of(session, near).standing is Standing.EN_ROUTE
    assert standing.of(session, near).intervention is first


def test_a_status_belongs_to_one_intervention_and_never_bleeds_ticketscad_116(
    session: Session, ask: Asks, near: Team, far: Team
) -> None:
    one, other = ask(), ask()
    response.accept(session, one, offered(session, one))
    response.accept(session, other, offered(session, other))

    response.set_out(session, one)
    response.arrive(session, one)
    response.close(session, one, outcome=Outcome.HELPED)

    assert other.state is InterventionState.ASSIGNED
    assert standing.of(session, far).standing is Standing.ASSIGNED
    assert standing.of(session, near).standing is Standing.FREE


def test_do_not_dispatch_is_enforced_not_only_shown_ticketscad_83(
    session: Session, ask: Asks, near: Team
) -> None:
    standing.sign_off(session, near)
    intervention = ask()

    search.look(session, intervention.id)

    assert session.scalar(select(Offer.id)) is None
    with pytest.raises(WrongState, match="off duty"):
        search.by_hand(session, intervention, near, by=None)


def test_a_stale_position_is_seen_by_its_age_ticketscad_71(
    session: Session, ask: Asks, near: Team
) -> None:
    near.latitude, near.longitude = HOME.latitude, HOME.longitude
    positions.forget(session, near.id)
    positions.report(session, near.id, NEAR, taken_at=clock.now() - timedelta(days=10))

    candidate = search.candidates(session, ask()).candidates[0]

    assert candidate.why is Why.FROM_BASE_OLD_POSITION
    assert candidate.position_age is not None
    assert candidate.position_age >= timedelta(days=10)


def test_a_late_position_never_overwrites_a_newer_one_coopcycle_1073(
    session: Session, near: Team
) -> None:
    old = positions.report(
        session, near.id, Point(41.0, 14.0), taken_at=clock.now() - timedelta(minutes=5)
    )

    assert not old
    assert positions.last(session, [near.id])[near.id].fix.point == NEAR
    with pytest.raises(Invalid, match="future"):
        positions.report(session, near.id, NEAR, taken_at=clock.now() + timedelta(hours=1))
    with pytest.raises(Invalid, match="Earth"):
        positions.report(session, near.id, Point(95.0, 0.0), taken_at=clock.now())


def test_off_duty_people_are_neither_asked_nor_followed_resgrid_269_270(
    session: Session, ask: Asks, near: Team
) -> None:
    standing.sign_off(session, near)

    search.look(session, ask().id)

    assert offers.live(session) == {}
    assert positions.last(session, [near.id]) == {}


def test_nobody_signs_off_over_an_open_request(session: Session, ask: Asks, near: Team) -> None:
    offered(session, ask())

    with pytest.raises(WrongState, match="answer or close it first"):
        standing.sign_off(session, near)


def test_the_team_reads_the_place_as_it_was_written_resgrid_260(
    session: Session, ask: Asks
) -> None:
    written = Place(text="V.le dell'Esempio 12/bis, 3º p. — cit. «Rossi»", town="Quarto (NA)")

    intervention = ask(place=written)
    session.flush()
    session.expire(intervention)

    assert intervention.place == written


def test_the_same_place_or_case_is_shown_while_asking_dcsops_200(
    session: Session, ask: Asks
) -> None:
    known = ask()
    elsewhere = ask(place=Place(text="Piazza Inventata", latitude=40.9, longitude=14.3))
    two_doors_on = Place(text="Via Immaginaria 9", latitude=40.8445, longitude=14.1962)

    assert duplicates.similar(session, DESK, place=two_doors_on) == [known]
    by_case = duplicates.similar(
        session, DESK, place=Place(text="altrove"), case_id=elsewhere.case_id
    )
    assert by_case == [elsewhere]
    in_words = duplicates.similar(session, DESK, place=Place(text="via immaginaria 7, SCALA B"))
    assert in_words == [known]


def test_an_offer_that_no_phone_has_shown_is_known_to_be_so_police_cad_526(
    session: Session, ask: Asks, near: Team
) -> None:
    offer = offered(session, ask())
    assert offer.delivered_at is None

    offers.deliver(session, offer)
    shown = offer.delivered_at
    offers.deliver(session, offer)

    assert offer.delivered_at == shown is not None


def test_late_yes_is_answered_already_covered_and_steals_nothing(
    session: Session, ask: Asks, near: Team, far: Team
) -> None:
    intervention = ask()
    late = offered(session, intervention)
    offers.unanswered(session, late.id)
    prompt = offered(session, intervention)
    with pytest.raises(WrongState) as while_asked:
        response.accept(session, intervention, late)
    response.accept(session, intervention, prompt)

    with pytest.raises(WrongState) as once_covered:
        response.accept(session, intervention, late)

    assert "Squadra Capodimonte has been asked instead" in str(while_asked.value)
    assert str(once_covered.value) == "Already covered by Squadra Capodimonte. Thank you"
    assert intervention.team_id == far.id


def test_late_yes_counts_while_nobody_else_goes(session: Session, ask: Asks, near: Team) -> None:
    intervention = ask()
    late = offered(session, intervention)
    offers.unanswered(session, late.id)
    search.look(session, intervention.id)
    assert intervention.state is InterventionState.ESCALATED

    response.accept(session, intervention, late)

    assert standing.of(session, near).intervention is intervention


def test_a_cancelled_intervention_says_so_to_whoever_was_asked(
    session: Session, ask: Asks, near: Team
) -> None:
    intervention = ask()
    offer = offered(session, intervention)

    interventions.cancel(session, intervention, "Falso allarme")

    assert standing.of(session, near).standing is Standing.FREE
    with pytest.raises(WrongState, match="called it off"):
        response.accept(session, intervention, offer)


def test_a_team_on_its_way_is_freed_by_a_cancellation(
    session: Session, ask: Asks, near: Team
) -> None:
    intervention = ask()
    response.accept(session, intervention, offered(session, intervention))
    response.set_out(session, intervention)

    interventions.cancel(session, intervention, "Il figlio è arrivato")

    assert standing.of(session, near).standing is Standing.FREE
    with pytest.raises(WrongState):
        response.arrive(session, intervention)
