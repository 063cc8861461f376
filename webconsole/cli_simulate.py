"""The verb `simulate`: the people of the sample town, who call, fall and go out."""

import secrets
import signal
import threading
from typing import Annotated

import typer
from rich.console import Console

from registry.kit.errors import Invalid, NotAllowed, Unavailable
from registry.kit.settings import settings
from webconsole import house
from webconsole.demo import life, storm, storm_targets, town
from webconsole.demo.storm import Wish

verbs = typer.Typer()
out = Console(highlight=False, soft_wrap=True, markup=False)


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


@verbs.command("storm")
def simulate_storm(
    units: Annotated[int, typer.Option(min=1, max=200_000, help="Units that report.")] = 120_000,
    presses: Annotated[int, typer.Option(min=0, help="How many of them press as well.")] = 500,
    rate: Annotated[float, typer.Option(min=1, max=5_000, help="Events a second.")] = 420.0,
    lines: Annotated[int, typer.Option(min=1, max=2_000, help="Connections at once.")] = 100,
    homes: Annotated[
        int, typer.Option(min=0, max=9_999, help="Of the units stand with somebody known.")
    ] = 400,
    seed: Annotated[int | None, typer.Option(help="Repeat a storm.")] = None,
) -> None:
    """Send a storm: the mains fail everywhere and some press; say how soon that is on the board.

    For a house started with `demo`, running on this machine. The presses stay on its board. Ends
    with an error when something was lost, or a target missed.
    """
    if presses > units:
        raise Invalid("Not more presses than units")
    seed = secrets.randbelow(10**6) if seed is None else seed
    wish = Wish(units=units, presses=presses, rate=rate, lines=lines, seed=seed, homes=homes)
    out.print(f"seed      {seed}")
    with house.open_():
        done = storm.rehearse(settings(), wish, lambda said: out.print(f"          {said}"))
    sent = done.storm
    out.print(
        f"sent      {sent.sent:,} in {sent.seconds:.1f} s, {sent.sent / sent.seconds:,.0f}/s;"
        f" acknowledged {sent.acknowledged:,}, sent again {sent.again:,}"
    )
    out.print(
        f"presses   {len(done.delays):,} of {presses:,} on the console:"
        f" p50 {1000 * done.percentile(0.5):,.0f} ms, p99 {1000 * done.percentile(0.99):,.0f} ms"
    )
    targets = storm_targets.of(done, wish)
    for each in targets:
        out.print(str(each))
    if not all(each.met for each in targets):
        raise Unavailable("The storm missed a target: the lines above say which")
