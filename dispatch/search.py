"""The search for a team: ask the best, then the next, then tell the coordinator and look again."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from dispatch import assignment, interventions, offers, standing
from dispatch.assignment import Need, Ranking
from dispatch.interventions import (
    NOBODY_FOUND,
    STEPS,
    TWO_PEOPLE,
    WITHOUT_TEAM,
    Intervention,
    InterventionState,
    Priority,
)
from dispatch.offers import Offer, OfferState
from dispatch.teams import Team
from dispatch.travel import Travel
from registry import deadlines, journal
from registry.kit import clock
from registry.kit.db import locked
from registry.kit.errors import WrongState
from registry.kit.states import move

# Teams asked in vain before a human is told.
TRIES = 4
SHOWN = 5
LOOK_AGAIN_AFTER = {
    Priority.A: timedelta(minutes=2),
    Priority.B: timedelta(minutes=5),
    Priority.C: timedelta(minutes=15),
    Priority.D: timedelta(minutes=15),
}


@dataclass(frozen=True, kw_only=True)
class InterventionEscalated(journal.Event):
    """Nobody goes yet, and the coordinator has to know. `why`: nobody_suitable, nobody_answers."""

    intervention_id: UUID
    why: str


def look(session: Session, intervention_id: UUID) -> None:
    """Kept deadline: ask the next team; when there is none, escalate and look again later."""
    intervention = locked(session, Intervention, intervention_id)
    if intervention.state not in WITHOUT_TEAM or offers.live(session, [intervention.id]):
        return
    asked = offers.of_intervention(session, intervention.id)
    in_vain = [offer for offer in asked if offer.round == intervention.round]
    if len(in_vain) < TRIES and _ask_the_best(session, intervention, asked):
        return
    _escalate(session, intervention, "nobody_answers" if in_vain else "nobody_suitable")


def candidates(session: Session, intervention: Intervention) -> Ranking:
    """Who could go now, best first, and who could not, with the reasons; nothing is changed."""
    return _ranking(session, intervention, offers.of_intervention(session, intervention.id))


def by_hand(session: Session, intervention: Intervention, team: Team, *, by: UUID | None) -> Offer:
    """Somebody of the room chooses the team. Skill and distance may be overruled, duty may not.

    The caller holds intervention and team, in this order. Raises WrongState when the team is off
    duty or taken, or when another team already goes.
    """
    if intervention.state not in WITHOUT_TEAM:
        raise _has_a_team(intervention)
    standing.require_free(session, team)
    asked = offers.of_intervention(session, intervention.id)
    ranking = _ranking(session, intervention, asked)
    earlier = offers.live(session, [intervention.id]).get(intervention.id)
    if earlier is not None:
        offers.withdraw(session, locked(session, Offer, earlier.id))
        session.flush()
    plain = standing.of(session, team).plain
    chosen = assignment.candidate(plain, _need(intervention, asked), clock.now())
    return _ask(session, intervention, team, chosen.way, _evidence(ranking, by))


def _has_a_team(intervention: Intervention) -> WrongState:
    if intervention.team is None or intervention.state not in interventions.WITH_TEAM:
        return WrongState("This intervention is over")
    return WrongState("%(team)s is already going", team=intervention.team.name)


def _ask_the_best(session: Session, intervention: Intervention, asked: list[Offer]) -> bool:
    """Offer it to the first team that is still free once it is held."""
    ranking = _ranking(session, intervention, asked)
    for candidate in ranking.candidates:
        team = locked(session, Team, candidate.team.id)
        if not standing.taken(session, team.id):
            _ask(session, intervention, team, candidate.way, _evidence(ranking, None))
            return True
    return False


def _ask(
    session: Session,
    intervention: Intervention,
    team: Team,
    way: Travel | None,
    evidence: dict[str, Any],
) -> Offer:
    if intervention.state is not InterventionState.SEARCHING:
        move(intervention, InterventionState.SEARCHING, STEPS)
    deadlines.cancel(session, NOBODY_FOUND, intervention.id)
    return offers.make(
        session,
        team,
        intervention_id=intervention.id,
        case_id=intervention.case_id,
        priority=intervention.priority,
        round_=intervention.round,
        way=way,
        evidence=evidence,
    )


def _escalate(session: Session, intervention: Intervention, why: str) -> None:
    """Say it, start a new round, and look again by itself: the search never just ends."""
    if intervention.state is not InterventionState.ESCALATED:
        move(intervention, InterventionState.ESCALATED, STEPS)
    intervention.round += 1
    again = clock.now() + LOOK_AGAIN_AFTER[intervention.priority]
    deadlines.set_(session, NOBODY_FOUND, intervention.id, again)
    happened = InterventionEscalated(
        case_id=intervention.case_id,
        person_id=intervention.person_id,
        intervention_id=intervention.id,
        why=why,
    )
    journal.record(session, happened)


def _ranking(session: Session, intervention: Intervention, asked: list[Offer]) -> Ranking:
    everybody = [each.plain for each in standing.now(session)]
    return assignment.rank(everybody, _need(intervention, asked), clock.now())


def _need(intervention: Intervention, asked: list[Offer]) -> Need:
    """Who declined is not asked again; who did not answer is, once a new round begins."""
    done = {
        offer.team_id
        for offer in asked
        if offer.round == intervention.round or offer.state is OfferState.DECLINED
    }
    needs = frozenset(intervention.needs)
    return Need(
        intervention.point,
        skills=needs - {TWO_PEOPLE},
        at_risk=TWO_PEOPLE in needs,
        urgent=intervention.priority is Priority.A,
        already_asked=frozenset(done),
    )


def _evidence(ranking: Ranking, by: UUID | None) -> dict[str, Any]:
    """What was known at the choice, in ids and codes: who could go, who not, who chose."""
    return {
        "chosen_by": str(by) if by else None,
        "candidates": [
            {
                "team_id": str(each.team.id),
                "why": each.why,
                "score_s": round(each.score.total_seconds()),
            }
            for each in ranking.candidates[:SHOWN]
        ],
        "excluded": [
            {"team_id": str(each.team.id), "why": list(each.why)} for each in ranking.excluded
        ],
    }
