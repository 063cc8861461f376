"""The page of one intervention: what happened, who could go, and calling it off."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from dispatch import interventions, offers, search
from dispatch.api import ranked
from dispatch.assignment import Ranking, Why
from dispatch.interventions import STEPS, WITHOUT_TEAM, Intervention
from dispatch.teams import Team
from dispatch.words import sayer
from registry import cases, people
from registry.access import Actor, Right
from registry.door import Me, allow
from registry.kit import i18n
from registry.kit.db import locked
from registry.kit.errors import Invalid, NotFound, Problem
from registry.kit.http import InTransaction
from webconsole import board_people
from webconsole.pages import forms
from webconsole.words import words

router = APIRouter(include_in_schema=False)
ROOM = [allow(Right.REQUEST_TEAM)]
SEE_OTHER = 303
# What no choice by hand may overrule.
BARRED = {Why.OFF_DUTY, Why.BUSY}
Reason = Annotated[str, Form(alias="motivo", max_length=400)]


@router.get("/interventi/{job_id}", dependencies=ROOM)
def show_job(job_id: UUID, request: Request, session: InTransaction, me: Me) -> Response:
    return _page(request, session, me, _seen(session, me, job_id))


@router.post("/interventi/{job_id}/squadra", dependencies=ROOM)
def ask_team(
    job_id: UUID,
    request: Request,
    session: InTransaction,
    me: Me,
    team_id: Annotated[UUID, Form(alias="squadra")],
) -> Response:
    """Somebody of the room chooses who is asked, whomever the search would have asked."""
    job = locked(session, Intervention, _seen(session, me, job_id).id)
    try:
        search.by_hand(session, job, locked(session, Team, team_id), by=me.staff_id)
    except Problem as problem:
        return _page(request, session, me, job, problem)
    return RedirectResponse(f"/interventi/{job_id}", SEE_OTHER)


@router.post("/interventi/{job_id}/annullamento", dependencies=ROOM)
def call_off(
    job_id: UUID, request: Request, session: InTransaction, me: Me, reason: Reason = ""
) -> Response:
    """Whoever was asked or is on the way is told."""
    job = locked(session, Intervention, _seen(session, me, job_id).id)
    try:
        if not forms.whole(reason):
            raise Invalid("Write it in a few words", field="reason")
        interventions.cancel(session, job, forms.whole(reason))
    except Problem as problem:
        return _page(request, session, me, job, problem, typed=reason)
    return RedirectResponse(f"/interventi/{job_id}", SEE_OTHER)


def _seen(session: Session, me: Actor, job_id: UUID) -> Intervention:
    wanted = select(Intervention).where(Intervention.id == job_id)
    job = session.scalar(interventions.visible_to(wanted, me))
    if job is None:
        raise NotFound("There is no such %(thing)s", thing="intervention")
    return job


def _page(
    request: Request,
    session: Session,
    me: Actor,
    job: Intervention,
    problem: Problem | None = None,
    typed: str = "",
) -> Response:
    person = None
    if job.person_id is not None:
        person = people.read(session, job.person_id, me, why="intervention")
    ranking = search.candidates(session, job) if job.state in WITHOUT_TEAM else None
    return forms.page(
        request,
        "job.html",
        me=me,
        problem=problem,
        job=job,
        open_=bool(STEPS[job.state]),
        typed=typed,
        person=person,
        asked=offers.live(session, [job.id]).get(job.id),
        searching=ranking is not None,
        could_go=ranked(ranking, sayer(request)) if ranking else [],
        askable=_askable(ranking) if ranking else set(),
        entries=cases.timeline(session, job.case_id),
        where=board_people.where,
        words=words(i18n.language_of(request)),
    )


def _askable(ranking: Ranking) -> set[UUID]:
    """Whom the room may ask: skill, distance and an earlier no are its own to judge."""
    free = {each.team.id for each in ranking.candidates}
    return free | {each.team.id for each in ranking.excluded if not BARRED & set(each.why)}
