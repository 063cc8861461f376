"""Allowed changes of state, kept as data next to each noun."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Protocol, TypeVar

from registry.kit.errors import WrongState

S = TypeVar("S")


class Stateful(Protocol[S]):
    """Anything with a state."""

    state: S


def move(thing: Stateful[S], to: S, steps: Mapping[S, AbstractSet[S]]) -> None:
    """Change the state of `thing`, or say why not (WrongState)."""
    if to not in steps[thing.state]:
        raise WrongState(
            "%(thing)s is %(state)s, so it cannot become %(to)s",
            thing=type(thing).__name__,
            state=str(thing.state),
            to=str(to),
        )
    thing.state = to
