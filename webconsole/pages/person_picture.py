"""The photo of a person: taken in, looked at, taken off."""

from uuid import UUID

from fastapi import APIRouter, Request, UploadFile
from starlette.responses import RedirectResponse, Response

from registry import attachments, people, pictures
from registry.access import Right
from registry.door import Me, allow
from registry.kit.errors import Invalid
from registry.kit.http import InTransaction, status_of
from registry.people_api import held
from registry.pictures import Shows
from registry.pictures_api import given
from webconsole.pages import forms, person_parts

router = APIRouter(include_in_schema=False, prefix="/persone/{person_id}/foto")
WRITE = [allow(Right.WRITE_PEOPLE)]
SEE_OTHER = 303


@router.get("", dependencies=[allow(Right.READ_PEOPLE)])
def look(person_id: UUID, session: InTransaction, me: Me) -> Response:
    """As large as it is kept; written in the journal."""
    person = people.read(session, person_id, me, why="picture")
    return given(pictures.large(session, person.id, Shows.FACE))


@router.post("", dependencies=WRITE)
def put(
    person_id: UUID, request: Request, session: InTransaction, me: Me, file: UploadFile
) -> Response:
    """What does not fit is said beside the field, on the page it was sent from."""
    person = held(session, person_id, me)
    try:
        content = file.file.read(attachments.most() + 1)
        pictures.put(session, person, me, Shows.FACE, content)
    except Invalid as problem:
        wrong = forms.trouble(request, problem)
        return person_parts.page(request, session, me, person, wrong, status_of(problem))
    return RedirectResponse(f"/persone/{person.id}/scheda", SEE_OTHER)


@router.post("/togli", dependencies=WRITE)
def take_off(person_id: UUID, session: InTransaction, me: Me) -> Response:
    person = held(session, person_id, me)
    pictures.take_off(session, person, Shows.FACE)
    return RedirectResponse(f"/persone/{person.id}/scheda", SEE_OTHER)
