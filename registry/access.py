"""Who may do what, and who may see whom: every such question is answered here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, TypeVarTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, or_
from sqlalchemy.orm import InstrumentedAttribute

from registry import openings
from registry.kit.errors import NotAllowed

Ts = TypeVarTuple("Ts")


class Role(StrEnum):
    OPERATOR = "operator"
    COORDINATOR = "coordinator"
    SOCIAL_WORKER = "social_worker"
    TEAM = "team"
    TECHNICIAN = "technician"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"


class Holder(StrEnum):
    """Whose an office is: ours, of a firm or cooperative under contract, of another body."""

    BODY = "body"
    CONTRACTOR = "contractor"
    PARTNER = "partner"


class Compartment(StrEnum):
    """What only those may read whose work it is, wherever else they may look."""

    VIOLENCE = "violence"
    MINORS = "minors"
    ADOPTION = "adoption"
    HEALTH = "health"
    JUDICIAL = "judicial"


class Right(StrEnum):
    ANSWER_CALLS = "answer_calls"
    ANSWER_ALARMS = "answer_alarms"
    REQUEST_TEAM = "request_team"
    RUN_TEAM = "run_team"
    READ_PEOPLE = "read_people"
    READ_RESTRICTED = "read_restricted"
    WRITE_PEOPLE = "write_people"
    MERGE_PEOPLE = "merge_people"
    READ_CASES = "read_cases"
    WRITE_CASES = "write_cases"
    # Of what was sent to one's own office: a partner reads no case beside.
    ANSWER_REFERRALS = "answer_referrals"
    READ_SIGNALS = "read_signals"
    MANAGE_DEVICES = "manage_devices"
    MANAGE_STAFF = "manage_staff"
    READ_JOURNAL = "read_journal"
    BREAK_GLASS = "break_glass"
    COORDINATE = "coordinate"
    MANAGE_DIRECTORY = "manage_directory"
    MANAGE_WEBHOOKS = "manage_webhooks"
    MANAGE_CODES = "manage_codes"


DESK = frozenset(
    {
        Right.ANSWER_CALLS,
        Right.ANSWER_ALARMS,
        Right.REQUEST_TEAM,
        Right.READ_PEOPLE,
        Right.WRITE_PEOPLE,
        Right.READ_CASES,
        Right.WRITE_CASES,
        Right.ANSWER_REFERRALS,
        Right.READ_SIGNALS,
        Right.BREAK_GLASS,
    }
)

RIGHTS: dict[Role, frozenset[Right]] = {
    Role.OPERATOR: DESK,
    Role.COORDINATOR: DESK
    | {
        Right.COORDINATE,
        Right.MERGE_PEOPLE,
        Right.READ_RESTRICTED,
        Right.MANAGE_DEVICES,
        Right.MANAGE_DIRECTORY,
        Right.MANAGE_CODES,
        Right.READ_JOURNAL,
    },
    Role.SOCIAL_WORKER: frozenset(
        {
            Right.READ_PEOPLE,
            Right.WRITE_PEOPLE,
            Right.MERGE_PEOPLE,
            Right.READ_CASES,
            Right.WRITE_CASES,
            Right.ANSWER_REFERRALS,
            Right.REQUEST_TEAM,
            Right.MANAGE_DIRECTORY,
            Right.BREAK_GLASS,
        }
    ),
    Role.TEAM: frozenset({Right.RUN_TEAM}),
    Role.TECHNICIAN: frozenset({Right.READ_SIGNALS, Right.MANAGE_DEVICES}),
    Role.ADMINISTRATOR: frozenset(
        {
            Right.MANAGE_STAFF,
            Right.MANAGE_DEVICES,
            Right.MANAGE_WEBHOOKS,
            Right.MANAGE_CODES,
            Right.READ_SIGNALS,
        }
    ),
    # Knows of everybody whose file was looked at, and opens nobody's.
    Role.AUDITOR: frozenset({Right.READ_JOURNAL, Right.READ_RESTRICTED}),
}


# What stays with the body whoever does the daily work (REQ 60): its rules, its people's secrets,
# who may do what, and who looked.
ONLY_OURS = frozenset(
    {
        Right.COORDINATE,
        Right.READ_RESTRICTED,
        Right.BREAK_GLASS,
        Right.MERGE_PEOPLE,
        Right.MANAGE_STAFF,
        Right.MANAGE_WEBHOOKS,
        Right.MANAGE_CODES,
        Right.MANAGE_DIRECTORY,
        Right.READ_JOURNAL,
    }
)
# The most that somebody may do whose office is not ours, whatever their roles are. A partner runs
# its teams, looks after units and answers what is sent to it, and opens nobody's file.
AT_MOST: dict[Holder, frozenset[Right]] = {
    Holder.BODY: frozenset(Right),
    Holder.CONTRACTOR: frozenset(Right) - ONLY_OURS,
    Holder.PARTNER: frozenset(
        {Right.RUN_TEAM, Right.READ_SIGNALS, Right.MANAGE_DEVICES, Right.ANSWER_REFERRALS}
    ),
}


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Somebody of the staff who is doing something now."""

    staff_id: UUID | None
    login: str
    name: str
    roles: frozenset[Role]
    office_id: UUID | None = None
    team_id: UUID | None = None
    compartments: frozenset[Compartment] = frozenset()
    holder: Holder = Holder.BODY

    @property
    def rights(self) -> frozenset[Right]:
        return _rights(self.roles, self.holder)


@lru_cache
def _rights(roles: frozenset[Role], holder: Holder) -> frozenset[Right]:
    """Asked for each message of each console."""
    return frozenset().union(*(RIGHTS[role] for role in roles)) & AT_MOST[holder]


# The house itself: opens a caller's file by number before anybody has answered.
HOUSE = Actor(staff_id=None, login="centrale", name="Centrale", roles=frozenset({Role.OPERATOR}))


def can(actor: Actor, right: Right) -> bool:
    return right in actor.rights


def require(actor: Actor, right: Right) -> None:
    """Raise NotAllowed unless the actor has the right."""
    if not can(actor, right):
        raise NotAllowed("Your role does not allow this. Ask the coordinator")


def require_any(actor: Actor, rights: Iterable[Right]) -> None:
    """Raise NotAllowed unless the actor has at least one of the rights."""
    if actor.rights.isdisjoint(rights):
        raise NotAllowed("Your role does not allow this. Ask the coordinator")


# What a console hears of on the live feed, by the first word of the kind.
HEARS: dict[str, frozenset[Right]] = {
    "callcenter": frozenset({Right.ANSWER_CALLS}),
    "telecare": frozenset({Right.ANSWER_ALARMS, Right.READ_SIGNALS}),
    "dispatch": frozenset({Right.REQUEST_TEAM, Right.RUN_TEAM}),
    "registry": frozenset({Right.READ_CASES}),
}


# Who looked is for the auditor: no screen changes by it, and no console is told.
UNHEARD = frozenset(
    {
        "registry.people_searched",
        "registry.people_listed",
        "registry.list_exported",
        "registry.export_drafted",
        "registry.export_handed_over",
        "registry.export_discarded",
        "registry.export_taken",
        "registry.export_brought_back",
        "registry.file_packed",
        "registry.person_read",
        "registry.person_printed",
        "registry.referral_read",
        "registry.page_printed",
        "registry.attachment_read",
        "registry.access_log_read",
        "registry.unusual_reads_reported",
        "registry.unusual_report_read",
        "registry.glass_broken",
        "registry.opening_seen",
        "telecare.way_in_shown",
    }
)
# The coordinator hears of these at once.
FOR_COORDINATORS = frozenset({"registry.glass_broken", "registry.opening_seen"})


def hears(actor: Actor, kind: str, facts: Mapping[str, Any]) -> bool:
    """Whether the actor is told that this happened; a team hears only of itself."""
    if kind in FOR_COORDINATORS:
        return can(actor, Right.COORDINATE)
    if kind in UNHEARD or actor.rights.isdisjoint(HEARS.get(kind.partition(".")[0], frozenset())):
        return False
    if can(actor, Right.REQUEST_TEAM) or not kind.startswith("dispatch."):
        return True
    return facts.get("team_id") == str(actor.team_id)


def visible(
    wanted: Select[*Ts], restricted: InstrumentedAttribute[bool], actor: Actor
) -> Select[*Ts]:
    """The same query without the people whom the actor may not know of, nor files merged away.

    A reserved person is known to those with the right, to the office that keeps the file, and for
    an hour to whoever broke the glass.
    """
    people: Any = restricted.class_
    standing = wanted.where(people.merged_into.is_(None))
    return (
        standing if can(actor, Right.READ_RESTRICTED) else standing.where(_open(restricted, actor))
    )


def _open(restricted: InstrumentedAttribute[bool], actor: Actor) -> ColumnElement[bool]:
    people: Any = restricted.class_
    ways = [restricted.is_(False)]
    if can(actor, Right.READ_PEOPLE) and actor.office_id is not None:
        ways.append(people.kept_by == actor.office_id)
    if can(actor, Right.BREAK_GLASS) and actor.staff_id is not None:
        ways.append(people.id.in_(openings.open_to(actor.staff_id)))
    return or_(*ways)


def may_know(actor: Actor, kept_by: UUID | None) -> bool:
    """Whether the actor may know of a reserved person, without a broken glass."""
    kept_here = actor.office_id is not None and kept_by == actor.office_id
    return can(actor, Right.READ_RESTRICTED) or (kept_here and can(actor, Right.READ_PEOPLE))


def sees(actor: Actor, compartment: str | None) -> bool:
    """Whether a part of a file is for this actor; else it is shown as blacked out, not left out."""
    return compartment is None or compartment in actor.compartments
