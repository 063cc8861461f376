"""Whether telecare still looks after somebody: a unit stands in their home, or they are called."""

from sqlalchemy import ColumnElement, or_, select

from registry.kit import clock
from registry.people import Person
from telecare.devices import Device
from telecare.planned import CallPlan


def served() -> ColumnElement[bool]:
    """A condition on Person: their file is kept, however long ago their last alarm was."""
    unit = select(Device.id).where(Device.person_id == Person.id)
    plan = select(CallPlan.id).where(
        CallPlan.person_id == Person.id,
        CallPlan.ended_at.is_(None),
        or_(CallPlan.until.is_(None), CallPlan.until >= clock.now().date()),
    )
    return or_(unit.exists(), plan.exists())
