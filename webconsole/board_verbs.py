"""What the board does across neighbours: a call's operator asks for a team on the call's case."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, status
from pydantic import BaseModel, Field

from callcenter import calls
from callcenter.calls import Call
from dispatch import interventions
from dispatch.api import PlaceIn
from dispatch.interventions import Priority
from registry.access import Right
from registry.door import Me, allow
from registry.kit.db import locked
from registry.kit.errors import WrongState
from registry.kit.http import InTransaction

router = APIRouter(prefix="/board", tags=["board"])


class TeamWish(BaseModel):
    priority: Priority
    place: PlaceIn
    reason: Annotated[str, Field(max_length=4000)] = ""
    kind: Annotated[str, Field(min_length=1, max_length=40)] = "help"


@router.post(
    "/calls/{call_id}/ask-for-team",
    dependencies=[allow(Right.REQUEST_TEAM)],
    status_code=status.HTTP_201_CREATED,
)
def ask_for_team(call_id: UUID, wish: TeamWish, session: InTransaction, me: Me) -> dict[str, Any]:
    """Send a team for the caller; the intervention hangs on the call's case."""
    call = locked(session, Call, call_id)
    if call.operator_id != me.staff_id:
        raise WrongState("Only who is on the call asks for a team for it")
    calls.open_case(session, call)
    session.flush()
    if call.case_id is None:
        raise WrongState("The call has no case")
    made = interventions.request(
        session,
        case_id=call.case_id,
        person_id=call.person_id,
        kind=wish.kind,
        priority=wish.priority,
        place=wish.place.place,
        reason=wish.reason,
        source="callcenter",
    )
    return {"id": made.id, "number": made.number}
