"""What every way in has in common: the cookies, where somebody goes next, who is asking."""

from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from registry import door, own_ways
from registry.access import Actor, Right
from registry.handshakes import LASTS
from registry.kit.db import transaction
from registry.kit.settings import settings
from registry.passkeys import Site
from webconsole import browsers, rendering

BOARD, TEAM_PAGE, SIGN_IN, SECOND = "/", "/squadra", "/entra", "/entra/secondo"
SEE_OTHER = 303
# To the body's own log-in, another site.
LEADS_OUT = {"/entra/ente", "/conferma/ente"}
# The half of a log-in that this browser has; of another name than the session's, so that nobody
# ever takes one for the other.
HALF = "__Host-centrale-passo"


def local(path: str) -> str:
    """Where to go next: only a path of ours, never another host."""
    parts = urlsplit(path)
    ours = not parts.scheme and not parts.netloc and path.startswith("/") and path[1:2] not in "/\\"
    return path if ours and len(path) > 1 else ""


def go_on(request: Request, path: str) -> Response:
    """On to a page of ours, after a form.

    What leads out of the house from there goes through a page: browsers count redirects as part of
    the form, and ours may send to nobody else (`form-action`).
    """
    if urlsplit(path).path in LEADS_OUT:
        return rendering.page(request, "onwards.html", then=path)
    return RedirectResponse(path, SEE_OTHER)


def home_of(actor: Actor) -> str:
    return TEAM_PAGE if actor.rights == {Right.RUN_TEAM} else BOARD


def first(actor: Actor, on: str) -> str:
    """Where somebody goes who has just come in: to what was tried at their account, if it was."""
    with transaction() as session:
        told = actor.staff_id is not None and own_ways.to_be_told(session, actor.staff_id)
    return f"/sessioni?{urlencode({'poi': on})}" if told else on


def let_in(answer: Response, secret: str) -> Response:
    """The answer with the cookie of the new session; the half that led to it is gone."""
    answer.set_cookie(
        door.COOKIE,
        secret,
        max_age=settings().session_hours * 3600,
        path="/",
        secure=True,
        httponly=True,
        samesite="strict",
    )
    answer.delete_cookie(HALF, path="/", secure=True, httponly=True, samesite="lax")
    return answer


def half_way(answer: Response, secret: str, name: str = HALF) -> Response:
    """The answer with the half of a log-in. Lax: the body's log-in sends the browser back to us."""
    answer.set_cookie(
        name,
        secret,
        max_age=int(LASTS.total_seconds()),
        path="/",
        secure=True,
        httponly=True,
        samesite="lax",
    )
    return answer


def network_of(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def browser_of(request: Request) -> str:
    return browsers.named(request.headers.get("user-agent", ""))


def site_of(request: Request) -> Site:
    """Where passkeys are good: the public address, or this machine under its name."""
    here = request.url
    if here.hostname == "localhost":
        return Site("localhost", f"{here.scheme}://{here.netloc}")
    public = urlsplit(settings().public_url)
    return Site(public.hostname or "", f"{public.scheme}://{public.netloc}")


def cookie_will_hold(request: Request) -> bool:
    """Browsers keep a Secure cookie only over HTTPS, or from the same machine."""
    host = request.url.hostname or ""
    return request.url.scheme == "https" or host == "localhost" or host.startswith("127.")
