"""A network: the household, family and services around one person, placed for a small drawing."""

import math
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

WIDTH, HEIGHT = 640, 360
RING = 0.36  # of the height: how far the informal stand from the middle
FARTHER = 1.0  # the formal stand at the edge
MOST = 14  # more would not be read


class Tie(StrEnum):
    """What binds somebody to the person."""

    HOUSEHOLD = "household"
    INFORMAL = "informal"  # family, friends, neighbours
    FORMAL = "formal"  # services and professionals


@dataclass(frozen=True, kw_only=True)
class Near:
    """Somebody around the person, as the list beside the drawing says it too."""

    name: str
    tie: Tie
    relation: str = ""
    caregiver: bool = False
    holds_keys: bool = False
    person_id: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class Node:
    """Where somebody stands in the drawing, from its upper left corner."""

    near: Near
    x: int
    y: int


def drawn(around: list[Near]) -> list[Node]:
    """The nearest first: household, then family and neighbours, then services; MOST at most."""
    order = list(Tie)
    shown = sorted(around, key=lambda near: order.index(near.tie))[:MOST]
    nodes = []
    for place, near in enumerate(shown):
        # From the top, clockwise; an ellipse, for names are wider than high.
        turn = 2 * math.pi * place / len(shown) - math.pi / 2
        far = FARTHER if near.tie is Tie.FORMAL else 0.82
        x = WIDTH / 2 + math.cos(turn) * WIDTH * RING * far
        y = HEIGHT / 2 + math.sin(turn) * HEIGHT * RING * far
        nodes.append(Node(near=near, x=round(x), y=round(y)))
    return nodes
