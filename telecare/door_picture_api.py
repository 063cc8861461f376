"""The photo of the door of a home: put, looked at under the rules of the way in, taken off."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, File, Response, UploadFile, status

from registry import attachments, drawing, people, pictures
from registry.access import Right
from registry.door import Me, allow
from registry.kit.http import InTransaction
from registry.people_api import held
from registry.pictures import Picture, Shows
from registry.pictures_api import PictureOut, given
from telecare import subscribers
from telecare.subscribers import WhyIn

router = APIRouter(prefix="/subscribers/{person_id}/door-picture", tags=["telecare"])
WRITE = [allow(Right.WRITE_PEOPLE)]


@router.put("", dependencies=WRITE, response_model=PictureOut)
def put(
    person_id: UUID, session: InTransaction, me: Me, file: Annotated[UploadFile, File()]
) -> Picture:
    """JPEG, PNG or WebP, in place of the one there was; it is drawn anew, without its data."""
    content = file.file.read(attachments.most() + 1)
    return pictures.put(session, held(session, person_id, me), me, Shows.DOOR, content)


@router.get(
    "",
    dependencies=[allow(Right.ANSWER_ALARMS, Right.READ_PEOPLE)],
    response_class=Response,
    responses={200: {"content": {drawing.MEDIA_TYPE: {}}}},
)
def look(person_id: UUID, session: InTransaction, me: Me, why: WhyIn | None = None) -> Response:
    """While an alarm is open, else with a reason; written in the journal."""
    person = people.read(session, person_id, me, why="telecare")
    subscribers.let_in(session, person, why)
    return given(pictures.large(session, person.id, Shows.DOOR))


@router.post("/remove", dependencies=WRITE, status_code=status.HTTP_204_NO_CONTENT)
def take_off(person_id: UUID, session: InTransaction, me: Me) -> None:
    pictures.take_off(session, held(session, person_id, me), Shows.DOOR)
