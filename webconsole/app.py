"""The assembled application: every router, the live feed, the headers that protect the pages."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import callcenter.api
import dispatch.api
import registry.api
import telecare.api
from callcenter import operators, webhooks
from registry.kit import http
from telecare import device_tokens_api
from telecare.receivers import web, web_socket
from webconsole import board, health, live, login, pages, rendering, wiring

STATIC = Path(__file__).parent / "static"

# No inline script or style, no plug-in, no third host; the carrier's own for the softphone.
CSP = (
    "default-src 'self'; img-src 'self' data:; media-src 'self' blob:; "
    "connect-src 'self' https://*.twilio.com wss://*.twilio.com; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(self), microphone=(self), camera=()",
}


class Protected:
    """Adds the protecting headers, and forbids keeping what carries people's data."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                # Modules of two versions never mix: the browser asks whether a file has changed.
                kept = "no-cache" if scope["path"].startswith("/static/") else "no-store"
                headers.setdefault("Cache-Control", kept)
            await send(message)

        await self.app(scope, receive, protected)


@contextlib.asynccontextmanager
async def _lifespan(_: FastAPI) -> AsyncIterator[None]:
    wiring.wire()
    following = [
        asyncio.create_task(live.hub.follow()),
        asyncio.create_task(live.hub.keep_present(operators.seen)),
    ]
    yield
    await _end(following)
    await asyncio.to_thread(web.writer.close)


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    """Cancel until all have ended: a library may swallow the first order while it connects."""
    waiting = set(tasks)
    while waiting:
        for task in waiting:
            task.cancel()
        _, waiting = await asyncio.wait(waiting, timeout=0.5)
    await asyncio.gather(*tasks, return_exceptions=True)


def make() -> FastAPI:
    """A fresh application; it reads the settings when it first needs them."""
    made = FastAPI(
        title="Centrale",
        version="0.1.0",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        lifespan=_lifespan,
    )
    http.install(made)
    rendering.answer_problems(made)
    for package in (registry, callcenter, telecare, dispatch):
        made.include_router(package.api.router, prefix="/api/v1")
    signal_doors = (device_tokens_api.router, web.router, web_socket.router)
    for router in (*signal_doors, board.router):
        made.include_router(router, prefix="/api/v1")
    made.include_router(webhooks.router)
    for router in (health.router, live.router, login.router, *pages.ROUTERS):
        made.include_router(router)
    made.mount("/static", StaticFiles(directory=STATIC), name="static")
    made.add_middleware(Protected)
    return made


app = make()
