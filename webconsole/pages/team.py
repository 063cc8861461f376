"""The team's phone: one page, one task per screen."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from registry.access import Right
from registry.door import Me, allow
from webconsole import rendering

router = APIRouter(include_in_schema=False)


@router.get("/squadra", dependencies=[allow(Right.RUN_TEAM)])
def show_team(request: Request, me: Me) -> Response:
    return rendering.page(request, "team/page.html", me=me)
