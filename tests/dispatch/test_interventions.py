"""From the request to the closing: who is asked, who goes, and what is due at every moment."""

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch import interventions, offers, response, rota, search, standing
from dispatch.interventions import InterventionState, Outcome, Priority
from dispatch.offers import Decline, OfferState
from dispatch.standing import Standing
from dispatch.teams import Team
from registry import contacts, deadlines, journal
from registry.kit import clock
from registry.kit.errors import Invalid, WrongState
from registry.places import Place
from tests.dispatch.conftest import HOME, Asks, offered


def due(session: Session, subject: object) -> list[str]:
    return [each.kind for each in deadlines.of(session, subject)]  # type: ignore[arg-type]


def kinds(session: Session, case_id: object) -> list[str]:
    entries = session.scalars(
        select(journal.Entry).where(journal.Entry.case_id == case_id).order_by(journal.Entry.id)
    )
    return [entry.kind for entry in entries if entry.kind.startswith("dispatch.")]


def test_a_request_starts_the_search_by_itself(session: Session, ask: Asks, near: Team) -> None:
    intervention = ask()
    assert due(session, intervention.id) == ["dispatch.find_team"]

    offer = offered(session, intervention)

    assert offer.team_id == near.id
    assert offer.answer_by - offer.offered_at == timedelta(minutes=2)
    assert intervention.state is InterventionState.SEARCHING
    assert due(session, offer.id) == ["dispatch.offer_unanswered"]


def test_a_request_without_a_place_is_refused(ask: Asks) -> None:
    with pytest.raises(Invalid, match="where the team has to go"):
        ask(place=Place(text=" "))


def test_from_yes_to_closing_every_step_is_on_the_timeline(
    session: Session, ask: Asks, near: Team
) -> None:
    intervention = ask()
    offer = offered(session, intervention)
    offers.deliver(session, offer)

    response.accept(session, intervention, offer)
    assert standing.of(session, near).standing is Standing.ASSIGNED
    response.set_out(session, intervention)
    assert standing.of(session, near).standing is Standing.EN_ROUTE
    response.arrive(session, intervention)
    assert standing.of(session, near).standing is Standing.ON_SCENE
    assert due(session, intervention.id) == ["dispatch.no_news"]
    response.close(session, intervention, outcome=Outcome.NOT_FOUND, note="Nessuno apre")

    assert standing.of(session, near).standing is Standing.FREE
    assert due(session, intervention.id) == []
    assert contacts.of_case(session, intervention.case_id)[0].note == "Nessuno apre"
    assert kinds(session, intervention.case_id) == [
        "dispatch.intervention_requested",
        "dispatch.team_offered",
        "dispatch.offer_delivered",
        "dispatch.offer_accepted",
        "dispatch.team_set_out",
        "dispatch.team_arrived",
        "dispatch.intervention_closed",
    ]


def test_a_refused_offer_goes_to_the_next_team(
    session: Session, ask: Asks, near: Team, far: Team
) -> None:
    intervention = ask()

    offers.decline(session, offered(session, intervention), Decline.TOO_FAR)
    assert due(session, intervention.id) == ["dispatch.find_team"]

    assert offered(session, intervention).team_id == far.id
    assert standing.of(session, near).standing is Standing.FREE


def test_no_after_a_yes_changes_nothing_and_a_job_called_off_stays_so(
    session: Session, ask: Asks, near: Team, far: Team
) -> None:
    """As from a phone whose answers come late, or twice."""
    intervention = ask()
    offer = offered(session, intervention)
    response.accept(session, intervention, offer)
    with pytest.raises(WrongState, match="give it back"):
        offers.decline(session, offer, Decline.OTHER)
    assert (offer.state, intervention.team_id) == (OfferState.ACCEPTED, near.id)

    interventions.cancel(session, intervention, "chi chiamava ha richiamato")
    with pytest.raises(WrongState):
        offers.decline(session, offer, Decline.OTHER)
    assert due(session, intervention.id) == []


def test_an_unanswered_offer_goes_to_the_next_team(
    session: Session, ask: Asks, near: Team, far: Team
) -> None:
    intervention = ask()
    first = offered(session, intervention)

    with time_machine.travel(clock.now() + timedelta(minutes=3), tick=False):
        offers.unanswered(session, first.id)
        second = offered(session, intervention)

    assert first.state is OfferState.EXPIRED
    assert second.team_id == far.id


def test_an_answered_offer_does_not_expire(session: Session, ask: Asks, near: Team) -> None:
    intervention = ask()
    offer = offered(session, intervention)
    response.accept(session, intervention, offer)

    offers.unanswered(session, offer.id)

    assert offer.state is OfferState.ACCEPTED


def test_when_nobody_can_go_the_coordinator_is_told_and_the_search_comes_back(
    session: Session, ask: Asks
) -> None:
    intervention = ask()

    search.look(session, intervention.id)

    assert intervention.state is InterventionState.ESCALATED
    assert due(session, intervention.id) == ["dispatch.find_team", "dispatch.nobody_found"]
    assert kinds(session, intervention.case_id)[-1] == "dispatch.intervention_escalated"


def test_a_team_that_comes_on_duty_is_asked_at_once(
    session: Session, ask: Asks, near: Team
) -> None:
    standing.sign_off(session, near)
    intervention = ask()
    search.look(session, intervention.id)

    standing.sign_on(session, near, clock.now() + timedelta(hours=6))

    looked = {each.kind: each.due_at for each in deadlines.of(session, intervention.id)}
    assert looked["dispatch.nobody_found"] <= clock.now()
    assert offered(session, intervention).team_id == near.id


def test_after_four_silent_teams_a_human_is_told(session: Session, ask: Asks) -> None:
    from tests.dispatch.conftest import NEAR, on_duty

    for number in range(6):
        on_duty(session, f"Squadra {number}", NEAR)
    intervention = ask()

    for _ in range(search.TRIES):
        offers.unanswered(session, offered(session, intervention).id)
    search.look(session, intervention.id)

    assert intervention.state is InterventionState.ESCALATED
    assert intervention.round == 1


def test_who_did_not_answer_is_asked_again_in_a_new_round_who_declined_is_not(
    session: Session, ask: Asks, near: Team, far: Team
) -> None:
    intervention = ask()
    offers.decline(session, offered(session, intervention), Decline.NOT_SAFE)
    offers.unanswered(session, offered(session, intervention).id)
    search.look(session, intervention.id)
    assert intervention.state is InterventionState.ESCALATED

    assert offered(session, intervention).team_id == far.id


def test_a_team_that_cannot_go_on_gives_it_back(
    session: Session, ask: Asks, near: Team, far: Team
) -> None:
    intervention = ask()
    response.accept(session, intervention, offered(session, intervention))
    response.set_out(session, intervention)

    response.give_back(session, intervention, Decline.VEHICLE)

    assert standing.of(session, near).standing is Standing.FREE
    assert offered(session, intervention).team_id == far.id


def test_silence_of_a_team_is_said_until_it_speaks(session: Session, ask: Asks, near: Team) -> None:
    intervention = ask()
    response.accept(session, intervention, offered(session, intervention))
    expected = intervention.due_at

    with time_machine.travel(clock.now() + timedelta(minutes=4), tick=False):
        response.no_news(session, intervention.id)
        assert due(session, intervention.id) == ["dispatch.no_news"]

    assert intervention.due_at == expected
    assert kinds(session, intervention.case_id)[-1] == "dispatch.team_silent"


def test_a_step_taken_without_a_connection_keeps_its_own_time(
    session: Session, ask: Asks, near: Team
) -> None:
    start = clock.now()
    intervention = ask()
    response.accept(session, intervention, offered(session, intervention))
    with time_machine.travel(start + timedelta(minutes=30), tick=False):
        response.set_out(session, intervention, at=start + timedelta(minutes=2))
        response.arrive(session, intervention, at=start + timedelta(hours=9))

        assert intervention.set_out_at == start + timedelta(minutes=2)
        assert intervention.arrived_at == clock.now()


def test_the_room_may_choose_another_team(
    session: Session, ask: Asks, near: Team, far: Team
) -> None:
    intervention = ask(needs=frozenset({"minors"}))
    search.look(session, intervention.id)
    assert intervention.state is InterventionState.ESCALATED

    chosen = search.by_hand(session, intervention, far, by=None)

    assert chosen.team_id == far.id
    assert chosen.evidence["excluded"][0]["why"] == ["lacks_skills"]
    other = search.by_hand(session, intervention, near, by=None)
    assert chosen.state is OfferState.WITHDRAWN
    response.accept(session, intervention, other)
    with pytest.raises(WrongState, match="Squadra Vesuvio is already going"):
        search.by_hand(session, intervention, far, by=None)


def test_two_people_are_sent_where_there_is_a_risk(session: Session, ask: Asks, near: Team) -> None:
    near.crew = 1
    intervention = ask(needs=frozenset({"two_people"}))

    ranking = search.candidates(session, intervention)

    assert [each.why for each in ranking.excluded] == [("too_few",)]


def test_the_most_urgent_is_listed_first(session: Session, ask: Asks) -> None:
    later, first = ask(priority=Priority.C), ask(priority=Priority.A)

    assert interventions.open_(session) == [first, later]
    assert interventions.for_case(session, first.case_id) == [first]


def test_a_planned_shift_across_midnight_and_the_end_of_summer_time(
    session: Session, near: Team
) -> None:
    from datetime import UTC, date, datetime, time

    shift = rota.plan(session, near, date(2026, 10, 24), time(22), time(6))

    assert shift.starts_at.astimezone(UTC) == datetime(2026, 10, 24, 20, tzinfo=UTC)
    assert shift.ends_at.astimezone(UTC) == datetime(2026, 10, 25, 5, tzinfo=UTC)
    with time_machine.travel(datetime(2026, 10, 25, 4, 30, tzinfo=UTC), tick=False):
        assert near.id in rota.on_duty(session)


def test_back_to_back_shifts_are_one_duty(session: Session, far: Team) -> None:
    until = rota.on_duty(session)[far.id]

    rota.add(session, far, until, until + timedelta(hours=4))

    assert rota.on_duty(session)[far.id] == until + timedelta(hours=4)


@pytest.mark.parametrize("hours", [0, -1, 30])
def test_a_shift_is_neither_empty_nor_endless(session: Session, far: Team, hours: int) -> None:
    now = clock.now()
    with pytest.raises(Invalid):
        rota.add(session, far, now, now + timedelta(hours=hours))


def test_home_is_what_the_place_says(session: Session, ask: Asks) -> None:
    assert ask().place == HOME
