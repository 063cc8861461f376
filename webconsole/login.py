"""Signing in and out, and the lock of the screen."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from registry import door, sessions
from registry.access import Right
from registry.door import AtScreen
from registry.kit.errors import NotAllowed, Problem, TooMany
from registry.kit.http import InTransaction, sentence
from registry.kit.settings import settings
from webconsole import browsers, rendering
from webconsole.demo import town as sample

router = APIRouter(include_in_schema=False)
BOARD, TEAM_PAGE, SIGN_IN, LOCK = "/", "/squadra", "/entra", "/blocco"
SEE_OTHER = 303
LONGEST = 256


def _local(path: str) -> str:
    """Where to go next: only a path of ours, never another host."""
    parts = urlsplit(path)
    ours = not parts.scheme and not parts.netloc and path.startswith("/") and path[1:2] not in "/\\"
    return path if ours and len(path) > 1 else ""


@router.get(SIGN_IN, dependencies=[door.public("the way in")])
def show_sign_in(request: Request, poi: str = "") -> Response:
    return rendering.page(
        request,
        "login.html",
        login="",
        error="",
        next_page=_local(poi),
        demo=sample if settings().demo else None,
        secure=_cookie_will_hold(request),
    )


@router.post(SIGN_IN, dependencies=[door.public("the way in; SameSite=Strict and Origin guard it")])
def sign_in(
    request: Request,
    login: Annotated[str, Form(max_length=LONGEST)] = "",
    password: Annotated[str, Form(max_length=LONGEST)] = "",
    poi: Annotated[str, Form(max_length=LONGEST)] = "",
) -> Response:
    try:
        door.require_own_page(request)
        network = request.client.host if request.client else "unknown"
        browser = browsers.named(request.headers.get("user-agent", ""))
        secret, actor = sessions.sign_in(
            login.replace("\0", ""), password, network=network, browser=browser
        )
    except (NotAllowed, TooMany) as problem:
        return rendering.page(
            request,
            "login.html",
            status=429 if isinstance(problem, TooMany) else 403,
            login=login,
            error=sentence(request, problem),
            next_page=_local(poi),
            demo=sample if settings().demo else None,
            secure=_cookie_will_hold(request),
        )
    at_home = TEAM_PAGE if actor.rights == {Right.RUN_TEAM} else BOARD
    answer = RedirectResponse(_local(poi) or at_home, SEE_OTHER)
    answer.set_cookie(
        door.COOKIE,
        secret,
        max_age=settings().session_hours * 3600,
        path="/",
        secure=True,
        httponly=True,
        samesite="strict",
    )
    return answer


@router.post("/esci", dependencies=[door.allow_at_screen()])
def sign_out(session: InTransaction, signed: AtScreen) -> Response:
    sessions.sign_out(session, signed)
    answer = RedirectResponse(SIGN_IN, SEE_OTHER)
    answer.delete_cookie(door.COOKIE, path="/", secure=True, httponly=True, samesite="strict")
    return answer


@router.get(LOCK, dependencies=[door.allow_at_screen()])
def show_lock(request: Request, signed: AtScreen, poi: str = "") -> Response:
    request.state.csrf = signed.csrf
    return rendering.page(
        request, "lock.html", name=signed.actor.name, error="", next_page=_local(poi)
    )


@router.post("/blocca", dependencies=[door.allow_at_screen()])
def lock(session: InTransaction, signed: AtScreen) -> Response:
    sessions.lock(session, signed.id)
    return RedirectResponse(LOCK, SEE_OTHER)


@router.post(LOCK, dependencies=[door.allow_at_screen()])
def unlock(
    request: Request,
    session: InTransaction,
    signed: AtScreen,
    password: Annotated[str, Form(max_length=LONGEST)] = "",
    poi: Annotated[str, Form(max_length=LONGEST)] = "",
) -> Response:
    try:
        sessions.unlock(session, signed, password)
    except Problem as problem:
        request.state.csrf = signed.csrf
        return rendering.page(
            request,
            "lock.html",
            status=403,
            name=signed.actor.name,
            error=sentence(request, problem),
            next_page=_local(poi),
        )
    at_home = TEAM_PAGE if signed.actor.rights == {Right.RUN_TEAM} else BOARD
    return RedirectResponse(_local(poi) or at_home, SEE_OTHER)


def _cookie_will_hold(request: Request) -> bool:
    """Browsers keep a Secure cookie only over HTTPS, or from the same machine."""
    host = request.url.hostname or ""
    return request.url.scheme == "https" or host == "localhost" or host.startswith("127.")
