"""The verbs `up` and `demo`: the whole house in one terminal, with what it does always in sight."""

import http.client
import json
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.status import Status

from registry.kit import engines
from registry.kit.engine_home import leashed
from registry.kit.engines import Engines
from registry.kit.errors import Unavailable
from registry.kit.settings import Settings, settings
from webconsole import doors, house, nursery, versions
from webconsole.supervisor import Child, Supervisor

READY_WITHIN = 90.0  # seconds


def up() -> None:
    """Start everything and keep it running until Ctrl-C."""
    _run(town=False)


def demo() -> None:
    """Start everything with a sample town and simulated callers, homes and teams."""
    _run(town=True)


@dataclass
class Progress:
    """What is going on, as a moving line on a terminal and as plain lines elsewhere."""

    console: Console
    status: Status | None

    def doing(self, words: str) -> None:
        if self.status is not None:
            self.status.update(words)
        else:
            self.console.print(words, highlight=False)

    def done(self, words: str) -> None:
        self.console.print(f"[green]✓[/] {words}", highlight=False)

    def trouble(self, words: str) -> None:
        self.console.print(f"[yellow]![/] {words}", highlight=False, soft_wrap=True)


@contextmanager
def _progress() -> Iterator[Progress]:
    console = Console(stderr=True)
    shown = console.status("Starting") if console.is_terminal else nullcontext()
    with shown as status:
        yield Progress(console, status)


def _run(*, town: bool) -> None:
    chosen = settings()
    started = time.monotonic()
    with _progress() as progress:
        progress.doing("Looking at the ports")
        doors.check(chosen)
        nursery.prepare()
        with engines.running(chosen, share=False, say=progress.doing) as running:
            progress.done(_engines_said(chosen, running))
            supervisor = Supervisor(
                engines=running,
                logs=chosen.logs,
                environment=_environment(running, town=town),
                say=progress.trouble,
            )
            supervisor.listen()
            try:
                _live(supervisor, chosen, progress, town=town, started=started)
            finally:
                progress.doing("Stopping")
                supervisor.stop()
        progress.done("Stopped")


def _live(
    supervisor: Supervisor, chosen: Settings, progress: Progress, *, town: bool, started: float
) -> None:
    known = versions.is_newest(supervisor.engines.app_url)
    if known:
        supervisor.start(_children())
        progress.done("Database at this version")
    # What was said of the town's log-ins is kept: a later start need not load it to say so again.
    told = chosen.home / "town.txt"
    said = told.read_text(encoding="utf-8") if known and town and told.exists() else ""
    if not known or (town and not said):
        said = _prepare(supervisor, progress, town=town)
    if supervisor.stopping:
        return
    if town:
        told.write_text(said, encoding="utf-8")
    supervisor.start([] if known else _children())
    _wait_until_ready(supervisor, chosen, progress)
    if not supervisor.stopping:
        supervisor.was_ready = True
        supervisor.start(_simulators() if town else [])
        progress.done(f"Ready after {time.monotonic() - started:.1f} s")
        _welcome(progress.console, chosen, said)
        progress.doing("Running. Ctrl-C stops everything")
    supervisor.run()


def _engines_said(chosen: Settings, running: Engines) -> str:
    own = [name for name in ("postgres", "valkey") if name in running.servers]
    if not own:
        return "Using the engines whose URLs are set"
    return f"Private {' and '.join(own)} running, data in {chosen.home}"


def _environment(running: Engines, *, town: bool) -> dict[str, str]:
    told = house.environment(running)
    return told | ({"CENTRALE_DEMO": "true"} | doors.all_open(settings()) if town else {})


def _children() -> list[Child]:
    carrier = _child("carrier", stage=2)
    return [
        _child("web", stage=2),
        _child("receive", stage=1),
        _child("sweep", stage=2),
        # It takes longest to stop, and what it leaves undone is a row that comes again.
        _child("work", stage=0),
        *([carrier] if settings().carrier == "simulated" else []),
    ]


def _child(*words: str, stage: int) -> Child:
    return Child(words[0], partial(nursery.fork, words), stage)


def _simulators() -> list[Child]:
    return [_child("simulate", "town", stage=0)]


def _prepare(supervisor: Supervisor, progress: Progress, *, town: bool) -> str:
    """Migrate, or migrate and load the sample town; returns what is said of its log-ins."""
    progress.doing("Loading the sample town" if town else "Bringing the database to this version")
    ended = subprocess.run(  # noqa: S603 - our own verb
        leashed(house.verb("town" if town else "migrate"), ending=signal.SIGTERM),
        env=supervisor.environment | house.environment(supervisor.engines, as_owner=True),
        capture_output=True,
        text=True,
        check=False,
    )
    if supervisor.stopping:
        return ""
    if ended.returncode != 0:
        last = (ended.stderr.strip().splitlines() or ["it ended without a word"])[-1]
        raise Unavailable(last.removeprefix("centrale: "))
    progress.done("Sample town loaded" if town else "Database brought to this version")
    return ended.stdout.strip() if town else ""


def _wait_until_ready(supervisor: Supervisor, chosen: Settings, progress: Progress) -> None:
    limit = time.monotonic() + READY_WITHIN
    before = ""
    while not supervisor.stopping:
        waiting = _not_ready(chosen)
        if not waiting:
            return
        if waiting != before:
            progress.doing(f"Waiting for {waiting}")
            before = waiting
        if time.monotonic() > limit:
            raise Unavailable(
                f"Not ready after {READY_WITHIN:.0f} s, still waiting for {waiting}: "
                f"see the logs in {chosen.logs}"
            )
        supervisor.wait(0.2)


def _not_ready(chosen: Settings) -> str:
    """What /readyz still waits for; empty when it says 200."""
    door = http.client.HTTPConnection(doors.local_host(chosen), chosen.http_port, timeout=5)
    try:
        door.request("GET", "/readyz")
        answer = door.getresponse()
        body = answer.read()
    except OSError:
        return "web"
    finally:
        door.close()
    if answer.status == http.client.OK:
        return ""
    try:
        return ", ".join(json.loads(body)["for"])
    except (ValueError, KeyError, TypeError):
        return f"an answer other than {answer.status}"


def _welcome(console: Console, chosen: Settings, said: str) -> None:
    lines = [f"[bold]{chosen.public_url}[/]"]
    if said:
        lines += ["", escape(said)]
    lines += ["", f"[dim]logs in {chosen.logs} · Ctrl-C stops everything[/]"]
    console.print(Panel("\n".join(lines), title="Centrale", expand=False))
