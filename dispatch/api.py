"""JSON of interventions, for the room. Teams are in team_api, the team's phone in phone_api."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, status
from pydantic import BaseModel, ConfigDict, Field

from dispatch import duplicates, interventions, offers, phone_api, search, team_api, words
from dispatch.assignment import Candidate, Excluded, Ranking
from dispatch.interventions import Intervention, InterventionState, Outcome, Priority
from dispatch.offers import Offer
from dispatch.teams import Team
from dispatch.words import Say, said, sayer
from registry import cases, listed, people
from registry.access import Right
from registry.cases import Area
from registry.door import Me, allow
from registry.kit.db import locked
from registry.kit.http import InTransaction
from registry.places import Place

router = APIRouter(tags=["dispatch"])
router.include_router(phone_api.router)
router.include_router(team_api.router)

Code = Annotated[str, Field(min_length=1, max_length=40)]
Line = Annotated[str, Field(max_length=200)]
Text = Annotated[str, Field(max_length=4000)]
ROOM = allow(Right.REQUEST_TEAM)


class PlaceIn(BaseModel):
    text: Annotated[str, Field(min_length=1, max_length=200)]
    town: Line = ""
    latitude: Annotated[float, Field(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Field(ge=-180, le=180)] | None = None

    @property
    def place(self) -> Place:
        return Place(**self.model_dump())


class RequestIn(BaseModel):
    """`case_id` empty: a new case is opened, for the person if one is named."""

    kind: Code = "other"
    priority: Priority
    place: PlaceIn
    reason: Text = ""
    needs: Annotated[list[Code], Field(max_length=12)] = []
    case_id: UUID | None = None
    person_id: UUID | None = None


class AboutIn(BaseModel):
    place: PlaceIn
    case_id: UUID | None = None
    person_id: UUID | None = None


class ChoiceIn(BaseModel):
    team_id: UUID


class ReasonIn(BaseModel):
    reason: Annotated[str, Field(min_length=1, max_length=400)]


class Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class PlaceOut(Out):
    text: str
    town: str
    latitude: float | None
    longitude: float | None


class OfferOut(Out):
    id: UUID
    team: str
    state: str
    offered_at: datetime
    answer_by: datetime
    delivered_at: datetime | None
    decline: str | None


class InterventionOut(Out):
    id: UUID
    number: int
    case_id: UUID
    person_id: UUID | None
    kind: str
    title: str
    priority: Priority
    state: InterventionState
    state_text: str
    place: PlaceOut
    reason: str
    needs: list[str]
    source: str
    team: dict[str, str] | None
    offer: OfferOut | None
    requested_at: datetime
    since: datetime
    due_at: datetime | None
    expected_at: datetime | None
    ended_at: datetime | None
    outcome: Outcome | None
    outcome_text: str | None
    report: str


class CandidateOut(BaseModel):
    team_id: UUID
    name: str
    can_go: bool
    minutes: int | None
    source: str | None
    position_age_s: int | None
    why: str


def shown(intervention: Intervention, asked: Offer | None, say: Say) -> InterventionOut:
    """The intervention as the room sees it, `asked` being the team that has to answer."""
    team, outcome = intervention.team, intervention.outcome
    return InterventionOut(
        id=intervention.id,
        number=intervention.number,
        case_id=intervention.case_id,
        person_id=intervention.person_id,
        kind=intervention.what,
        title=said(words.KINDS, intervention.what, say),
        priority=intervention.priority,
        state=intervention.state,
        state_text=said(words.STATES, intervention.state, say),
        place=PlaceOut.model_validate(intervention.place),
        reason=intervention.reason,
        needs=intervention.needs,
        source=intervention.source,
        team={"id": str(team.id), "name": team.name} if team else None,
        offer=_offer(asked) if asked else None,
        requested_at=intervention.requested_at,
        since=intervention.since,
        due_at=intervention.due_at,
        expected_at=intervention.expected_at,
        ended_at=intervention.ended_at,
        outcome=outcome,
        outcome_text=said(words.OUTCOMES, outcome, say) if outcome else None,
        report=intervention.report,
    )


def _offer(offer: Offer) -> OfferOut:
    return OfferOut.model_validate({**offer.__dict__, "team": offer.team.name})


@router.get("/interventions", dependencies=[ROOM])
def list_interventions(
    session: InTransaction,
    me: Me,
    request: Request,
    state: Annotated[InterventionState | None, Query()] = None,
    case_id: UUID | None = None,
    after: int | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> dict[str, Any]:
    """Newest first; `after` is the number of the last one seen."""
    found = interventions.listed(
        session, me, state=state, case_id=case_id, after=after, limit=limit
    )
    listed.note(session, "interventions", (each.person_id for each in found))
    return {
        "items": _all(session, found, sayer(request)),
        "next": found[-1].number if len(found) == limit else None,
    }


@router.get("/interventions/open", dependencies=[ROOM])
def list_open(session: InTransaction, me: Me, request: Request) -> dict[str, Any]:
    """What is not over: the most urgent first, then the oldest."""
    found = interventions.open_(session, me)
    listed.note(session, "interventions", (each.person_id for each in found))
    return {"items": _all(session, found, sayer(request)), "next": None}


@router.post("/interventions/similar", dependencies=[ROOM])
def find_similar(
    about: AboutIn, session: InTransaction, me: Me, request: Request
) -> dict[str, Any]:
    """Interventions of the last day that may be the same. A POST: addresses stay out of URLs."""
    found = duplicates.similar(
        session, me, place=about.place.place, case_id=about.case_id, person_id=about.person_id
    )
    return {"items": _all(session, found, sayer(request)), "next": None}


@router.post("/interventions", dependencies=[ROOM], status_code=status.HTTP_201_CREATED)
def request_team(
    new: RequestIn, session: InTransaction, me: Me, request: Request
) -> InterventionOut:
    if new.person_id is not None:
        people.read(session, new.person_id, me, why="intervention")
    intervention = interventions.request(
        session,
        case_id=_case(session, new, me),
        person_id=new.person_id,
        kind=new.kind,
        priority=new.priority,
        place=new.place.place,
        reason=new.reason,
        needs=frozenset(new.needs),
        source="board",
    )
    return shown(intervention, None, sayer(request))


@router.get("/interventions/{intervention_id}", dependencies=[ROOM])
def read_intervention(
    intervention_id: UUID, session: InTransaction, me: Me, request: Request
) -> InterventionOut:
    job = interventions.read(session, intervention_id, me)
    if job.person_id is not None:
        people.read(session, job.person_id, me, why="intervention")
    return _one(session, intervention_id, me, request)


@router.get("/interventions/{intervention_id}/offers", dependencies=[ROOM])
def list_offers(intervention_id: UUID, session: InTransaction, me: Me) -> dict[str, Any]:
    """Everybody who was asked, in order."""
    interventions.read(session, intervention_id, me)
    asked = offers.of_intervention(session, intervention_id)
    return {"items": [_offer(each) for each in asked], "next": None}


@router.get("/interventions/{intervention_id}/candidates", dependencies=[ROOM])
def preview_candidates(
    intervention_id: UUID, session: InTransaction, me: Me, request: Request
) -> dict[str, Any]:
    """Who could go now, best first, each with its reason; then who could not, and why."""
    ranking = search.candidates(session, interventions.read(session, intervention_id, me))
    return {"items": ranked(ranking, sayer(request)), "next": None}


@router.post("/interventions/{intervention_id}/offer", dependencies=[ROOM])
def offer_by_hand(
    intervention_id: UUID, choice: ChoiceIn, session: InTransaction, me: Me, request: Request
) -> InterventionOut:
    interventions.read(session, intervention_id, me)
    intervention = locked(session, Intervention, intervention_id)
    team = locked(session, Team, choice.team_id)
    search.by_hand(session, intervention, team, by=me.staff_id)
    return _one(session, intervention_id, me, request)


@router.post("/interventions/{intervention_id}/cancel", dependencies=[ROOM])
def cancel_intervention(
    intervention_id: UUID, why: ReasonIn, session: InTransaction, me: Me, request: Request
) -> InterventionOut:
    interventions.read(session, intervention_id, me)
    intervention = locked(session, Intervention, intervention_id)
    interventions.cancel(session, intervention, why.reason)
    return _one(session, intervention_id, me, request)


def _case(session: InTransaction, new: RequestIn, me: Me) -> UUID:
    if new.case_id is not None:
        return cases.read(session, new.case_id, me).id
    if new.person_id is not None:
        return cases.for_person(session, new.person_id, area=Area.EMERGENCY).id
    return cases.open_(session, area=Area.EMERGENCY).id


def _one(
    session: InTransaction, intervention_id: UUID, me: Me, request: Request
) -> InterventionOut:
    intervention = interventions.read(session, intervention_id, me)
    asked = offers.live(session, [intervention_id]).get(intervention_id)
    return shown(intervention, asked, sayer(request))


def _all(session: InTransaction, found: list[Intervention], say: Say) -> list[InterventionOut]:
    asked = offers.live(session, [each.id for each in found])
    return [shown(each, asked.get(each.id), say) for each in found]


def ranked(ranking: Ranking, say: Say) -> list[CandidateOut]:
    """The ranking in the reader's words: who can go first, then who cannot."""
    return [_can_go(each, say) for each in ranking.candidates] + [
        _cannot_go(each, say) for each in ranking.excluded
    ]


def _can_go(each: Candidate, say: Say) -> CandidateOut:
    minutes = round(each.way.time.total_seconds() / 60) if each.way else None
    age = each.position_age.total_seconds() if each.position_age else None
    why = say(words.WHYS[each.why]) % {
        "minutes": minutes,
        "age": round(age / 60) if age is not None else None,
    }
    return CandidateOut(
        team_id=each.team.id,
        name=each.team.name,
        can_go=True,
        minutes=minutes,
        source=each.way.source if each.way else None,
        position_age_s=round(age) if age is not None else None,
        why=why,
    )


def _cannot_go(each: Excluded, say: Say) -> CandidateOut:
    lacking = ", ".join(said(words.SKILLS, skill, say).lower() for skill in sorted(each.lacking))
    reasons = [say(words.WHYS[why]) % {"skills": lacking} for why in each.why]
    return CandidateOut(
        team_id=each.team.id,
        name=each.team.name,
        can_go=False,
        minutes=None,
        source=None,
        position_age_s=None,
        why=", ".join(reasons),
    )
