"""The built-in carrier: a telephone network in one process, for the sample town and for tests.

It answers Twilio's REST API, executes our documents and posts the same signed webhooks. Run it
with `serve`, or inside a test with `Double`.
"""

import base64
import binascii
import hmac
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from callcenter.carriers import paths
from callcenter.carriers.account import Account
from callcenter.carriers.base import LegState
from callcenter.carriers.simulated_cloud import Cloud
from callcenter.carriers.simulated_legs import HungUp, Leg, Manners
from callcenter.carriers.simulated_rest import Refusal, Rest, gone
from callcenter.carriers.simulated_wire import Faults

CONTROL = "/simulator"
START_WITHIN = 10.0  # seconds


class Control:
    """What people and softphones do at their end of the line: not part of Twilio's API."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    def routes(self) -> list[Route]:
        return [
            Route(f"{CONTROL}/calls", self.ring, methods=["POST"]),
            Route(f"{CONTROL}/calls", self.calls, methods=["GET"]),
            Route(f"{CONTROL}/calls/{{sid}}/keys", self.press, methods=["POST"]),
            Route(f"{CONTROL}/calls/{{sid}}/hang-up", self.hang_up, methods=["POST"]),
            Route(f"{CONTROL}/clients/{{identity}}/calls", self.join, methods=["POST"]),
            Route(f"{CONTROL}/numbers/{{number}}", self.behave, methods=["POST"]),
        ]

    async def ring(self, request: Request) -> Response:
        form = await request.form()
        leg = self.cloud.ring_in(str(form["From"]), str(form["To"]))
        return JSONResponse({"sid": leg.sid}, 201)

    async def calls(self, request: Request) -> Response:
        del request
        return JSONResponse({"items": [_shown(leg) for leg in self.cloud.legs.values()]})

    async def press(self, request: Request) -> Response:
        form = await request.form()
        self._leg(request).press(str(form["Digits"]))
        return Response(status_code=204)

    async def hang_up(self, request: Request) -> Response:
        self._leg(request).interrupt(HungUp())
        return Response(status_code=204)

    async def join(self, request: Request) -> Response:
        form = await request.form()
        params = {key: str(value) for key, value in form.items()}
        leg = self.cloud.ring_from_browser(request.path_params["identity"], params)
        return JSONResponse({"sid": leg.sid}, 201)

    async def behave(self, request: Request) -> Response:
        """How the person behind a number behaves when it is dialled."""
        form = {key: str(value) for key, value in (await request.form()).items()}
        given: dict[str, Any] = {
            name: float(form[name]) for name in ("answers_after", "talks_for") if form.get(name)
        }
        if form.get("outcome"):
            given["outcome"] = LegState(form["outcome"])
        self.cloud.manners[request.path_params["number"]] = replace(Manners(), **given)
        return Response(status_code=204)

    def _leg(self, request: Request) -> Leg:
        sid = request.path_params["sid"]
        if sid not in self.cloud.legs:
            raise gone(f"/Calls/{sid}")
        return self.cloud.legs[sid]


class OnlyOurs:
    """Basic authentication on everything, as the real API has."""

    def __init__(self, app: ASGIApp, accept: Callable[[str], bool]) -> None:
        self.app = app
        self.accept = accept

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            given = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
            if not self.accept(given):
                answer: Response = Refusal(401, 20003, "Authenticate").answer
                await answer(scope, receive, send)
                return
        await self.app(scope, receive, send)


def application(
    account: Account, *, pace: float = 1.0, faults: Faults | None = None, seed: int = 1
) -> Starlette:
    """The double as an ASGI application; its world is born when it starts."""

    @asynccontextmanager
    async def life(app: Starlette) -> AsyncIterator[None]:
        cloud = Cloud(
            account,
            voice_path=paths.INCOMING,
            app_path=paths.OPERATOR,
            status_path=paths.STATUS,
            pace=pace,
            faults=faults,
            seed=seed,
        )
        app.state.cloud = cloud
        app.router.routes.extend(Rest(cloud).routes() + Control(cloud).routes())
        yield
        await cloud.wire.close()

    return Starlette(
        lifespan=life,
        middleware=[Middleware(OnlyOurs, accept=_keeper(account))],
        exception_handlers={Refusal: _refuse, HTTPException: _not_ours},
    )


def serve(account: Account, *, host: str, port: int, seed: int = 1) -> None:
    """Run the double until it is told to stop."""
    uvicorn.run(
        application(account, seed=seed), host=host, port=port, log_level="warning", access_log=False
    )


@dataclass(frozen=True, kw_only=True)
class Double:
    """A double that is running: its address, and its world to look into."""

    url: str
    cloud: Cloud


@contextmanager
def running(
    account: Account,
    *,
    port: int = 0,
    pace: float = 1.0,
    faults: Faults | None = None,
    seed: int = 1,
) -> Iterator[Double]:
    """The double in a thread of this process, on a free port unless one is given."""
    app = application(account, pace=pace, faults=faults, seed=seed)
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)
    )
    thread = threading.Thread(target=server.run, name="simulated-carrier", daemon=True)
    thread.start()
    wait = threading.Event()
    for _ in range(round(START_WITHIN / 0.02)):
        if server.started or not thread.is_alive():
            break
        wait.wait(0.02)
    if not server.started:
        raise RuntimeError(f"The built-in carrier does not start on port {port}")
    listening = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield Double(url=f"http://127.0.0.1:{listening}", cloud=app.state.cloud)
    finally:
        server.should_exit = True
        thread.join(START_WITHIN)


def _shown(leg: Leg) -> dict[str, Any]:
    return {
        "sid": leg.sid,
        "from": leg.from_,
        "to": leg.to,
        "direction": leg.direction,
        "state": leg.state.value,
        "heard": leg.heard,
        "tones": leg.tones,
    }


def _keeper(account: Account) -> Callable[[str], bool]:
    """Whether an Authorization header names the account, or its key, with the secret."""
    wanted = [f"{name}:{secret}".encode() for name, secret in _logins(account)]

    def accept(given: str) -> bool:
        try:
            offered = base64.b64decode(given.removeprefix("Basic "), validate=True)
        except binascii.Error:
            return False
        return any(hmac.compare_digest(offered, each) for each in wanted)

    return accept


def _logins(account: Account) -> list[tuple[str, str]]:
    return [account.login, *((account.sid, token) for token in account.tokens)]


async def _refuse(request: Request, error: Exception) -> Response:
    del request
    assert isinstance(error, Refusal)  # noqa: S101 - what it was registered for
    return error.answer


async def _not_ours(request: Request, error: Exception) -> Response:
    del error
    return gone(request.url.path).answer
