"""JSON for the team's phone: what it is asked, what it is on, and its steps.

A step may be sent again with the same `Idempotency-Key` and happens once. The room may take a
step for a team that reports by voice.
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from callcenter.lines import Line
from dispatch import (
    commands,
    interventions,
    offers,
    positions,
    response,
    sheet,
    standing,
    words,
)
from dispatch.interventions import Intervention, Outcome
from dispatch.offers import Decline, Offer
from dispatch.sheet import Sheet
from dispatch.standing import TeamNow
from dispatch.teams import Team
from dispatch.travel import Point
from dispatch.words import Say, said, sayer
from registry import access
from registry.access import Right
from registry.door import Me, allow
from registry.kit import clock
from registry.kit.db import get, locked
from registry.kit.errors import NotAllowed, NotFound
from registry.kit.http import InTransaction
from registry.places import Place

router = APIRouter()
TEAM = allow(Right.RUN_TEAM)
TEAM_OR_ROOM = allow(Right.RUN_TEAM, Right.REQUEST_TEAM)


class PositionIn(BaseModel):
    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]
    accuracy_m: Annotated[float, Field(ge=0, le=100_000)] | None = None
    taken_at: datetime | None = None
    source: Annotated[str, Field(max_length=20)] = "phone"


class DeclineIn(BaseModel):
    reason: Decline = Decline.OTHER


class StepIn(BaseModel):
    """`at`: when it happened, if the phone had no connection then."""

    at: datetime | None = None


class CloseIn(StepIn):
    outcome: Outcome
    note: Annotated[str, Field(max_length=4000)] = ""


class DutyIn(BaseModel):
    until: datetime


class JobOut(BaseModel):
    """An intervention as its team sees it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    number: int
    priority: str
    state: str
    state_text: str
    title: str
    reason: str
    needs: list[str]
    place: Place
    since: datetime
    requested_at: datetime
    due_at: datetime | None
    expected_at: datetime | None
    ended_at: datetime | None
    outcome_text: str | None


class AskedOut(BaseModel):
    """An offer as its team sees it: enough to say yes or no, not yet who and which door."""

    id: UUID
    number: int
    priority: str
    title: str
    reason: str
    needs: list[str]
    town: str
    minutes: int | None
    offered_at: datetime
    answer_by: datetime


class MineOut(BaseModel):
    at: datetime
    team_id: UUID
    name: str
    standing: str
    standing_text: str
    on_duty_until: datetime | None
    asked: AskedOut | None
    job: JobOut | None
    last: JobOut | None
    room_phone: str | None
    position_at: datetime | None
    base: dict[str, float] | None


def first_time(
    session: InTransaction,
    me: Me,
    idempotency_key: Annotated[UUID | None, Header()] = None,
) -> bool:
    """Whether this step is asked for the first time."""
    if idempotency_key is None or me.staff_id is None:
        return True
    return commands.once(session, me.staff_id, idempotency_key)


FirstTime = Annotated[bool, Depends(first_time)]


@router.get("/teams/me", dependencies=[TEAM])
def read_mine(session: InTransaction, me: Me, request: Request) -> MineOut:
    return _mine(session, _my_team(session, me), sayer(request))


@router.post("/teams/me/position", dependencies=[TEAM])
def report_position(fix: PositionIn, session: InTransaction, me: Me) -> dict[str, bool]:
    """Kept only while the team is on duty, and only the last one."""
    now = standing.of(session, _my_team(session, me))
    if now.on_duty_until is None and now.intervention is None:
        return {"kept": False}
    kept = positions.report(
        session,
        now.team.id,
        Point(fix.latitude, fix.longitude),
        taken_at=fix.taken_at or clock.now(),
        accuracy_m=fix.accuracy_m,
        source=fix.source,
    )
    return {"kept": kept}


@router.post("/teams/me/sign-on", dependencies=[TEAM])
def sign_on(duty: DutyIn, session: InTransaction, me: Me, request: Request) -> MineOut:
    team = locked(session, Team, _my_team(session, me).id)
    standing.sign_on(session, team, duty.until)
    return _mine(session, team, sayer(request))


@router.post("/teams/me/sign-off", dependencies=[TEAM])
def sign_off(session: InTransaction, me: Me, request: Request) -> MineOut:
    team = locked(session, Team, _my_team(session, me).id)
    standing.sign_off(session, team)
    return _mine(session, team, sayer(request))


@router.post("/offers/{offer_id}/deliver", dependencies=[TEAM])
def deliver(offer_id: UUID, session: InTransaction, me: Me) -> dict[str, str]:
    """The phone has shown it."""
    _, offer = _held_offer(session, offer_id, me)
    offers.deliver(session, offer)
    return {"state": offer.state}


@router.post("/offers/{offer_id}/accept", dependencies=[TEAM_OR_ROOM])
def accept(
    offer_id: UUID, step: StepIn, session: InTransaction, me: Me, first: FirstTime
) -> dict[str, str]:
    intervention, offer = _held_offer(session, offer_id, me)
    if first:
        response.accept(session, intervention, offer, at=step.at)
    return {"state": offer.state}


@router.post("/offers/{offer_id}/decline", dependencies=[TEAM_OR_ROOM])
def decline(
    offer_id: UUID, why: DeclineIn, session: InTransaction, me: Me, first: FirstTime
) -> dict[str, str]:
    _, offer = _held_offer(session, offer_id, me)
    if first:
        offers.decline(session, offer, why.reason)
    return {"state": offer.state}


@router.get("/interventions/{intervention_id}/sheet", dependencies=[TEAM])
def read_sheet(intervention_id: UUID, session: InTransaction, me: Me) -> Sheet:
    """The person, while the job is open; each look is written in the journal."""
    intervention = interventions.read(session, intervention_id, me)
    return sheet.read(session, intervention, me.team_id)


@router.post("/interventions/{intervention_id}/set-out", dependencies=[TEAM_OR_ROOM])
def set_out(
    intervention_id: UUID, step: StepIn, session: InTransaction, me: Me, first: FirstTime
) -> dict[str, str]:
    intervention = _held_job(session, intervention_id, me)
    if first:
        response.set_out(session, intervention, at=step.at)
    return {"state": intervention.state}


@router.post("/interventions/{intervention_id}/arrive", dependencies=[TEAM_OR_ROOM])
def arrive(
    intervention_id: UUID, step: StepIn, session: InTransaction, me: Me, first: FirstTime
) -> dict[str, str]:
    intervention = _held_job(session, intervention_id, me)
    if first:
        response.arrive(session, intervention, at=step.at)
    return {"state": intervention.state}


@router.post("/interventions/{intervention_id}/close", dependencies=[TEAM_OR_ROOM])
def close(
    intervention_id: UUID, end: CloseIn, session: InTransaction, me: Me, first: FirstTime
) -> dict[str, str]:
    intervention = _held_job(session, intervention_id, me)
    if first:
        response.close(session, intervention, outcome=end.outcome, note=end.note, at=end.at)
    return {"state": intervention.state}


@router.post("/interventions/{intervention_id}/give-back", dependencies=[TEAM_OR_ROOM])
def give_back(
    intervention_id: UUID, why: DeclineIn, session: InTransaction, me: Me, first: FirstTime
) -> dict[str, str]:
    """The team cannot go on; another one is looked for."""
    if first:
        intervention = _held_job(session, intervention_id, me)
        response.give_back(session, intervention, why.reason)
    return {"state": get(session, Intervention, intervention_id).state}


def _my_team(session: InTransaction, me: Me) -> Team:
    if me.team_id is None:
        raise NotAllowed("Your log-in belongs to no team. Ask the coordinator")
    return get(session, Team, me.team_id)


def _held_offer(session: InTransaction, offer_id: UUID, me: Me) -> tuple[Intervention, Offer]:
    """The intervention and the offer, if it is the asker's own or the asker is of the room."""
    intervention, offer = response.hold(session, offer_id)
    if access.can(me, Right.REQUEST_TEAM):
        interventions.read(session, intervention.id, me)
    elif offer.team_id != me.team_id:
        raise NotFound("There is no such %(thing)s", thing="offer")
    return intervention, offer


def _held_job(session: InTransaction, intervention_id: UUID, me: Me) -> Intervention:
    interventions.read(session, intervention_id, me)
    return locked(session, Intervention, intervention_id)


def _mine(session: InTransaction, team: Team, say: Say) -> MineOut:
    now = standing.of(session, team)
    last = interventions.last_of_team(session, team.id)
    return MineOut(
        at=clock.now(),
        team_id=team.id,
        name=team.name,
        standing=now.standing,
        standing_text=said(words.STANDINGS, now.standing, say),
        on_duty_until=now.on_duty_until,
        asked=_asked(session, now, say),
        job=_job(now.intervention, say) if now.intervention else None,
        last=_job(last, say) if last else None,
        room_phone=session.scalar(select(Line.number).order_by(Line.id).limit(1)),
        position_at=now.position.taken_at if now.position else None,
        base=team.base._asdict() if team.base else None,
    )


def _asked(session: InTransaction, now: TeamNow, say: Say) -> AskedOut | None:
    offer = now.offer
    if offer is None:
        return None
    intervention = get(session, Intervention, offer.intervention_id)
    return AskedOut(
        id=offer.id,
        number=intervention.number,
        priority=intervention.priority,
        title=said(words.KINDS, intervention.what, say),
        reason=intervention.reason,
        needs=[said(words.SKILLS, need, say) for need in intervention.needs],
        town=intervention.town,
        minutes=round(offer.way_seconds / 60) if offer.way_seconds is not None else None,
        offered_at=offer.offered_at,
        answer_by=offer.answer_by,
    )


def _job(intervention: Intervention, say: Say) -> JobOut:
    outcome = intervention.outcome
    return JobOut(
        id=intervention.id,
        number=intervention.number,
        priority=intervention.priority,
        state=intervention.state,
        state_text=said(words.STATES, intervention.state, say),
        title=said(words.KINDS, intervention.what, say),
        reason=intervention.reason,
        needs=[said(words.SKILLS, need, say) for need in intervention.needs],
        place=intervention.place,
        since=intervention.since,
        requested_at=intervention.requested_at,
        due_at=intervention.due_at,
        expected_at=intervention.expected_at,
        ended_at=intervention.ended_at,
        outcome_text=said(words.OUTCOMES, outcome, say) if outcome else None,
    )
