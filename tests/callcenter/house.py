"""A running house for tests: the application on a socket, the built-in carrier, kept deadlines."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from unittest import mock
from uuid import UUID

import httpx2
from fastapi import FastAPI
from sqlalchemy.orm import Session

from callcenter import api, calls, lines, operators, webhooks
from callcenter.call_states import CallState
from callcenter.calls import Call
from callcenter.carriers import account as accounts
from callcenter.carriers import simulated, simulated_town, twilio
from callcenter.carriers.account import Account
from callcenter.carriers.simulated_wire import Faults
from registry import deadlines, staff, sweeper, tokens
from registry.access import Role
from registry.kit import db, http
from registry.kit.settings import settings
from registry.sweeper import Inside, Outside
from tests.callcenter.office import listening
from webconsole import wiring

T = TypeVar("T")

LINE = "+390815550000"
MARIA = "+390815550101"
PATIENCE = 30.0  # seconds until a test gives up waiting


@dataclass
class House:
    """Everything of one house, and the people who use it."""

    url: str
    double: simulated.Double
    town: simulated_town.Town
    account: Account
    tokens: dict[UUID, str] = field(default_factory=dict)

    def operator(self, login: str, *roles: Role) -> UUID:
        """Somebody signed in at a desk, whose console answers for the whole test."""
        with db.transaction() as session:
            person = staff.add(
                session, login=login, name=login.title(), roles=set(roles or (Role.OPERATOR,))
            )
            self.tokens[person.id] = tokens.issue(session, person)
            operators.of(session, person.id).present = True
        return person.id

    def ask(self, who: UUID, method: str, path: str, body: Any = None) -> httpx2.Response:
        """A request with that person's rights."""
        return httpx2.request(
            method,
            f"{self.url}/api/v1{path}",
            json=body,
            headers={"Authorization": f"Bearer {self.tokens[who]}"},
            trust_env=False,
        )

    def do(self, who: UUID, call_id: UUID, verb: str, body: Any = None) -> dict[str, Any]:
        answer = self.ask(who, "POST", f"/calls/{call_id}/{verb}", body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else {}

    def ring(self, number: str = MARIA) -> str:
        return self.town.ring(from_=number, to=LINE)

    def call(self, sid: str) -> Call | None:
        with db.transaction() as session:
            return calls.by_sid(session, sid)

    def until(self, sid: str, *states: CallState) -> Call:
        """Wait until the call of this line is in one of the states."""

        def there() -> Call | None:
            found = self.call(sid)
            return found if found is not None and found.state in states else None

        return until(there, lambda: self.call(sid))

    def by_id(self, call_id: UUID) -> Call:
        with db.transaction() as session:
            return db.get(session, Call, call_id)


def until(look: Callable[[], T | None], otherwise: Callable[[], object]) -> T:
    """Look again and again; what `otherwise` sees is told when it never came."""
    end = time.monotonic() + PATIENCE
    pause = threading.Event()
    while time.monotonic() < end:
        found = look()
        if found is not None:
            return found
        pause.wait(0.03)
    seen = otherwise()
    raise AssertionError(getattr(seen, "__dict__", seen))


@contextmanager
def sweeping(inside: dict[str, Inside], outside: dict[str, Outside]) -> Iterator[None]:
    """Sweeper and worker in one thread: no Redis, no Celery, the same functions."""
    stop = threading.Event()

    def run() -> None:
        while not stop.wait(0.05):
            sweeper.sweep(inside, ())
            with db.transaction() as session:
                claims = deadlines.claim(session, outside)
            for mine in claims:
                outside[mine.kind](mine.subject_id)
                with db.transaction() as session:
                    deadlines.retire(session, mine)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(10)


@contextmanager
def running(
    *, pace: float = 20, faults: Faults | None = None, app: FastAPI | None = None
) -> Iterator[House]:
    """Everything at once, on free ports, with signed webhooks over real sockets."""
    application = app or FastAPI()
    if app is None:
        http.install(application)
        application.include_router(api.router, prefix="/api/v1")
        application.include_router(webhooks.router)
    with ExitStack() as stack:
        url = stack.enter_context(listening(application))
        stack.enter_context(_settings(CENTRALE_PUBLIC_URL=url, CENTRALE_DEMO="true"))
        double = stack.enter_context(
            simulated.running(accounts.account(), pace=pace, faults=faults)
        )
        stack.enter_context(
            _settings(
                CENTRALE_PUBLIC_URL=url, CENTRALE_DEMO="true", CENTRALE_TWILIO_API_BASE=double.url
            )
        )
        with db.transaction() as session:
            _line(session)
        stack.enter_context(sweeping(wiring.INSIDE, wiring.OUTSIDE))
        yield House(url, double, simulated_town.town(), accounts.account())


def _line(session: Session) -> None:
    lines.add(
        session,
        number=LINE,
        name="Linea sociale",
        greeting="Buongiorno, Centrale.",
        queue="sociale",
    )


@contextmanager
def _settings(**environment: str) -> Iterator[None]:
    """Other settings for a while, and a carrier that reads them."""
    with mock.patch.dict(os.environ, environment):
        _forget()
        yield
        made = twilio.carrier()
        if isinstance(made, twilio.Twilio):
            made.close()
    _forget()


def _forget() -> None:
    for cached in (settings, accounts.account, twilio.carrier):
        cached.cache_clear()
