"""The door: who is asking, by cookie or by token, and whether they may."""

import hmac
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.params import Depends as Dependency
from starlette.requests import HTTPConnection

from registry import access, sessions, tokens
from registry.access import Actor, Right
from registry.kit.errors import Locked, NotAllowed
from registry.kit.http import InTransaction
from registry.kit.settings import settings
from registry.sessions import Signed

COOKIE = "__Host-centrale"
CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf"
READING = frozenset({"GET", "HEAD", "OPTIONS"})
# Sent by scripts that look by themselves, so that polling does not keep a screen unlocked.
BACKGROUND_HEADER = "X-Background"


async def _sent_csrf(request: Request) -> str:
    """The token a page sends back: in a header from scripts, in a field from forms."""
    sent = request.headers.get(CSRF_HEADER)
    if sent is None and request.headers.get("content-type", "").startswith(
        ("application/x-www-form-urlencoded", "multipart/form-data")
    ):
        sent = str((await request.form()).get(CSRF_FIELD, ""))
    return sent or ""


def _signed(
    request: Request, session: InTransaction, csrf: Annotated[str, Depends(_sent_csrf)]
) -> Signed:
    """The session of this browser, locked or not; unsafe requests must prove they are ours."""
    background = BACKGROUND_HEADER in request.headers
    signed = sessions.check(session, request.cookies.get(COOKIE), active=not background)
    if request.method not in READING and not hmac.compare_digest(
        signed.csrf.encode(), csrf.encode()
    ):
        raise NotAllowed("The page was out of date. Reload it and try again")
    session.info["actor"] = signed.actor
    return signed


# Locked or not: only for the pages that lock, unlock and sign out.
AtScreen = Annotated[Signed, Depends(_signed)]


def _me(
    request: Request, session: InTransaction, csrf: Annotated[str, Depends(_sent_csrf)]
) -> Actor:
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        actor = tokens.check(session, secret.strip())
        session.info["actor"] = actor
        return actor
    signed = _signed(request, session, csrf)
    if signed.locked:
        raise Locked("The screen is locked: write your password to go on")
    request.state.csrf = signed.csrf
    return signed.actor


Me = Annotated[Actor, Depends(_me)]


def allow(*rights: Right) -> Dependency:
    """A dependency: the asker has at least one of these rights. With none: is signed in."""

    def check(me: Me) -> None:
        if rights:
            access.require_any(me, rights)

    return Dependency(check)


def allow_at_screen() -> Dependency:
    """A dependency: a session of any kind, locked ones too."""

    def check(signed: AtScreen) -> None:
        """`AtScreen` has already refused whoever is not signed in."""

    return Dependency(check)


def public(reason: str) -> Dependency:
    """Marks a route that anybody may ask, and why; a test looks for one mark on every route."""

    def check() -> str:
        return reason

    return Dependency(check)


def same_origin(connection: HTTPConnection) -> bool:
    """Whether a WebSocket comes from one of our own pages."""
    origin = connection.headers.get("origin")
    if not origin:
        return False
    ours = {urlsplit(settings().public_url).netloc, connection.headers.get("host", "")}
    return urlsplit(origin).netloc in ours


def require_own_page(request: HTTPConnection) -> None:
    """Raise NotAllowed when a browser says that a form was sent from elsewhere."""
    if request.headers.get("origin") and not same_origin(request):
        raise NotAllowed("Sign in from this page, not from another site")
