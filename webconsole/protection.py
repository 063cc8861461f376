"""What protects every answer: a policy with a nonce of its own, headers, and no copy kept."""

import secrets

from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from typing_extensions import override

from registry.kit.settings import settings
from webconsole.reports import REPORTS

# For whatever is no page: nothing in it may run, load, or stand in a frame.
CLOSED = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "geolocation=(self), microphone=(self), publickey-credentials-get=(self), "
        "camera=(), display-capture=(), payment=(), serial=(), usb=()"
    ),
}
# Said only where there is TLS; a browser then never comes without it, for two years.
ALWAYS_TLS = ("Strict-Transport-Security", "max-age=63072000; includeSubDomains")


def let_see(answer: Response) -> Response:
    """Let this page use the camera: a technician reads the label of a unit with it."""
    allowed = HEADERS["Permissions-Policy"].replace("camera=()", "camera=(self)")
    answer.headers["Permissions-Policy"] = allowed
    return answer


def policy(nonce: str, carrier: str) -> str:
    """What a page may do: our own scripts with this answer's nonce, our own files, nothing else.

    No script and no style stands in the text of a page, and no text becomes a page or a script
    (Trusted Types; static/console/trusted.mjs). Twilio's hosts are there only with its carrier.
    `report-uri` because every browser knows it; `report-to` waits for minutes.
    """
    voice = " https://*.twilio.com wss://*.twilio.com" if carrier == "twilio" else ""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'nonce-{nonce}'",
            "style-src 'self'",
            "img-src 'self' data:",
            "font-src 'self'",
            f"connect-src 'self'{voice}",
            "media-src 'self' blob:",
            "manifest-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types default",
            f"report-uri {REPORTS}",
        )
    )


class Protected:
    """Gives each request a nonce, and each answer the headers that go with what it is."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        nonce = secrets.token_urlsafe(18)
        scope["state"] = {**scope.get("state", {}), "nonce": nonce}

        async def protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                is_page = headers.get("content-type", "").startswith("text/html")
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if settings().public_url.startswith("https://"):
                    headers.setdefault(*ALWAYS_TLS)
                headers.setdefault(
                    "Content-Security-Policy",
                    policy(nonce, settings().carrier) if is_page else CLOSED,
                )
                # Modules of two versions never mix: the browser asks whether a file has changed.
                kept = "no-cache" if scope["path"].startswith("/static/") else "no-store"
                headers.setdefault("Cache-Control", kept)
            await send(message)

        await self.app(scope, receive, protected)


class Guarded(FastAPI):
    """The application inside its protection: what answers a fault is inside, too."""

    @override
    def build_middleware_stack(self) -> ASGIApp:
        return Protected(super().build_middleware_stack())
