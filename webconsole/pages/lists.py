"""The lists: alarms, calls and interventions, newest first, filtered by the address."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from callcenter.call_states import CallState
from callcenter.calls import Call
from dispatch import interventions
from dispatch.interventions import Intervention
from registry.access import Actor, Right
from registry.door import Me, allow
from registry.kit import i18n
from registry.kit.http import InTransaction
from registry.staff import Staff
from telecare import alarms
from telecare.alarms import Alarm, AlarmState
from webconsole import board_people, rendering
from webconsole.words import CALL_STATES, STATES, words

router = APIRouter(include_in_schema=False)
PAGE = 50
Before = Annotated[UUID | None, Query(alias="prima")]


@router.get("/allarmi", dependencies=[allow(Right.ANSWER_ALARMS)])
def list_alarms(
    request: Request,
    session: InTransaction,
    me: Me,
    stato: AlarmState | None = None,
    before: Before = None,
) -> Response:
    found = alarms.listed(session, state=stato, before=before, limit=PAGE)
    return _listed(request, session, me, "alarms", found, _named(AlarmState, STATES), stato)


@router.get("/chiamate", dependencies=[allow(Right.ANSWER_CALLS)])
def list_calls(
    request: Request,
    session: InTransaction,
    me: Me,
    stato: CallState | None = None,
    before: Before = None,
) -> Response:
    wanted = select(Call)
    if stato is not None:
        wanted = wanted.where(Call.state == stato)
    if before is not None:
        wanted = wanted.where(Call.id < before)
    found = list(session.scalars(wanted.order_by(Call.id.desc()).limit(PAGE)))
    return _listed(request, session, me, "calls", found, _named(CallState, CALL_STATES), stato)


def _named(states: Iterable[str], names: Mapping[str, str]) -> dict[str, str]:
    """The states a list can be cut down to, in the order of their table."""
    return {state: names[state] for state in states}


def _listed(
    request: Request,
    session: Session,
    me: Actor,
    what: str,
    found: list[Alarm] | list[Call],
    states: Mapping[str, str],
    chosen: str | None,
) -> Response:
    return rendering.page(
        request,
        f"{what}.html",
        me=me,
        found=found,
        states=states,
        chosen=chosen,
        people=board_people.listed(session, (each.person_id for each in found), me, what),
        staff=_staff(session, found),
        **_common(request, found),
    )


@router.get("/interventi", dependencies=[allow(Right.REQUEST_TEAM)])
def list_jobs(
    request: Request,
    session: InTransaction,
    me: Me,
    tutti: bool = False,
    before: Annotated[int | None, Query(alias="prima")] = None,
) -> Response:
    found = interventions.open_(session, me)
    if tutti:
        found = interventions.listed(session, me, after=before, limit=PAGE)
    return rendering.page(
        request,
        "jobs.html",
        me=me,
        found=found,
        everything=tutti,
        people=board_people.listed(
            session, (each.person_id for each in found), me, "interventions"
        ),
        **_common(request, found),
    )


def _staff(session: Session, found: list[Alarm] | list[Call]) -> dict[UUID, str]:
    """The names of those who hold or held these."""
    ids = {each.operator_id for each in found if each.operator_id is not None}
    rows = session.execute(select(Staff.id, Staff.name).where(Staff.id.in_(ids)))
    return {key: value for key, value in rows}  # noqa: C416 - rows are typed, dict() loses it


def _common(
    request: Request, found: list[Alarm] | list[Call] | list[Intervention]
) -> dict[str, Any]:
    full = len(found) >= PAGE
    return {
        "words": words(i18n.language_of(request)),
        "where": board_people.where,
        "next_before": _mark(found[-1]) if full else None,
    }


def _mark(last: Alarm | Call | Intervention) -> UUID | int:
    """What the next page begins after."""
    return last.number if isinstance(last, Intervention) else last.id
