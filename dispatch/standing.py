"""How each team stands now: derived from rota, offers and interventions, never stored."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dispatch import assignment, interventions, offers, positions, rota, teams
from dispatch.interventions import Intervention, InterventionState
from dispatch.offers import Offer
from dispatch.positions import Position
from dispatch.teams import Team
from registry.kit import clock
from registry.kit.errors import WrongState

RECENT = timedelta(hours=12)


class Standing(StrEnum):
    OFF_DUTY = "off_duty"
    FREE = "free"
    OFFERED = "offered"
    ASSIGNED = "assigned"
    EN_ROUTE = "en_route"
    ON_SCENE = "on_scene"


@dataclass(frozen=True)
class TeamNow:
    """One team with everything that is true of it at this moment."""

    team: Team
    on_duty_until: datetime | None
    offer: Offer | None
    intervention: Intervention | None
    position: Position | None
    jobs_this_shift: int
    free_since: datetime | None

    @property
    def standing(self) -> Standing:
        """A job outlasts the shift; an offer outweighs being free."""
        if self.intervention is not None:
            return Standing(self.intervention.state.value)
        if self.offer is not None:
            return Standing.OFFERED
        return Standing.FREE if self.on_duty_until else Standing.OFF_DUTY

    @property
    def plain(self) -> assignment.Team:
        """What the choice of a team needs to know of it."""
        return assignment.Team(
            id=self.team.id,
            name=self.team.name,
            mode=self.team.mode,
            skills=frozenset(self.team.skills),
            crew=self.team.crew,
            on_duty_until=self.on_duty_until,
            busy=self.intervention is not None or self.offer is not None,
            base=self.team.base,
            fix=self.position.fix if self.position else None,
            jobs_this_shift=self.jobs_this_shift,
            free_since=self.free_since,
        )


def now(session: Session, those: Iterable[Team] | None = None) -> list[TeamNow]:
    """How these teams stand, or all of them."""
    wanted = teams.active(session) if those is None else list(those)
    ids = [team.id for team in wanted]
    duty = rota.on_duty(session, ids)
    fixes = positions.last(session, ids)
    asked = {offer.team_id: offer for offer in offers.live(session).values()}
    busy = interventions.at_work(session)
    done = _done_lately(session)
    return [
        TeamNow(
            team=team,
            on_duty_until=duty.get(team.id),
            offer=asked.get(team.id),
            intervention=busy.get(team.id),
            position=fixes.get(team.id),
            jobs_this_shift=done.get(team.id, (0, None))[0],
            free_since=done.get(team.id, (0, None))[1],
        )
        for team in wanted
    ]


def of(session: Session, team: Team) -> TeamNow:
    return now(session, [team])[0]


def require_free(session: Session, team: Team) -> None:
    """Raise WrongState unless the team, which the caller holds, is on duty and free."""
    if team.id not in rota.on_duty(session, [team.id]):
        raise WrongState("%(team)s is off duty", team=team.name)
    if taken(session, team.id):
        raise WrongState("%(team)s is already on another intervention", team=team.name)


def taken(session: Session, team_id: UUID) -> bool:
    """Whether the team has an offer or a job. One statement: both seen at the same moment."""
    asked = select(Offer.id).where(Offer.team_id == team_id, Offer.state.in_(offers.LIVE))
    at_work = select(Intervention.id).where(
        Intervention.team_id == team_id, Intervention.state.in_(interventions.WITH_TEAM)
    )
    return bool(session.scalar(select(asked.exists() | at_work.exists())))


def sign_off(session: Session, team: Team) -> None:
    """The team, which the caller holds, goes off duty and is no longer followed."""
    if taken(session, team.id):
        raise WrongState(
            "%(team)s has a request or an intervention open: answer or close it first",
            team=team.name,
        )
    rota.sign_off(session, team)
    positions.forget(session, team.id)


def sign_on(session: Session, team: Team, until: datetime) -> None:
    """The team comes on duty; whoever waits for a team is looked at again."""
    rota.sign_on(session, team, until)
    interventions.look_again(session)


def _done_lately(session: Session) -> dict[UUID, tuple[int, datetime | None]]:
    found = session.execute(
        select(Intervention.team_id, func.count(), func.max(Intervention.ended_at))
        .where(
            Intervention.state == InterventionState.CLOSED,
            Intervention.ended_at > clock.now() - RECENT,
        )
        .group_by(Intervention.team_id)
    )
    return {team_id: (count, last) for team_id, count, last in found if team_id}
