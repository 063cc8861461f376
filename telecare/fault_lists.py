"""Open faults as work: the oldest first, by cause, each with its unit and who goes to mend it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from registry.kit.db import get
from telecare import outages
from telecare.devices import Device
from telecare.faults import Fault
from telecare.figures import OLDER_THAN
from telecare.protocols.base import Kind
from telecare.tech_jobs import TechJob

PAGE = 50


@dataclass(frozen=True, kw_only=True)
class Open:
    """A fault that goes on; `job` when a technician was asked for."""

    fault: Fault
    device: Device
    job: TechJob | None

    def older(self, at: datetime) -> bool:
        """Whether it goes on for longer than any fault should."""
        return at - self.fault.began_at > OLDER_THAN[-1]


def open_(
    session: Session,
    *,
    cause: Kind | None = None,
    single: bool = False,
    after: UUID | None = None,
    limit: int = PAGE,
) -> Sequence[Open]:
    """`single`: without those that an outage tells as one; `after`: the last of the page before."""
    mends = (TechJob.fault_id == Fault.id) & TechJob.ended_at.is_(None)
    wanted = (
        select(Fault, Device, TechJob)
        .join(Device, Device.id == Fault.device_id)
        .outerjoin(TechJob, mends)
        .where(Fault.ended_at.is_(None))
    )
    if cause is not None:
        wanted = wanted.where(Fault.cause == cause)
    if single:
        wanted = wanted.where(~outages.explained(session))
    if after is not None:
        last = get(session, Fault, after)
        wanted = wanted.where(tuple_(Fault.began_at, Fault.id) > (last.began_at, last.id))
    rows = session.execute(wanted.order_by(Fault.began_at, Fault.id).limit(limit))
    return [Open(fault=fault, device=device, job=job) for fault, device, job in rows]


def by_cause(session: Session) -> dict[Kind, int]:
    """How many go on of each cause, the most frequent first."""
    wanted = select(Fault.cause, func.count()).where(Fault.ended_at.is_(None))
    rows = session.execute(wanted.group_by(Fault.cause).order_by(func.count().desc(), Fault.cause))
    return {cause: number for cause, number in rows}  # noqa: C416 - rows are typed


def in_outages(session: Session) -> int:
    """How many of the open ones an outage tells as one."""
    wanted = select(func.count()).select_from(Fault).join(Device, Device.id == Fault.device_id)
    return session.scalar(wanted.where(Fault.ended_at.is_(None), outages.explained(session))) or 0
