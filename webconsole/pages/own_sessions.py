"""One's own sessions: where I am signed in, and how to end what I do not know."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from registry import door, invitations, own_ways, sessions, tokens
from registry.door import AtScreen, Me, allow, fresh
from registry.kit import i18n
from registry.kit.errors import Problem
from registry.kit.http import InTransaction, sentence, status_of
from webconsole import entering, rendering
from webconsole.words import words

router = APIRouter(include_in_schema=False)
SEE_OTHER = 303
LONGEST = 256


@router.get("/sessioni", dependencies=[allow()])
def list_own(
    request: Request, session: InTransaction, me: Me, signed: AtScreen, poi: str = ""
) -> Response:
    """With `poi` somebody was led here on their way in, because of what was tried meanwhile."""
    mine = me.staff_id
    return rendering.page(
        request,
        "sessions.html",
        me=me,
        found=sessions.open_of(session, mine) if mine else [],
        programs=tokens.of(session, mine) if mine else [],
        this=signed.id,
        told=own_ways.lately(session, mine) if mine else None,
        then=(entering.local(poi) or entering.home_of(me)) if poi else "",
        words=words(i18n.language_of(request)),
    )


@router.post("/sessioni/altre", dependencies=[allow(), fresh()])
def end_others(session: InTransaction, me: Me, signed: AtScreen) -> Response:
    if me.staff_id is not None:
        sessions.end_all(session, me.staff_id, but=signed.id)
    return RedirectResponse("/sessioni", SEE_OTHER)


@router.post("/sessioni/{session_id}", dependencies=[allow(), fresh()])
def end_one(session_id: UUID, session: InTransaction, me: Me) -> Response:
    if me.staff_id is not None:
        sessions.end(session, me.staff_id, session_id)
    return RedirectResponse("/sessioni", SEE_OTHER)


@router.get("/primo-accesso", dependencies=[door.public("the way in with a code for one use")])
def show_first(request: Request) -> Response:
    return rendering.page(request, "first_access.html", login="", code="", error="", wrong="")


@router.post("/primo-accesso", dependencies=[door.public("guarded by the code and its limits")])
def choose_password(
    request: Request,
    login: Annotated[str, Form(max_length=LONGEST)] = "",
    code: Annotated[str, Form(max_length=LONGEST)] = "",
    password: Annotated[str, Form(max_length=LONGEST + 1)] = "",
) -> Response:
    try:
        door.require_own_page(request)
        network = request.client.host if request.client else "unknown"
        plain = (each.replace("\0", "") for each in (login, code, password))
        invitations.accept(*plain, network=network)
    except Problem as problem:
        return rendering.page(
            request,
            "first_access.html",
            status=status_of(problem),
            login=login,
            code=code,
            error=sentence(request, problem),
            wrong=problem.field,
        )
    return RedirectResponse("/entra", SEE_OTHER)
