"""A limit on requests in general, for each session, program and address: a flood waits its turn.

Signals of devices and the carrier's webhooks are never made to wait, and neither are the questions
of whoever watches over the house.
"""

import time
from http.cookies import CookieError, SimpleCookie

import structlog
from prometheus_client import Counter
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from registry import door
from registry.kit.digests import digest
from registry.kit.errors import TooMany
from registry.kit.pace import Pace
from registry.kit.settings import settings
from webconsole import intake, reports

NEVER = ("/static/", "/healthz", "/readyz", "/metrics", *intake.AS_THEY_CAME)
FEED = "/live"
TRY_LATER = 1013  # of RFC 6455's registry; a console comes again by itself, ever more slowly
# Many sit behind one address, each with a session of their own.
ADDRESS = 10

QUIET = 10.0  # seconds: a flood is not to flood the log as well
refused = Counter("centrale_requests_refused", "Requests over the limit", registry=reports.figures)
pace = Pace()
log = structlog.get_logger()


class Paced:
    """Stands before everything that works; what it refuses is answered like any other problem."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.said = -QUIET

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        rate = settings().requests_per_second
        if rate and _counts(scope):
            wait = await run_in_threadpool(pace.wait, keys(scope, rate))
            if wait > 0:
                self._note(scope)
                await _refusal(scope, wait)(scope, receive, send)
                return
        await self.app(scope, receive, send)

    def _note(self, scope: Scope) -> None:
        refused.inc()
        if time.monotonic() - self.said >= QUIET:
            self.said = time.monotonic()
            log.warning("request.too_many", path=scope["path"].split("/")[1])


def _counts(scope: Scope) -> bool:
    """Each request, and each time that a console opens its feed."""
    if scope["type"] == "websocket":
        return bool(scope["path"] == FEED)
    return scope["type"] == "http" and not scope["path"].startswith(NEVER)


def _refusal(scope: Scope, wait: float) -> ASGIApp:
    if scope["type"] == "websocket":
        return WebSocketClose(TRY_LATER)
    return intake.answer(scope, _too_many(wait))


def keys(scope: Scope, rate: float) -> dict[str, float]:
    """Who asks, as digests, and how often each may: whoever they say they are, and their address.

    A made-up session or token buys nothing: the address counts as well.
    """
    found = {f"address:{digest(_address(scope))}": rate * ADDRESS}
    secret = _secret(Headers(scope=scope))
    if secret:
        found[f"session:{digest(secret)}"] = rate
    return found


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else "unknown"


def _secret(headers: Headers) -> str:
    bearer = headers.get("authorization")
    if bearer:
        return bearer
    try:
        sent = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return ""
    return sent[door.COOKIE].value if door.COOKIE in sent else ""


def _too_many(wait: float) -> TooMany:
    seconds = max(1, round(wait))
    return TooMany(
        "Too many requests in a short time. Wait %(seconds)s s, then go on",
        retry_after=wait,
        seconds=seconds,
    )
