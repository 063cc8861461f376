"""What a storm may not do to the room: the targets of a rehearsal, and whether each was met."""

from dataclasses import dataclass

from typing_extensions import override

from webconsole.demo.storm import Report, Wish

RATE = 400.0  # events a second: 120,000 homes whose mains fail within five minutes
P99 = 2.0  # seconds from the press to the operator's screen
GROWTH = 300.0  # megabytes, all processes together
# Of a storm sent slower on purpose, this part of its own pace.
OF_ITS_PACE = 0.96


@dataclass(frozen=True)
class Target:
    """One of them, in words."""

    said: str
    met: bool

    @override
    def __str__(self) -> str:
        return f"{'met' if self.met else 'MISSED':9} {self.said}"


def of(done: Report, wish: Wish) -> list[Target]:
    """All that a rehearsal of any size has to meet."""
    sent, delay = done.storm, done.percentile(0.99)
    rate, least = sent.acknowledged / sent.seconds, min(RATE, OF_ITS_PACE * wish.rate)
    seen = len(done.delays)
    return [
        Target(
            f"acknowledged {sent.acknowledged:,} of {wish.units:,}",
            sent.acknowledged == wish.units,
        ),
        Target(f"presses on screen {seen:,} of {wish.presses:,}", seen == wish.presses),
        Target(f"{rate:,.0f} acknowledged a second (wanted ≥ {least:,.0f})", rate >= least),
        Target(f"presses on screen p99 {delay:.2f} s (wanted < {P99:g})", delay < P99),
        Target(
            f"memory {done.growth:+,.0f} MB, all processes (wanted < {GROWTH:,.0f})",
            done.growth < GROWTH,
        ),
    ]
