"""A team's response: it accepts, sets out, arrives and closes; silence is noticed at each step."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from dispatch import interventions, offers, standing
from dispatch.interventions import (
    NO_NEWS,
    STEPS,
    WITH_TEAM,
    WITHOUT_TEAM,
    Intervention,
    InterventionState,
    Outcome,
    Priority,
)
from dispatch.offers import LIVE, Decline, Offer, OfferState
from dispatch.teams import Team
from registry import contacts, deadlines, journal
from registry.contacts import Channel
from registry.kit import clock
from registry.kit.db import get, locked
from registry.kit.errors import Problem, WrongState
from registry.kit.states import move

# No national figure exists for any of these: our defaults.
SET_OUT_WITHIN = {
    Priority.A: timedelta(minutes=3),
    Priority.B: timedelta(minutes=10),
    Priority.C: timedelta(minutes=30),
    Priority.D: timedelta(minutes=60),
}
NEWS_FROM_THE_SCENE_WITHIN = timedelta(minutes=60)
# How much longer than estimated the way may take before somebody asks.
WAY_SLACK = 1.5
LEAST_WAY = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class OfferAccepted(journal.Event):
    intervention_id: UUID
    offer_id: UUID
    team_id: UUID


@dataclass(frozen=True, kw_only=True)
class TeamSetOut(journal.Event):
    intervention_id: UUID
    team_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class TeamArrived(journal.Event):
    intervention_id: UUID
    team_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class JobGivenBack(journal.Event):
    intervention_id: UUID
    team_id: UUID | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class TeamSilent(journal.Event):
    """News were due and did not come; `stage` is the state in which the team is."""

    intervention_id: UUID
    team_id: UUID | None
    stage: str


@dataclass(frozen=True, kw_only=True)
class InterventionClosed(journal.Event):
    intervention_id: UUID
    team_id: UUID | None
    outcome: str


def hold(session: Session, offer_id: UUID) -> tuple[Intervention, Offer]:
    """The offer and its intervention, always held in the same order."""
    intervention_id = get(session, Offer, offer_id).intervention_id
    return locked(session, Intervention, intervention_id), locked(session, Offer, offer_id)


def accept(
    session: Session, intervention: Intervention, offer: Offer, *, at: datetime | None = None
) -> None:
    """The team goes. A late yes is refused as soon as anybody else was asked or goes."""
    if offer.state not in LIVE:
        _only_if_still_wanted(session, intervention, offer)
    move(offer, OfferState.ACCEPTED, offers.STEPS)
    offer.answered_at = clock.now()
    deadlines.cancel(session, offers.UNANSWERED, offer.id)
    if intervention.state is not InterventionState.SEARCHING:
        move(intervention, InterventionState.SEARCHING, STEPS)
    move(intervention, InterventionState.ASSIGNED, STEPS)
    intervention.team_id = offer.team_id
    intervention.team = offer.team
    intervention.way_seconds = offer.way_seconds
    intervention.assigned_at = moment(offer.offered_at, at)
    for kind in (offers.FIND_TEAM, interventions.NOBODY_FOUND):
        deadlines.cancel(session, kind, intervention.id)
    _expect_news(session, intervention, SET_OUT_WITHIN[intervention.priority])
    session.flush()
    happened = OfferAccepted(**offers.facts(offer), person_id=intervention.person_id)
    journal.record(session, happened)


def _only_if_still_wanted(session: Session, intervention: Intervention, offer: Offer) -> None:
    """Raise a polite WrongState unless the offer has expired and still nobody else goes."""
    team = locked(session, Team, offer.team_id)
    asked = offers.live(session, [intervention.id]).get(intervention.id)
    if intervention.state not in WITHOUT_TEAM or asked is not None:
        raise _too_late(intervention, asked)
    if offer.state is not OfferState.EXPIRED:
        raise WrongState("This request is no longer yours: it was answered or withdrawn")
    standing.require_free(session, team)


def _too_late(intervention: Intervention, asked: Offer | None) -> Problem:
    if intervention.team is not None:
        return WrongState("Already covered by %(team)s. Thank you", team=intervention.team.name)
    if asked is not None:
        return WrongState(
            "The answer came late: %(team)s has been asked instead. Thank you",
            team=asked.team.name,
        )
    return WrongState("It is no longer needed: the centre has called it off. Thank you")


def _step(intervention: Intervention, to: InterventionState) -> None:
    """The next step, or in plain words why there is none."""
    if intervention.state is InterventionState.CANCELLED:
        raise WrongState("The centre has called this intervention off")
    if intervention.state is InterventionState.CLOSED:
        raise WrongState("This intervention is already closed")
    move(intervention, to, STEPS)


def set_out(session: Session, intervention: Intervention, *, at: datetime | None = None) -> None:
    """The team is on its way. `at` is when it says that it left, if that was earlier."""
    _step(intervention, InterventionState.EN_ROUTE)
    intervention.set_out_at = moment(intervention.assigned_at, at)
    way = timedelta(seconds=intervention.way_seconds or 0) * WAY_SLACK
    _expect_news(session, intervention, max(way, LEAST_WAY))
    journal.record(session, TeamSetOut(**interventions.facts(intervention)))


def arrive(session: Session, intervention: Intervention, *, at: datetime | None = None) -> None:
    """The team is there."""
    _step(intervention, InterventionState.ON_SCENE)
    intervention.arrived_at = moment(intervention.set_out_at, at)
    _expect_news(session, intervention, NEWS_FROM_THE_SCENE_WITHIN)
    journal.record(session, TeamArrived(**interventions.facts(intervention)))


def close(
    session: Session,
    intervention: Intervention,
    *,
    outcome: Outcome,
    note: str = "",
    at: datetime | None = None,
) -> None:
    """It is over; what the team found stands in the case as a contact."""
    _step(intervention, InterventionState.CLOSED)
    intervention.outcome = outcome
    interventions.end(session, intervention, note, moment(intervention.arrived_at, at))
    actor = session.info.get("actor")
    contacts.record(
        session,
        case_id=intervention.case_id,
        person_id=intervention.person_id,
        channel=Channel.VISIT,
        outcome=outcome,
        note=note,
        staff_id=actor.staff_id if actor else None,
    )
    happened = InterventionClosed(**interventions.facts(intervention), outcome=outcome)
    journal.record(session, happened)


def give_back(session: Session, intervention: Intervention, reason: Decline) -> None:
    """The team cannot go on: another one is looked for at once."""
    _step(intervention, InterventionState.SEARCHING)
    journal.record(session, JobGivenBack(**interventions.facts(intervention), reason=reason))
    accepted = [
        offer
        for offer in offers.of_intervention(session, intervention.id)
        if offer.state is OfferState.ACCEPTED
    ]
    intervention.team_id = None
    intervention.team = None
    intervention.set_out_at = None
    intervention.assigned_at = None
    deadlines.cancel(session, NO_NEWS, intervention.id)
    for offer in accepted:
        offers.give_up(session, offer, reason)


def no_news(session: Session, intervention_id: UUID) -> None:
    """Kept deadline: the team has said nothing for too long. Said again until it does."""
    intervention = locked(session, Intervention, intervention_id)
    if intervention.state not in WITH_TEAM:
        return
    again = clock.now() + SET_OUT_WITHIN[intervention.priority]
    deadlines.set_(session, NO_NEWS, intervention.id, again)
    silent = TeamSilent(**interventions.facts(intervention), stage=intervention.state)
    journal.record(session, silent)


def _expect_news(session: Session, intervention: Intervention, within: timedelta) -> None:
    intervention.due_at = clock.now() + within
    deadlines.set_(session, NO_NEWS, intervention.id, intervention.due_at)


def moment(after: datetime | None, said: datetime | None) -> datetime:
    """When it happened: what the phone said, if that lies between the last step and now."""
    now = clock.now()
    if said is None:
        return now
    return min(max(said, after or said), now)
