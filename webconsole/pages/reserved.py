"""A reserved file: the closed door, breaking the glass with a reason, the coordinator's list."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from registry import access, audit, listed, openings, people
from registry.access import Actor, Right
from registry.door import AtScreen, Me, allow, fresh
from registry.kit.db import get, locked
from registry.kit.errors import NotFound, Problem
from registry.kit.http import InTransaction, sentence, status_of
from registry.openings import Opening
from registry.people import Person
from telecare.alarms import Alarm
from webconsole import rendering

router = APIRouter(include_in_schema=False)
api = APIRouter(prefix="/api/v1", tags=["registry"])
SEE_OTHER = 303
CLOSED = 404
Reason = Annotated[str, Form(max_length=2_000)]


def closed(
    request: Request, me: Actor, person_id: UUID, problem: Problem | None = None, reason: str = ""
) -> Response:
    """The same page for a file that is reserved and for one that does not exist."""
    return rendering.page(
        request,
        "reserved.html",
        me=me,
        status=status_of(problem) if problem else CLOSED,
        person_id=person_id,
        error=sentence(request, problem) if problem else "",
        wrong=problem.field if problem else "",
        reason=reason,
        shortest=openings.SHORTEST,
    )


@router.get("/allarmi/{alarm_id}/apertura", dependencies=[allow(Right.BREAK_GLASS)])
def of_alarm(alarm_id: UUID, session: InTransaction, me: Me) -> Response:
    """From an alarm of a reserved person to the door of their file."""
    access.require(me, Right.ANSWER_ALARMS)
    alarm = get(session, Alarm, alarm_id)
    if alarm.person_id is None:
        raise NotFound("There is no such %(thing)s", thing="person")
    return RedirectResponse(f"/persone/{alarm.person_id}", SEE_OTHER)


@router.post("/persone/{person_id}/apertura", dependencies=[allow(Right.BREAK_GLASS), fresh()])
def break_glass(
    person_id: UUID,
    request: Request,
    session: InTransaction,
    me: Me,
    signed: AtScreen,  # noqa: ARG001 - a browser's session, never a token
    reason: Reason = "",
) -> Response:
    """Open a reserved file for an hour. A program cannot: somebody has to have shown who it is."""
    try:
        with session.begin_nested():
            _break(session, person_id, me, reason)
    except NotFound:
        return closed(request, me, person_id, reason=reason)
    except Problem as problem:
        return closed(request, me, person_id, problem, reason)
    return RedirectResponse(f"/persone/{person_id}", SEE_OTHER)


def _break(session: Session, person_id: UUID, me: Actor, reason: str) -> None:
    """Of a file that became part of another, the other's; none where the file is open to them."""
    if me.staff_id is None or session.get(Person, person_id) is None:
        raise NotFound("There is no such %(thing)s", thing="person")
    person_id = people.survivor(session, person_id)
    if people.known(session, [person_id], me):
        return
    openings.break_glass(
        session,
        staff_id=me.staff_id,
        person_id=person_id,
        reason=reason,
        roles=sorted(me.roles),
        office_id=me.office_id,
    )


@router.get("/aperture", dependencies=[allow(Right.COORDINATE)])
def list_openings(request: Request, session: InTransaction, me: Me) -> Response:
    found = openings.latest(session)
    persons = people.known(session, {each.person_id for each in found}, me)
    listed.note(session, "openings", (each.id for each in persons))
    return rendering.page(
        request,
        "openings.html",
        me=me,
        found=found,
        people={person.id: person for person in persons},
        staff=audit.staff_names(
            session, {each.staff_id for each in found} | {each.seen_by for each in found}
        ),
    )


@router.post("/aperture/{opening_id}/vista", dependencies=[allow(Right.COORDINATE)])
def see(opening_id: UUID, session: InTransaction, me: Me) -> Response:
    openings.seen(session, locked(session, Opening, opening_id), me.staff_id)
    return RedirectResponse("/aperture", SEE_OTHER)


@api.get("/openings", dependencies=[allow(Right.COORDINATE)])
def count_unseen(session: InTransaction) -> dict[str, int]:
    """How many openings of reserved files no coordinator has looked at yet."""
    return {"unseen": len(openings.unseen(session))}


@api.post("/people/{person_id}/printed", dependencies=[allow(Right.READ_PEOPLE)])
def note_printed(person_id: UUID, session: InTransaction, me: Me) -> dict[str, Any]:
    """A browser says that it prints the file of this person."""
    found = people.known(session, [person_id], me)
    if not found:
        raise NotFound("There is no such %(thing)s", thing="person")
    audit.printed(session, found[0], me)
    return {}
