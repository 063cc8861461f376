"""The one table of who listens to what, and of who keeps which deadline."""

from collections.abc import Callable, Iterable

from dispatch import offers, response, search
from registry import sealing, tasks
from registry.journal import Event
from registry.relay import Listener
from registry.sweeper import Inside, Outside

# Facts that go up. A listener is (session, event), runs in its own transaction, safe to run twice.
LISTENERS: dict[type[Event], Iterable[Listener]] = {}

# Deadlines kept by the sweeper itself, in the transaction that retires them: no Redis needed.
INSIDE: dict[str, Inside] = {
    "dispatch.find_team": search.look,
    "dispatch.nobody_found": search.look,
    "dispatch.no_news": response.no_news,
    "dispatch.offer_unanswered": offers.unanswered,
}

# Deadlines that reach outside: kept by a worker, perhaps twice.
OUTSIDE: dict[str, Outside] = {}

# What the sweeper does in every round besides.
CHORES: list[Callable[[], object]] = [sealing.seal_new]


def wire() -> None:
    """Tell the worker's tasks what they keep."""
    tasks.wire(OUTSIDE)
