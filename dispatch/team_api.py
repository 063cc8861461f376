"""JSON of teams for the room: who they are, how they stand, on and off duty."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request, status
from pydantic import BaseModel, Field

from dispatch import standing, teams, words
from dispatch.standing import TeamNow
from dispatch.teams import Team
from dispatch.travel import Mode, Point
from dispatch.words import Say, said, sayer
from registry.access import Right
from registry.door import allow
from registry.kit.db import locked
from registry.kit.http import InTransaction

router = APIRouter()
Code = Annotated[str, Field(min_length=1, max_length=40)]


class TeamIn(BaseModel):
    name: Annotated[str, Field(min_length=1, max_length=80)]
    skills: Annotated[list[Code], Field(max_length=12)] = []
    crew: Annotated[int, Field(ge=1, le=teams.LARGEST_CREW)] = 2
    mode: Mode = Mode.CITY_CAR
    phone: Annotated[str, Field(max_length=40)] | None = None
    base_text: Annotated[str, Field(max_length=200)] = ""
    latitude: Annotated[float, Field(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Field(ge=-180, le=180)] | None = None

    @property
    def base(self) -> Point | None:
        if self.latitude is None or self.longitude is None:
            return None
        return Point(self.latitude, self.longitude)


class DutyIn(BaseModel):
    until: datetime


class TeamOut(BaseModel):
    id: UUID
    name: str
    skills: list[str]
    crew: int
    mode: Mode
    mode_text: str
    phone: str | None
    base: str
    standing: str
    standing_text: str
    on_duty_until: datetime | None
    intervention_id: UUID | None
    latitude: float | None
    longitude: float | None
    accuracy_m: float | None
    position_source: str | None
    position_at: datetime | None


def shown(now: TeamNow, say: Say) -> TeamOut:
    """The team as the room sees it, with the age of its position to be said beside it."""
    team, position = now.team, now.position
    job = now.intervention
    return TeamOut(
        id=team.id,
        name=team.name,
        skills=team.skills,
        crew=team.crew,
        mode=team.mode,
        mode_text=said(words.MODES, team.mode, say),
        phone=team.phone,
        base=team.base_text,
        standing=now.standing,
        standing_text=said(words.STANDINGS, now.standing, say),
        on_duty_until=now.on_duty_until,
        intervention_id=job.id if job else (now.offer.intervention_id if now.offer else None),
        latitude=position.latitude if position else None,
        longitude=position.longitude if position else None,
        accuracy_m=position.accuracy_m if position else None,
        position_source=position.source if position else None,
        position_at=position.taken_at if position else None,
    )


@router.get("/teams", dependencies=[allow(Right.REQUEST_TEAM)])
def list_teams(session: InTransaction, request: Request) -> dict[str, Any]:
    say = sayer(request)
    return {"items": [shown(each, say) for each in standing.now(session)], "next": None}


@router.post("/teams", dependencies=[allow(Right.COORDINATE)], status_code=status.HTTP_201_CREATED)
def form_team(new: TeamIn, session: InTransaction, request: Request) -> TeamOut:
    team = teams.form(
        session,
        name=new.name,
        skills=frozenset(new.skills),
        crew=new.crew,
        mode=new.mode,
        phone=new.phone,
        base_text=new.base_text,
        base=new.base,
    )
    return shown(standing.of(session, team), sayer(request))


@router.post("/teams/{team_id}/sign-on", dependencies=[allow(Right.COORDINATE)])
def sign_on(team_id: UUID, duty: DutyIn, session: InTransaction, request: Request) -> TeamOut:
    team = locked(session, Team, team_id)
    standing.sign_on(session, team, duty.until)
    return shown(standing.of(session, team), sayer(request))


@router.post("/teams/{team_id}/sign-off", dependencies=[allow(Right.COORDINATE)])
def sign_off(team_id: UUID, session: InTransaction, request: Request) -> TeamOut:
    team = locked(session, Team, team_id)
    standing.sign_off(session, team)
    return shown(standing.of(session, team), sayer(request))
