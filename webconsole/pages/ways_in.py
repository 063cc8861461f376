"""One's own ways in: the app that shows codes, passkeys, codes on paper; and the fresh proof."""

from typing import Annotated
from uuid import UUID

import segno
from fastapi import APIRouter, Form, Request
from markupsafe import Markup
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from registry import (
    authenticators,
    factors,
    identities,
    own_ways,
    passkeys,
    proofs,
    recovery_codes,
)
from registry.access import Actor
from registry.authenticators import Authenticator
from registry.door import OWN_WAYS, AtScreen, Me, allow, fresh
from registry.kit.db import get
from registry.kit.errors import NotAllowed, Problem
from registry.kit.http import InTransaction, sentence, status_of
from registry.sessions import LONGEST
from registry.staff import Staff
from webconsole import entering, rendering

router = APIRouter(include_in_schema=False)
SEE_OTHER = 303
MINE = [allow()]
# What lets somebody in is changed only by whoever has just shown that it is them.
CAREFULLY = [allow(), fresh()]
Code = Annotated[str, Form(max_length=40)]
Word = Annotated[str, Form(max_length=LONGEST + 1)]


@router.get(OWN_WAYS, dependencies=MINE)
def show(request: Request, session: InTransaction, me: Me, signed: AtScreen) -> Response:
    return _page(request, session, me, owing=signed.owes_factor)


@router.post(f"{OWN_WAYS}/app", dependencies=CAREFULLY)
def begin_app(session: InTransaction, me: Me) -> Response:
    authenticators.begin(session, get(session, Staff, _id(me)))
    return RedirectResponse(f"{OWN_WAYS}/app", SEE_OTHER)


@router.get(f"{OWN_WAYS}/app", dependencies=CAREFULLY)
def show_app(request: Request, session: InTransaction, me: Me, signed: AtScreen) -> Response:
    pending = authenticators.pending(session, _id(me))
    if pending is None:
        return RedirectResponse(OWN_WAYS, SEE_OTHER)
    return _picture(request, session, me, pending, owing=signed.owes_factor)


@router.post(f"{OWN_WAYS}/app/conferma", dependencies=CAREFULLY)
def confirm_app(
    request: Request, session: InTransaction, me: Me, signed: AtScreen, code: Code = ""
) -> Response:
    mine = _id(me)
    try:
        authenticators.confirm(session, mine, code)
    except NotAllowed as problem:
        pending = authenticators.pending(session, mine)
        assert pending is not None  # noqa: S101 - its digits were just compared
        owing = signed.owes_factor
        return _picture(request, session, me, pending, owing=owing, problem=problem)
    proofs.proved(session, signed.id, strong=True)
    if recovery_codes.left(session, mine):
        return RedirectResponse(OWN_WAYS, SEE_OTHER)
    return _codes(request, session, me)


@router.post(f"{OWN_WAYS}/app/fine", dependencies=CAREFULLY)
def remove_app(request: Request, session: InTransaction, me: Me) -> Response:
    try:
        with session.begin_nested():
            authenticators.remove(session, _id(me))
            factors.keep_one(session, me)
    except Problem as problem:
        return _page(request, session, me, problem=problem)
    return RedirectResponse(OWN_WAYS, SEE_OTHER)


@router.post(f"{OWN_WAYS}/codici", dependencies=CAREFULLY)
def make_codes(request: Request, session: InTransaction, me: Me) -> Response:
    """Ten new ones; the answer is the only place that ever shows them."""
    return _codes(request, session, me)


@router.post(f"{OWN_WAYS}/password", dependencies=MINE)
def change_password(
    request: Request,
    session: InTransaction,
    me: Me,
    signed: AtScreen,
    old: Word = "",
    password: Word = "",
) -> Response:
    """With the present one; the pace of guesses holds here too."""
    try:
        network = entering.network_of(request)
        own_ways.change_password(_id(me), old, password, network=network, but=signed.id)
    except Problem as problem:
        return _page(request, session, me, owing=signed.owes_factor, problem=problem)
    return RedirectResponse("/sessioni", SEE_OTHER)


@router.post("/conferma", dependencies=CAREFULLY)
def confirmed(
    request: Request, me: Me, poi: Annotated[str, Form(max_length=2_000)] = ""
) -> Response:
    """The proof was right: a page that fetches what was asked for, and a way back."""
    return rendering.page(request, "confirmed.html", me=me, then=entering.local(poi) or "/")


@router.get("/conferma", dependencies=CAREFULLY)
def confirm(request: Request, me: Me, poi: str = "") -> Response:
    """The proof first, then on; without a place to go, this was a page beside another one."""
    there = entering.local(poi)
    if there:
        return RedirectResponse(there, SEE_OTHER)
    return rendering.page(request, "confirmed.html", me=me, then="")


def _page(
    request: Request,
    session: Session,
    me: Actor,
    *,
    owing: bool = False,
    problem: Problem | None = None,
) -> Response:
    mine = _id(me)
    return rendering.page(
        request,
        "ways_in/all.html",
        me=me,
        status=status_of(problem) if problem else 200,
        error=sentence(request, problem) if problem else "",
        wrong=problem.field if problem else None,
        owing=owing,
        app=authenticators.of(session, mine),
        keys=passkeys.of(session, mine),
        left=recovery_codes.left(session, mine),
        elsewhere=identities.linked(session, mine),
        has_password=get(session, Staff, mine).password is not None,
        site=entering.site_of(request),
    )


def _picture(
    request: Request,
    session: Session,
    me: Actor,
    pending: Authenticator,
    *,
    owing: bool,
    problem: Problem | None = None,
) -> Response:
    address = authenticators.address(pending, get(session, Staff, pending.staff_id))
    drawn = segno.make(address, micro=False).svg_inline(scale=5, border=4, light="#fff")
    secret = pending.secret
    return rendering.page(
        request,
        "ways_in/app.html",
        me=me,
        status=status_of(problem) if problem else 200,
        error=sentence(request, problem) if problem else "",
        owing=owing,
        picture=Markup(drawn),  # noqa: S704 - drawn by the library from our own letters
        letters=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
    )


def _codes(request: Request, session: Session, me: Actor) -> Response:
    codes = recovery_codes.make(session, _id(me))
    return rendering.page(request, "ways_in/codes.html", me=me, codes=codes)


def _id(me: Actor) -> UUID:
    if me.staff_id is None:
        raise NotAllowed("Your role does not allow this. Ask the coordinator")
    return me.staff_id
