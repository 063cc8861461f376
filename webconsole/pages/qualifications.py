"""Qualifications of one of the staff: recorded and ended on the page of the colleague."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from registry import qualifications
from registry.door import Me
from registry.kit.db import get, locked
from registry.kit.errors import Invalid, NotFound, Problem
from registry.kit.http import InTransaction
from registry.qualifications import Qualification
from registry.staff import Staff
from webconsole.pages.administration import ADMINISTRATION, HOME, SEE_OTHER, Written, form_of

router = APIRouter(include_in_schema=False, prefix="/amministrazione")


class Learnt(BaseModel):
    """What somebody wrote in the form; the days as the browser sends them."""

    qualification: Annotated[str, Field(max_length=60)] = ""
    number: Annotated[str, Field(max_length=qualifications.LONGEST_NUMBER)] = ""
    since: Annotated[str, Field(max_length=10)] = ""
    until: Annotated[str, Field(max_length=10)] = ""

    def facts(self) -> dict[str, Any]:
        since = _day(self.since, "since")
        if since is None:
            raise Invalid("Write since when", field="since")
        return {
            "code": self.qualification,
            "number": self.number.replace("\0", ""),
            "since": since,
            "until": _day(self.until, "until"),
        }


def _day(written: str, field: str) -> date | None:
    try:
        return date.fromisoformat(written) if written else None
    except ValueError as error:
        raise Invalid("This is no day of the calendar", field=field) from error


@router.post("/personale/{staff_id}/qualifiche", dependencies=ADMINISTRATION)
def record(
    staff_id: UUID,
    request: Request,
    session: InTransaction,
    me: Me,
    learnt: Annotated[Learnt, Form()],
) -> Response:
    person = locked(session, Staff, staff_id)
    try:
        with session.begin_nested():
            qualifications.record(session, person, me, **learnt.facts())
    except Problem as problem:
        written = Written.of(person)
        return form_of(request, session, me, person, written, problem=problem, typed=learnt)
    return RedirectResponse(f"{HOME}/{staff_id}", SEE_OTHER)


@router.post(
    "/personale/{staff_id}/qualifiche/{qualification_id}/fine", dependencies=ADMINISTRATION
)
def end(
    staff_id: UUID, qualification_id: UUID, request: Request, session: InTransaction, me: Me
) -> Response:
    person = locked(session, Staff, staff_id)
    ended = get(session, Qualification, qualification_id)
    if ended.staff_id != person.id:
        raise NotFound("There is no such %(thing)s", thing="qualification")
    try:
        with session.begin_nested():
            qualifications.end(session, ended)
    except Problem as problem:
        return form_of(request, session, me, person, Written.of(person), problem=problem)
    return RedirectResponse(f"{HOME}/{staff_id}", SEE_OTHER)
