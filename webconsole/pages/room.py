"""The operator's board and its companions: sounds, keys, the wall."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from registry import access
from registry.access import Right, Role
from registry.door import Me, allow
from webconsole import rendering

router = APIRouter(include_in_schema=False)
STATION = (Right.ANSWER_CALLS, Right.ANSWER_ALARMS, Right.COORDINATE)


@router.get("/", dependencies=[allow()])
def show_board(request: Request, me: Me) -> Response:
    """The room; who works elsewhere is led there."""
    if access.can(me, Right.ANSWER_CALLS):
        return rendering.page(request, "board.html", me=me)
    if access.can(me, Right.RUN_TEAM):
        return RedirectResponse("/squadra", 303)
    if access.can(me, Right.READ_PEOPLE):
        return RedirectResponse("/persone", 303)
    if Role.TECHNICIAN in me.roles:
        return RedirectResponse("/ricevitori", 303)
    if access.can(me, Right.MANAGE_STAFF):
        return RedirectResponse("/amministrazione/personale", 303)
    return rendering.page(request, "nothing_here.html", me=me)


@router.get("/suoni", dependencies=[allow()])
def show_sounds(request: Request, me: Me) -> Response:
    return rendering.page(request, "sounds.html", me=me)


@router.get("/tasti", dependencies=[allow()])
def show_keys(request: Request, me: Me) -> Response:
    return rendering.page(request, "keys.html", me=me)


@router.get("/parete", dependencies=[allow(*STATION)])
def show_wall(request: Request, me: Me) -> Response:
    """Numbers that can be read at five metres; nobody's name."""
    return rendering.page(request, "wall.html", me=me)
