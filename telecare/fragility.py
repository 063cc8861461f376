"""Who comes first when hundreds are without their unit: a weight with its reasons, by rule."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

OLD, VERY_OLD = 75, 85  # years
# From here on nobody is only tried again: whoever is not reached becomes an alarm.
FRAGILE = 40


class Why(StrEnum):
    """A reason to be called before others, the gravest first."""

    PRESSED = "pressed"
    POWERED = "powered"
    SILENT = "silent"
    VERY_OLD = "very_old"
    NOBODY_NEAR = "nobody_near"
    ALERT = "alert"
    OLD = "old"


# A press outweighs everything else together: it is somebody's own word, the rest is ours.
WEIGHTS = {
    Why.PRESSED: 200,
    Why.POWERED: 40,
    Why.SILENT: 20,
    Why.VERY_OLD: 25,
    Why.NOBODY_NEAR: 15,
    Why.ALERT: 15,
    Why.OLD: 10,
}
# Alerts of somebody who lives by a device that needs current, or breathes with one.
POWERED_ALERTS = frozenset({"oxygen", "powered", "electricity", "ventilator", "dialysis"})


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known of somebody whose unit is down; an unknown age counts as none."""

    pressed: bool = False
    silent: bool = False
    age: int | None = None
    alerts: frozenset[str] = frozenset()
    near: int = 0


def reasons(known: Known) -> list[Why]:
    """Why they come first, the gravest first."""
    age = known.age or 0
    holds = {
        Why.PRESSED: known.pressed,
        Why.POWERED: bool(known.alerts & POWERED_ALERTS),
        Why.SILENT: known.silent,
        Why.VERY_OLD: age >= VERY_OLD,
        Why.NOBODY_NEAR: known.near == 0,
        Why.ALERT: bool(known.alerts - POWERED_ALERTS),
        Why.OLD: OLD <= age < VERY_OLD,
    }
    return [why for why in Why if holds[why]]


def weight(found: Iterable[Why]) -> int:
    return sum(WEIGHTS[why] for why in found)
