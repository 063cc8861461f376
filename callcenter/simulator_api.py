"""Test calls in the sample town: ring, press a key, hang up. Nowhere else do these routes exist."""

from typing import Annotated, Any

from fastapi import APIRouter, Response, status
from pydantic import BaseModel, Field

from callcenter.carriers import simulated_town
from registry.access import Right
from registry.door import allow
from registry.kit.errors import NotFound
from registry.kit.phone import e164
from registry.kit.settings import settings

router = APIRouter(prefix="/simulator", tags=["simulator"])
RUN = [allow(Right.COORDINATE, Right.MANAGE_STAFF)]


class Ring(BaseModel):
    caller: Annotated[str, Field(max_length=40)]
    line: Annotated[str, Field(max_length=40)]


class Keys(BaseModel):
    keys: Annotated[str, Field(pattern=r"^[0-9*#]{1,20}$")]


@router.get("/calls", dependencies=RUN)
def list_lines_up() -> dict[str, Any]:
    """Every line of the built-in carrier, and what was heard on it."""
    return {"items": _town().calls()}


@router.post("/calls", dependencies=RUN, status_code=status.HTTP_201_CREATED)
def ring(new: Ring) -> dict[str, str]:
    """Somebody of the sample town dials one of our numbers."""
    sid = _town().ring(from_=e164(new.caller, field="caller"), to=e164(new.line, field="line"))
    return {"sid": sid}


@router.post("/calls/{sid}/keys", dependencies=RUN, status_code=status.HTTP_204_NO_CONTENT)
def press(sid: str, pressed: Keys) -> Response:
    _town().press(sid, pressed.keys)
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@router.post("/calls/{sid}/hang-up", dependencies=RUN, status_code=status.HTTP_204_NO_CONTENT)
def hang_up(sid: str) -> Response:
    _town().hang_up(sid)
    return Response(status_code=status.HTTP_204_NO_CONTENT)


def _town() -> simulated_town.Town:
    if settings().carrier != "simulated" or not settings().demo:
        raise NotFound("There is no simulator here")
    return simulated_town.town()
