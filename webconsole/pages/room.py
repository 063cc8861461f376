"""The operator's board and its companions: sounds, keys, the wall."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from registry import access
from registry.access import Right
from registry.door import Me, allow
from webconsole import rendering

router = APIRouter(include_in_schema=False)
# Where those work who answer nothing: the first whose right they have.
DESKS = (
    (Right.RUN_TEAM, "/squadra"),
    (Right.READ_PEOPLE, "/persone"),
    (Right.MANAGE_STAFF, "/amministrazione/personale"),
    (Right.MANAGE_DEVICES, "/ricevitori"),
    (Right.READ_JOURNAL, "/revisione"),
    (Right.ANSWER_REFERRALS, "/ricevuti"),
)
STATION = (Right.ANSWER_CALLS, Right.ANSWER_ALARMS, Right.COORDINATE)


@router.get("/", dependencies=[allow()])
def show_board(request: Request, me: Me) -> Response:
    """The room; who works elsewhere is led there."""
    if access.can(me, Right.ANSWER_CALLS):
        return rendering.page(request, "board.html", me=me)
    for right, address in DESKS:
        if access.can(me, right):
            return RedirectResponse(address, 303)
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
