"""The assembled application: every router, the live feed, inside what protects the pages."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

import callcenter.api
import dispatch.api
import registry.api
import telecare.api
from callcenter import operators, webhooks
from registry.kit import http
from telecare import device_tokens_api
from telecare.receivers import web, web_socket
from webconsole import board, health, live, login, pages, rendering, reports, wiring
from webconsole.intake import Intake
from webconsole.paced import Paced
from webconsole.protection import Guarded
from webconsole.sending import SentOnce

STATIC = Path(__file__).parent / "static"


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
    made = Guarded(
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
    for router in (health.router, reports.router, live.router, login.router, *pages.ROUTERS):
        made.include_router(router)
    made.mount("/static", StaticFiles(directory=STATIC), name="static")
    made.add_middleware(Intake)
    made.add_middleware(SentOnce)
    made.add_middleware(Paced)
    return made


app = make()
