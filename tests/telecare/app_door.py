"""The doors for apps alone, HTTP and WebSocket, behind a real socket: here, or as a process."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from registry.kit import http
from telecare.receivers import web, web_socket
from tests.callcenter.office import listening


@asynccontextmanager
async def _life(_: FastAPI) -> AsyncIterator[None]:
    yield
    await run_in_threadpool(web.writer.close)


def application() -> FastAPI:
    made = FastAPI(lifespan=_life)
    http.install(made)
    for each in (web.router, web_socket.router):
        made.include_router(each, prefix="/api/v1")
    return made


@contextmanager
def running() -> Iterator[str]:
    """Yields the address."""
    with listening(application()) as address:
        yield address


def serve(port: int) -> None:
    """Be those doors in a process of their own."""
    uvicorn.run(application(), host="127.0.0.1", port=port, log_level="warning")
