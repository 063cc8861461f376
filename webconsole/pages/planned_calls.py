"""The page of today's planned calls: mine first, with how far the room has come."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlalchemy import select
from starlette.responses import Response

from registry.access import Right
from registry.door import Me, allow
from registry.kit import clock, i18n
from registry.kit.http import InTransaction
from registry.staff import Staff
from telecare import planned
from telecare.planned import PlannedCall, PlannedState, Result
from webconsole import board_people, rendering
from webconsole.words import words

router = APIRouter(include_in_schema=False)
OPEN = {PlannedState.TO_DO, PlannedState.RINGING}
# On one page; in a storm a campaign has thousands, and the first of these are the next to be made.
MOST = 100


@router.get("/teleassistenza-oggi", dependencies=[allow(Right.ANSWER_ALARMS)])
def show_today(
    request: Request,
    session: InTransaction,
    me: Me,
    mine: Annotated[bool, Query(alias="mie")] = False,
) -> Response:
    listed = planned.of_day(session, planned.today())
    people = board_people.listed(session, (each.person_id for each in listed), me, "planned_calls")
    found = [each for each in listed if each.person_id in people]
    shown = [each for each in found if not mine or each.operator_id == me.staff_id]
    staff = select(Staff.id, Staff.name).where(Staff.id.in_({each.operator_id for each in found}))
    ordered = sorted(shown, key=lambda each: _order(each, me.staff_id))
    return rendering.page(
        request,
        "telecare/today.html",
        me=me,
        found=ordered[:MOST],
        left_out=len(ordered[MOST:]),
        all_of_them=len(found),
        over=sum(each.state not in OPEN for each in found),
        missed=sum(each.state is PlannedState.MISSED for each in found),
        mine=mine,
        people=people,
        staff={key: name for key, name in session.execute(staff)},  # noqa: C416 - rows are typed
        open_states=OPEN | {PlannedState.MISSED},
        results=list(Result),
        at=clock.now(),
        words=words(i18n.language_of(request)),
    )


def _order(each: PlannedCall, staff_id: UUID | None) -> tuple[int, bool, float]:
    """What was missed first, then what is still open, mine before others', then by the hour."""
    rank = 0 if each.state is PlannedState.MISSED else 1 if each.state in OPEN else 2
    return rank, each.operator_id != staff_id, each.due_at.timestamp()
