"""A whole house for the stories: every process of `centrale up`, on ports of its own."""

import contextlib
import os
import re
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy import make_url, text

from registry import tokens
from registry.access import Role
from registry.kit import db, roles
from registry.staff import Staff
from tests.conftest import forget_settings, fresh, hints, somebody
from tests.waiting import eventually
from webconsole import nursery
from webconsole.nursery import Forked

START_WITHIN = 60.0  # seconds, on a busy machine
LAST_LINES = 15
VERBS = ("web", "work", "sweep", "receive", "carrier")


@dataclass
class House:
    """What a story needs to know of the running house."""

    environment: dict[str, str]
    logs: Path
    running: dict[str, Forked] = field(default_factory=dict)
    clients: list[httpx2.Client] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.environment["CENTRALE_PUBLIC_URL"]

    @property
    def dc09(self) -> tuple[str, int]:
        return "127.0.0.1", int(self.environment["CENTRALE_DC09_PORT"])

    def start(self, name: str) -> None:
        environment = {**os.environ, **self.environment}
        self.running[name] = nursery.fork((name,), environment, self.logs / f"{name}.log")

    def kill(self, name: str) -> None:
        killed = self.running.pop(name)
        killed.kill()
        killed.wait()

    def stop(self) -> None:
        for client in self.clients:
            client.close()
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def complaints(self) -> str:
        """The last warnings and errors of each process."""
        grave = re.compile(r"warning|error|critical|Traceback", re.IGNORECASE)
        said = []
        for log in sorted(self.logs.iterdir()):
            lines = [line for line in log.read_text().splitlines() if grave.search(line)]
            said += [f"{log.stem}: {line[:500]}" for line in lines[-LAST_LINES:]]
        return "\n".join(said)

    def wait_until_ready(self) -> None:
        """Until /readyz says 200; else the tails of the logs say why not."""

        def ready() -> bool:
            with contextlib.suppress(httpx2.TransportError):
                return httpx2.get(f"{self.url}/readyz", timeout=5).status_code == 200
            return False

        try:
            eventually(ready, within=START_WITHIN)
        except AssertionError:
            tails = [f"{log.name}: {log.read_text()[-1500:]}" for log in self.logs.iterdir()]
            pytest.fail("the house is not ready\n" + "\n".join(tails))

    def somebody(self, login: str, name: str, *roles: Role, **more: Any) -> httpx2.Client:
        """A new member of the staff, as a client of the API with a token of theirs."""
        with db.transaction() as session:
            person: Staff = somebody(session, login, name, *roles)
            for field_name, value in more.items():
                setattr(person, field_name, value)
            token = tokens.issue(session, person)
        client = httpx2.Client(
            base_url=f"{self.url}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=30
        )
        self.clients.append(client)
        return client


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def move_time(seconds: float) -> None:
    """Let what is due in so many seconds be due now: deadlines are rows, so time can be moved."""
    with db.engine().begin() as connection:
        connection.execute(
            text("UPDATE deadlines SET due_at = due_at - make_interval(secs => :s)"),
            {"s": seconds},
        )


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Every process of the house, over a database of its own, for the stories of one file."""
    kept = dict(os.environ)
    folder = tmp_path_factory.mktemp("house")
    port = free_port()
    environment = {
        "CENTRALE_HOME": str(folder),
        "CENTRALE_DATABASE_URL": fresh(f"house_{uuid4().hex[:12]}"),
        "CENTRALE_REDIS_URL": hints(),
        "CENTRALE_HTTP_PORT": str(port),
        "CENTRALE_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "CENTRALE_DC09_PORT": str(free_port()),
        "CENTRALE_SIP_PORT": str(free_port()),
        "CENTRALE_SIMULATED_CARRIER_PORT": str(free_port()),
        "CENTRALE_WORKER_PROCESSES": "1",
    }
    os.environ.update(environment)
    db.engine().dispose()
    forget_settings()
    # Migrated by the owner, the house works as the role that owns nothing.
    works_as = make_url(environment["CENTRALE_DATABASE_URL"]).set(username=roles.ROLE)
    environment["CENTRALE_DATABASE_URL"] = works_as.render_as_string(hide_password=False)
    built = House(environment, tmp_path_factory.mktemp("logs"))
    try:
        for process in VERBS:
            built.start(process)
        built.wait_until_ready()
        yield built
    finally:
        built.stop()
        db.engine().dispose()
        os.environ.clear()
        os.environ.update(kept)
        forget_settings()
