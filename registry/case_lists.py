"""Which cases somebody looks for: their own, those of their office, those that nobody follows."""

from enum import StrEnum

from sqlalchemy import ColumnElement, and_, exists, select
from sqlalchemy.orm import Session, aliased

from registry import cases
from registry.access import Actor
from registry.case_managers import Assignment, Part
from registry.case_states import LIVE, CaseState
from registry.case_targets import CaseTarget
from registry.cases import Area, Case
from registry.staff import Staff


class Scope(StrEnum):
    MINE = "mine"
    OFFICE = "office"
    NOBODYS = "nobodys"
    ALL = "all"


def find(
    session: Session,
    actor: Actor,
    *,
    scope: Scope = Scope.ALL,
    state: CaseState | None = None,
    area: Area | None = None,
    target: str = "",
    after: int | None = None,
    limit: int = 50,
) -> list[Case]:
    """Live ones unless a state is asked for; newest first, those after the number `after`."""
    wanted = cases.visible(actor).order_by(Case.number.desc()).limit(limit)
    wanted = wanted.where(Case.state == state if state else Case.state.in_(LIVE))
    wanted = wanted.where(*_in(scope, actor))
    if area is not None:
        wanted = wanted.where(Case.area == area)
    if target:
        belongs = CaseTarget.case_id == Case.id, CaseTarget.code == target
        wanted = wanted.where(exists().where(*belongs, CaseTarget.until.is_(None)))
    if after is not None:
        wanted = wanted.where(Case.number < after)
    return list(session.scalars(wanted))


def _in(scope: Scope, actor: Actor) -> list[ColumnElement[bool]]:
    now = and_(Assignment.case_id == Case.id, Assignment.until.is_(None))
    if scope is Scope.MINE:
        return [exists().where(now, Assignment.staff_id == actor.staff_id)]
    if scope is Scope.OFFICE:
        sits = select(Staff.id).where(Staff.office_id == actor.office_id)
        return [exists().where(now, Assignment.staff_id.in_(sits))]
    if scope is Scope.NOBODYS:
        return [~_managed()]
    return []


def _managed() -> ColumnElement[bool]:
    """Somebody who still works here is its manager."""
    given, worker = aliased(Assignment), aliased(Staff)
    return exists().where(
        given.case_id == Case.id,
        given.part == Part.MANAGER,
        given.until.is_(None),
        worker.id == given.staff_id,
        worker.active,
    )
