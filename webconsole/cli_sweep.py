"""The verb `sweep`: deadlines and events, in any number of processes."""

import signal
import threading

from registry import sweeper
from webconsole import house, wiring


def sweep() -> None:
    """Keep deadlines and pass events on until told to stop."""
    stop = threading.Event()
    for order in (signal.SIGTERM, signal.SIGINT):
        signal.signal(order, lambda *_: stop.set())
    with house.open_():
        wiring.wire()
        sweeper.run(
            wiring.INSIDE, wiring.OUTSIDE, wiring.LISTENERS, wiring.CHORES, stop, wiring.FIRST
        )
