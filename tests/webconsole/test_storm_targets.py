"""A rehearsed storm says which of its targets it missed."""

import pytest

from telecare.simulator_storm import Storm, StormUnit
from webconsole.demo import storm_targets
from webconsole.demo.storm import Report, Wish

WISH = Wish(units=1000, presses=4, rate=420.0, lines=10, seed=1)


def report(**said: float) -> Report:
    storm = Storm(
        units=[StormUnit("sia-dc09", "1")],
        presses=frozenset(),
        rate=420.0,
        sequence=1,
        ends_within=60.0,
        sent=1000,
        acknowledged=int(said.get("acknowledged", 1000)),
        ended=said.get("seconds", 2.4),
    )
    delays = [0.1] * int(said.get("seen", 3)) + [said.get("slowest", 1.9)]
    return Report(storm=storm, delays=delays, growth=said.get("growth", 299.0))


def missed(**said: float) -> list[str]:
    return [each.said for each in storm_targets.of(report(**said), WISH) if not each.met]


def test_a_storm_that_meets_all_is_praised_line_by_line() -> None:
    assert missed() == []
    assert str(storm_targets.of(report(), WISH)[2]).startswith(
        "met       417 acknowledged a second"
    )


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"acknowledged": 999}, "acknowledged 999 of 1,000"),
        ({"seen": 2}, "presses on screen 3 of 4"),
        ({"seconds": 2.6}, "385 acknowledged a second (wanted ≥ 400)"),
        ({"slowest": 2.1}, "presses on screen p99 2.10 s (wanted < 2)"),
        ({"growth": 301.0}, "memory +301 MB, all processes (wanted < 300)"),
    ],
)
def test_what_is_missed_is_named(said: dict[str, float], words: str) -> None:
    assert missed(**said) == [words]
