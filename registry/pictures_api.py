"""JSON of the picture of a person's face: put, looked at, taken off."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, File, Response, UploadFile, status

from registry import attachments, drawing, people, pictures
from registry.access import Right
from registry.door import Me, allow
from registry.kit.http import InTransaction
from registry.people_api import Out, held
from registry.pictures import Picture, Shows

router = APIRouter(tags=["registry"])
WRITES = [allow(Right.WRITE_PEOPLE)]


class PictureOut(Out):
    """Width and height are in pixels."""

    id: UUID
    shows: Shows
    width: int
    height: int
    added_at: datetime
    added_by: UUID | None


@router.put("/people/{person_id}/picture", dependencies=WRITES, response_model=PictureOut)
def put_picture(
    person_id: UUID, session: InTransaction, me: Me, file: Annotated[UploadFile, File()]
) -> Picture:
    """JPEG, PNG or WebP, in place of the one there was; it is drawn anew, without its data."""
    content = file.file.read(attachments.most() + 1)
    return pictures.put(session, held(session, person_id, me), me, Shows.FACE, content)


@router.get(
    "/people/{person_id}/picture",
    dependencies=[allow(Right.READ_PEOPLE)],
    response_class=Response,
    responses={200: {"content": {drawing.MEDIA_TYPE: {}}}},
)
def read_picture(person_id: UUID, session: InTransaction, me: Me) -> Response:
    """Looking at it is looking at the file, and is written down as such."""
    person = people.read(session, person_id, me, why="picture")
    return given(pictures.large(session, person.id, Shows.FACE))


@router.post(
    "/people/{person_id}/picture/remove",
    dependencies=WRITES,
    status_code=status.HTTP_204_NO_CONTENT,
)
def take_picture_off(person_id: UUID, session: InTransaction, me: Me) -> None:
    pictures.take_off(session, held(session, person_id, me), Shows.FACE)


def given(content: bytes) -> Response:
    """A picture as the answer; no browser keeps it."""
    return Response(content, media_type=drawing.MEDIA_TYPE, headers={"Cache-Control": "no-store"})
