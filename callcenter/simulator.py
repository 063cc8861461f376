"""Simulated callers of the sample town: they ring, wait, speak a little and hang up."""

import random
import threading
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from callcenter.carriers import simulated_town
from callcenter.carriers.base import LegState
from callcenter.carriers.simulated_town import Town
from registry.kit.errors import Unavailable

log = structlog.get_logger()

MEAN_PAUSE = 45.0  # seconds between two callers, on average
PATIENCE = (40.0, 240.0)  # seconds until the most and the least hasty hang up
SPEAKS = (20.0, 90.0)
GIVES_UP = 0.2  # of the callers
HASTE = (8.0, 30.0)
BUSY_TOWN = 4  # callers on the line at the same time


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Somebody who may ring: their number, and the line of ours that they dial."""

    number: str
    line: str


def run(
    callers: Sequence[Caller],
    base_url: str | None = None,
    seed: int = 1,
    *,
    stop: threading.Event | None = None,
    mean_pause: float = MEAN_PAUSE,
) -> None:
    """Ring now and then until told to stop. `base_url`: the built-in carrier's, from the settings.

    The same seed makes the same callers ring in the same order with the same patience, as long as
    the same telephones are on a line.
    """
    dice = random.Random(seed)  # noqa: S311 - a play, not a secret
    stop = stop or threading.Event()
    town = simulated_town.town()
    if base_url:
        town = Town(url=base_url, login=town.login)
    ends: list[tuple[float, str]] = []
    elapsed = 0.0
    while not stop.is_set():
        pause = dice.expovariate(1 / mean_pause)
        if stop.wait(min(pause, mean_pause * 3)):
            break
        elapsed += pause
        try:
            _leave(town, ends, elapsed)
            if len(ends) < BUSY_TOWN and (at_rest := _at_rest(town, callers)):
                ends.append((elapsed + _stays(dice), _ring(town, dice.choice(at_rest))))
        except Unavailable as error:
            log.warning("simulator.no_carrier", reason=str(error))


def _at_rest(town: Town, callers: Sequence[Caller]) -> list[Caller]:
    """Whoever is on no line: nobody rings twice at once, or while we speak with them."""
    up = [each for each in town.calls() if not LegState(each["state"]).over]
    engaged = {each[end] for each in up for end in ("from", "to")}
    return [each for each in callers if each.number not in engaged]


def _ring(town: Town, caller: Caller) -> str:
    return town.ring(from_=caller.number, to=caller.line)


def _stays(dice: random.Random) -> float:
    if dice.random() < GIVES_UP:
        return dice.uniform(*HASTE)
    return dice.uniform(*PATIENCE) + dice.uniform(*SPEAKS)


def _leave(town: Town, ends: list[tuple[float, str]], elapsed: float) -> None:
    """Whoever has had enough hangs up; a line already down is no matter."""
    for end in [each for each in ends if each[0] <= elapsed]:
        ends.remove(end)
        town.hang_up(end[1])
