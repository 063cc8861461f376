"""A browser says that it prints one of our pages; who was on it is kept."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field

from registry import listed, people
from registry.door import Me, allow
from registry.kit.errors import NotFound
from registry.kit.http import InTransaction
from webconsole import rendering

api = APIRouter(prefix="/api/v1", tags=["registry"])
MOST = 1_000  # people on one page


class Printed(BaseModel):
    """`where` is the kind of page as its template is called, `shown` the people on it."""

    where: Annotated[str, Field(max_length=200)]
    shown: Annotated[list[UUID], Field(max_length=MOST)] = []


@api.post("/printed", dependencies=[allow()])
def note_printed(said: Printed, session: InTransaction, me: Me) -> dict[str, int]:
    """Only those are kept whom the asker may know of."""
    if said.where not in rendering.kinds():
        raise NotFound("There is no such %(thing)s", thing="page")
    known = people.known(session, said.shown, me)
    listed.printed(session, said.where, (each.id for each in known))
    return {"kept": len(known)}
