"""The verb `simulate`: the people of the sample town, who call, fall and go out."""

import signal
import threading

import typer

from registry.kit.errors import NotAllowed
from registry.kit.settings import settings
from webconsole import house
from webconsole.demo import life, town

verbs = typer.Typer()


@verbs.callback()
def _group() -> None:
    """Simulated callers, homes and teams."""


@verbs.command("town")
def simulate_town() -> None:
    """Let the sample town live until told to stop. For a house started with `demo` only."""
    if not settings().demo:
        raise NotAllowed(
            "Simulated alarms among real ones are dangerous: use `centrale demo`, "
            "or set CENTRALE_DEMO=true where nobody real is served"
        )
    stop = threading.Event()
    for order in (signal.SIGTERM, signal.SIGINT):
        signal.signal(order, lambda *_: stop.set())
    with house.open_():
        town.load()  # on a later start it plans the days ahead
        life.run(stop)
