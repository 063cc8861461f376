"""Signing in and out, and the lock of the screen."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Cookie, Form, Request
from starlette.responses import RedirectResponse, Response

from registry import (
    access,
    door,
    factors,
    handshakes,
    passkeys,
    proofs,
    provider,
    second_step,
    sessions,
)
from registry.access import Right
from registry.door import AtScreen
from registry.handshakes import Half
from registry.kit.db import transaction
from registry.kit.errors import NotAllowed, NotSignedIn, Problem, TooMany
from registry.kit.http import InTransaction, sentence, status_of
from registry.kit.settings import settings
from registry.sessions import Halfway
from webconsole import entering, rendering
from webconsole.demo import town as sample
from webconsole.entering import HALF, SECOND, SEE_OTHER, SIGN_IN

router = APIRouter(include_in_schema=False)
LOCK = "/blocco"
LONGEST = 256
Written = Annotated[str, Form(max_length=LONGEST)]
Half_ = Annotated[str | None, Cookie(alias=HALF)]


@router.get(SIGN_IN, dependencies=[door.public("the way in")])
def show_sign_in(request: Request, poi: str = "") -> Response:
    return _way_in(request, poi)


@router.post(SIGN_IN, dependencies=[door.public("the way in; SameSite=Strict and Origin guard it")])
def sign_in(
    request: Request, login: Written = "", password: Written = "", poi: Written = ""
) -> Response:
    try:
        door.require_own_page(request)
        secret, actor = sessions.sign_in(
            login.replace("\0", ""),
            password,
            network=entering.network_of(request),
            browser=entering.browser_of(request),
        )
    except Halfway as half:
        on = f"{SECOND}?{urlencode({'poi': entering.local(poi)})}"
        return entering.half_way(RedirectResponse(on, SEE_OTHER), half.secret)
    except (NotAllowed, TooMany) as problem:
        return _way_in(request, poi, login=login, problem=problem)
    on = entering.local(poi) or entering.home_of(actor)
    return entering.let_in(entering.go_on(request, entering.first(actor, on)), secret)


def _way_in(
    request: Request, poi: str, *, login: str = "", problem: Problem | None = None
) -> Response:
    return rendering.page(
        request,
        "login.html",
        status=status_of(problem) if problem else 200,
        login=login,
        error=sentence(request, problem) if problem else "",
        next_page=entering.local(poi),
        demo=sample if settings().demo else None,
        secure=entering.cookie_will_hold(request),
        elsewhere=settings().oidc_name if provider.offered() else None,
    )


@router.get(SECOND, dependencies=[door.public("the way in; the first half was shown before")])
def show_second(
    request: Request, session: InTransaction, half: Half_ = None, poi: str = ""
) -> Response:
    try:
        held = handshakes.waiting(session, Half.SECOND_FACTOR, half)
    except NotSignedIn:
        return RedirectResponse(SIGN_IN, SEE_OTHER)
    keys = passkeys.of(session, held.staff_id) if held.staff_id else []
    return _second(request, poi, has_passkey=bool(keys))


@router.post(SECOND, dependencies=[door.public("the way in; Origin and the first half guard it")])
def second(request: Request, half: Half_ = None, code: Written = "", poi: Written = "") -> Response:
    try:
        door.require_own_page(request)
        secret, actor = second_step.finish(half, code, browser=entering.browser_of(request))
    except NotSignedIn as problem:
        return _way_in(request, poi, problem=problem)
    except (NotAllowed, TooMany) as problem:
        return _second(request, poi, problem=problem)
    on = entering.local(poi) or entering.home_of(actor)
    return entering.let_in(entering.go_on(request, entering.first(actor, on)), secret)


def _second(
    request: Request, poi: str, *, has_passkey: bool = False, problem: Problem | None = None
) -> Response:
    return rendering.page(
        request,
        "second_factor.html",
        status=status_of(problem) if problem else 200,
        error=sentence(request, problem) if problem else "",
        next_page=entering.local(poi),
        has_passkey=has_passkey,
    )


@router.post("/esci", dependencies=[door.allow_at_screen()])
def sign_out(request: Request, signed: AtScreen) -> Response:
    """Out of here at once; then, for whoever came through it, out of the body's log-in too."""
    with transaction() as session:
        token = sessions.sign_out(session, signed)
    there = provider.leave_there(token) if token else ""
    answer: Response = RedirectResponse(SIGN_IN, SEE_OTHER)
    if there:
        answer = rendering.page(request, "left.html", there=there)
    answer.delete_cookie(door.COOKIE, path="/", secure=True, httponly=True, samesite="strict")
    return answer


@router.get(LOCK, dependencies=[door.allow_at_screen()])
def show_lock(
    request: Request, session: InTransaction, signed: AtScreen, poi: str = ""
) -> Response:
    return _locked(request, session, signed, poi)


@router.post("/blocca", dependencies=[door.allow_at_screen()])
def lock(session: InTransaction, signed: AtScreen) -> Response:
    sessions.lock(session, signed.id)
    return RedirectResponse(LOCK, SEE_OTHER)


@router.post(LOCK, dependencies=[door.allow_at_screen()])
def unlock(
    request: Request,
    session: InTransaction,
    signed: AtScreen,
    password: Written = "",
    poi: Written = "",
) -> Response:
    try:
        if signed.locked or not proofs.fresh(signed):
            proofs.prove(session, signed, password)
    except Problem as problem:
        return _locked(request, session, signed, poi, problem)
    on = entering.local(poi) or entering.home_of(signed.actor)
    return entering.go_on(request, on)


def _locked(
    request: Request,
    session: InTransaction,
    signed: AtScreen,
    poi: str,
    problem: Problem | None = None,
) -> Response:
    request.state.csrf = signed.csrf
    mine = signed.actor.staff_id
    return rendering.page(
        request,
        "lock.html",
        status=status_of(problem) if problem else 200,
        name=signed.actor.name,
        error=sentence(request, problem) if problem else "",
        next_page=entering.local(poi),
        hears=access.can(signed.actor, Right.ANSWER_ALARMS),
        ways=factors.ways(session, mine) if mine else frozenset(),
    )
