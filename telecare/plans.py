"""An action plan: what is done for an alarm, step by step, by kind and for one person.

The built-in plan is not a row: nobody can delete it, and whatever is not written falls back to it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, or_, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import journal
from registry.kit import clock
from registry.kit.db import Base, Id
from registry.kit.errors import Invalid, NotFound
from registry.people import Person
from registry.staff import Staff

MOST_STEPS = 12
LONGEST_WAIT = 240  # minutes
ANY = ""


class What(StrEnum):
    """What a step asks for."""

    TALK_HOME = "talk_home"
    CALL_CONTACTS = "call_contacts"
    ASK_TEAM = "ask_team"
    EMERGENCY = "emergency"
    CALL_AGAIN = "call_again"
    CHECK = "check"


# A plan that reaches nobody who can go there is no plan.
HELPS = frozenset({What.ASK_TEAM, What.EMERGENCY})


@dataclass(frozen=True, kw_only=True)
class Step:
    """`minutes`: for CALL_AGAIN, after how long; `says`: what to mind, for the operator."""

    what: What
    says: str = ""
    minutes: int = 0


@dataclass(frozen=True, kw_only=True)
class PlanWritten(journal.Event):
    plan_id: UUID
    alarm_kind: str
    version: int


@dataclass(frozen=True, kw_only=True)
class PlanRetired(journal.Event):
    plan_id: UUID
    alarm_kind: str


class Plan(Base):
    """One version; the one before is kept, retired, for whoever asks what held then."""

    __tablename__ = "plans"
    __table_args__ = (
        Index(
            "ux_plans_general",
            "kind",
            unique=True,
            postgresql_where=text("person_id IS NULL AND retired_at IS NULL"),
        ),
        Index(
            "ux_plans_personal",
            "person_id",
            "kind",
            unique=True,
            postgresql_where=text("person_id IS NOT NULL AND retired_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    # The kind of alarm; empty: any.
    kind: Mapped[str] = mapped_column(default=ANY)
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey(Person.id))
    version: Mapped[int]
    steps: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    written_at: Mapped[datetime] = mapped_column(default=clock.now)
    staff_id: Mapped[UUID | None] = mapped_column(ForeignKey(Staff.id))
    retired_at: Mapped[datetime | None]


@dataclass(frozen=True, kw_only=True)
class Holding:
    """The plan that holds for an alarm now; without an id it is the built-in one."""

    steps: tuple[Step, ...]
    id: UUID | None = None
    version: int = 0
    kind: str = ANY
    personal: bool = False


_CALM = (
    Step(what=What.TALK_HOME),
    Step(what=What.CALL_CONTACTS),
    Step(what=What.ASK_TEAM),
    Step(what=What.EMERGENCY),
    Step(what=What.CALL_AGAIN, minutes=20),
)
_DANGER = (
    Step(what=What.TALK_HOME),
    Step(what=What.EMERGENCY),
    Step(what=What.CALL_CONTACTS),
    Step(what=What.ASK_TEAM),
    Step(what=What.CALL_AGAIN, minutes=10),
)
# Where minutes count, the emergency number is called before anybody else is sent.
BUILT_IN: dict[str, tuple[Step, ...]] = {
    ANY: _CALM,
    "smoke": _DANGER,
    "gas": _DANGER,
    "intrusion": _DANGER,
}


def for_alarm(session: Session, kind: str, person_id: UUID | None) -> Holding:
    """The nearest plan: the person's for this kind, the person's, the kind's, then any."""
    mine = or_(Plan.person_id.is_(None), Plan.person_id == person_id)
    wanted = select(Plan).where(mine, Plan.kind.in_([kind, ANY]), Plan.retired_at.is_(None))
    found = sorted(
        session.scalars(wanted), key=lambda each: (each.person_id is None, each.kind == ANY)
    )
    # A general plan for any kind does not hide the built-in one for a kind with its own dangers.
    specific = [each for each in found if each.person_id is not None or each.kind != ANY]
    if not specific and kind in BUILT_IN:
        return Holding(steps=BUILT_IN[kind], kind=kind)
    if not found:
        return Holding(steps=BUILT_IN[ANY])
    return held(found[0])


def held(plan: Plan) -> Holding:
    return Holding(
        steps=tuple(
            Step(what=What(each["what"]), says=each["says"], minutes=each["minutes"])
            for each in plan.steps
        ),
        id=plan.id,
        version=plan.version,
        kind=plan.kind,
        personal=plan.person_id is not None,
    )


def write(
    session: Session,
    *,
    kind: str,
    person_id: UUID | None,
    steps: Sequence[Step],
    staff_id: UUID | None = None,
) -> Plan:
    """A new version. Raises Invalid when it could end with nobody going there."""
    _good(steps)
    before = _latest(session, kind, person_id)
    if before is not None and before.retired_at is None:
        before.retired_at = clock.now()
        session.flush()
    made = Plan(
        kind=kind,
        person_id=person_id,
        version=before.version + 1 if before else 1,
        steps=[
            {"what": each.what.value, "says": each.says.strip(), "minutes": each.minutes}
            for each in steps
        ],
        staff_id=staff_id,
    )
    session.add(made)
    session.flush()
    journal.record(
        session,
        PlanWritten(plan_id=made.id, alarm_kind=kind, version=made.version, person_id=person_id),
    )
    return made


def retire(session: Session, *, kind: str, person_id: UUID | None) -> None:
    """Back to the plan behind it; the built-in one cannot be retired, so one always holds."""
    before = _latest(session, kind, person_id)
    if before is None or before.retired_at is not None:
        raise NotFound("There is no such %(thing)s", thing="plan")
    before.retired_at = clock.now()
    session.flush()
    journal.record(session, PlanRetired(plan_id=before.id, alarm_kind=kind, person_id=person_id))


def current(session: Session, person_id: UUID | None) -> list[Plan]:
    """The plans in force, general ones or of one person."""
    mine = Plan.person_id.is_(None) if person_id is None else Plan.person_id == person_id
    wanted = select(Plan).where(mine, Plan.retired_at.is_(None)).order_by(Plan.kind)
    return list(session.scalars(wanted))


def _latest(session: Session, kind: str, person_id: UUID | None) -> Plan | None:
    """Held, so that two who write at once make two versions and not one."""
    mine = Plan.person_id.is_(None) if person_id is None else Plan.person_id == person_id
    wanted = select(Plan).where(mine, Plan.kind == kind).order_by(Plan.version.desc()).limit(1)
    return session.scalar(wanted.with_for_update().execution_options(populate_existing=True))


def _good(steps: Sequence[Step]) -> None:
    if len(steps) > MOST_STEPS:
        raise Invalid("A plan has at most %(most)s steps", field="steps", most=MOST_STEPS)
    if not any(each.what in HELPS for each in steps):
        raise Invalid("A plan needs a step that sends somebody: a team, or 112", field="steps")
    for each in steps:
        if each.what is What.CALL_AGAIN and not 1 <= each.minutes <= LONGEST_WAIT:
            raise Invalid("Say after how many minutes to call again", field="steps")
        if each.what is What.CHECK and not each.says.strip():
            raise Invalid("Write what there is to check", field="steps")
