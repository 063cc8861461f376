"""Who gets which call: pure decisions over plain facts.

The score of a waiting call is its class of priority plus the seconds it has waited plus boosts, so
that nobody starves. The best *pair* is taken, not the best call: a call that nobody free may have
does not hold up those behind it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

PRIORITY = {"A": 600.0, "B": 300.0, "C": 120.0, "D": 0.0}
REPEAT_CALLER = 60.0  # rang before within the hour and was not answered
DROPPED = 600.0  # was already talking when the operator's line broke
# An operator who let a call pass is not asked again for it so soon (seconds).
ASK_AGAIN_AFTER = 20.0
COORDINATOR_AFTER = 60.0  # seconds of waiting after which coordinators are asked too


@dataclass(frozen=True, kw_only=True)
class Waiter:
    """A waiting call. `asked` says how many seconds ago each operator was asked for it."""

    call_id: UUID
    priority: str
    waited: float
    boosts: float = 0.0
    last_operator_id: UUID | None = None
    asked: Mapping[UUID, float] = field(default_factory=dict)

    @property
    def score(self) -> float:
        return PRIORITY.get(self.priority, 0.0) + self.waited + self.boosts


@dataclass(frozen=True, kw_only=True)
class Free:
    """An operator who can take a call, and for how many seconds they have been free.

    `reserve`: a coordinator who has not chosen to answer, asked only when somebody waits long.
    """

    operator_id: UUID
    idle: float
    reserve: bool = False


def may_have(waiter: Waiter, free: Free) -> bool:
    """Whether this operator may be asked for this call now."""
    if free.reserve and waiter.waited < COORDINATOR_AFTER:
        return False
    return waiter.asked.get(free.operator_id, ASK_AGAIN_AFTER) >= ASK_AGAIN_AFTER


def best(waiter: Waiter, free: Iterable[Free]) -> Free | None:
    """Who spoke with them before, else whoever chose to answer and has been free longest."""
    able = [each for each in free if may_have(waiter, each)]
    return max(
        able,
        key=lambda each: (
            each.operator_id == waiter.last_operator_id,
            not each.reserve,
            each.idle,
            str(each.operator_id),
        ),
        default=None,
    )


def pairs(waiting: Iterable[Waiter], free: Iterable[Free]) -> list[tuple[UUID, UUID]]:
    """Calls and operators that belong together now; each call and each operator at most once."""
    left = {each.operator_id: each for each in free}
    found = []
    for waiter in sorted(waiting, key=lambda each: (-each.score, str(each.call_id))):
        chosen = best(waiter, left.values())
        if chosen is not None:
            del left[chosen.operator_id]
            found.append((waiter.call_id, chosen.operator_id))
    return found
