"""The pages on which plans and on-call duties are written."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from registry import people
from registry.access import Right
from registry.door import Me, allow
from registry.kit import clock, i18n
from registry.kit.http import InTransaction
from telecare import on_call, plans
from telecare.plans import What
from telecare.protocols.base import Kind
from telecare.triage import Lane, lane_of
from webconsole import rendering
from webconsole.words import words

router = APIRouter(include_in_schema=False)
READ = [allow(Right.ANSWER_ALARMS)]
RINGING = {Lane.EMERGENCY, Lane.CONCERN}
KINDS = [kind for kind in Kind if lane_of(kind) in RINGING]
SPARE = 3  # empty lines for more steps


@router.get("/piani", dependencies=READ)
def show_plans(
    request: Request,
    session: InTransaction,
    me: Me,
    kind: Annotated[Kind | None, Query(alias="tipo")] = None,
    person_id: Annotated[UUID | None, Query(alias="persona")] = None,
) -> Response:
    """The plan that holds for the chosen kind (none: any), in general or for one person."""
    chosen = kind or plans.ANY
    person = people.read(session, person_id, me, why="plan") if person_id else None
    written = plans.current(session, person_id)
    return rendering.page(
        request,
        "telecare/plans.html",
        me=me,
        kinds=KINDS,
        chosen=chosen,
        person=person,
        holding=plans.for_alarm(session, chosen, person_id),
        written=written,
        own=any(each.kind == chosen for each in written),
        whats=list(What),
        spare=SPARE,
        longest_wait=plans.LONGEST_WAIT,
        words=words(i18n.language_of(request)),
    )


@router.get("/reperibilita", dependencies=READ)
def show_on_call(request: Request, session: InTransaction, me: Me) -> Response:
    """Whom the system rings when an alarm has waited 180 s."""
    return rendering.page(
        request,
        "telecare/on_call.html",
        me=me,
        duties=on_call.coming(session),
        now_on_call={each.id for each in on_call.at(session, clock.now())},
    )
