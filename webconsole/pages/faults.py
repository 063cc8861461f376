"""The page of open faults: the oldest first, by cause, with a technician in one click."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from registry.access import Right
from registry.door import Me, allow
from registry.kit import clock, i18n
from registry.kit.http import InTransaction
from telecare import fault_lists, figures
from telecare.protocols.base import Kind
from webconsole import board_people, door_words, rendering
from webconsole.words import words

router = APIRouter(include_in_schema=False)


@router.get("/guasti", dependencies=[allow(Right.MANAGE_DEVICES, Right.ANSWER_ALARMS)])
def list_faults(
    request: Request,
    session: InTransaction,
    me: Me,
    causa: Annotated[str, Query(max_length=40)] = "",
    whole: Annotated[bool, Query(alias="tutti")] = False,
    after: Annotated[UUID | None, Query(alias="prima")] = None,
) -> Response:
    """In a storm without the hundreds that are told as one, unless asked for."""
    spoken = words(i18n.language_of(request))
    cause = Kind(causa) if causa in list(Kind) else None
    found = fault_lists.open_(session, cause=cause, single=not whole, after=after)
    return rendering.page(
        request,
        "telecare/faults.html",
        me=me,
        found=found,
        cause=causa,
        whole=whole,
        in_outages=fault_lists.in_outages(session),
        causes=fault_lists.by_cause(session),
        ages=figures.faults_by_age(session),
        people=board_people.listed(
            session, (each.device.person_id for each in found), me, "faults"
        ),
        at=clock.now(),
        say=lambda code: door_words.said(spoken, "kind", code),
        next_before=found[-1].fault.id if len(found) == fault_lists.PAGE else None,
        words=spoken,
    )
