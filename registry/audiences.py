"""The audience of an alert: whose work it helps; others are not burdened with it."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Protocol, TypeVar

from registry.access import Actor, Role


class Audience(StrEnum):
    EVERYONE = "everyone"
    DESK = "desk"  # who answers calls and alarms
    SOCIAL_WORKERS = "social_workers"
    TEAMS = "teams"  # who goes there, and the desk that sends them


class ForSome(Protocol):
    """Anything with an audience."""

    audience: Audience


A = TypeVar("A", bound=ForSome)
DESK = frozenset({Role.OPERATOR, Role.COORDINATOR})
HEARD_BY: dict[Audience, frozenset[Role]] = {
    Audience.EVERYONE: frozenset(Role),
    Audience.DESK: DESK,
    Audience.SOCIAL_WORKERS: frozenset({Role.SOCIAL_WORKER, Role.COORDINATOR}),
    Audience.TEAMS: DESK | {Role.TEAM},
}


def heard(actor: Actor, alerts: Iterable[A]) -> list[A]:
    """Those meant for somebody with these roles."""
    return [each for each in alerts if not actor.roles.isdisjoint(HEARD_BY[each.audience])]


def for_team(audience: Audience) -> bool:
    """Whether the team that goes there reads it on its phone."""
    return Role.TEAM in HEARD_BY[audience]
