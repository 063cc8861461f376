"""Lists of the store: units with where they lie, their open faults, the jobs that wait."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from telecare.devices import Device
from telecare.faults import Fault
from telecare.protocols.base import Kind
from telecare.stock import StockItem, StockState
from telecare.tech_jobs import TechJob

PAGE = 50


@dataclass(frozen=True, kw_only=True)
class Unit:
    """A unit and its place in the store; None: nobody has described it yet."""

    device: Device
    stands: StockItem | None

    @property
    def state(self) -> StockState:
        if self.stands is not None:
            return self.stands.state
        return StockState.INSTALLED if self.device.person_id else StockState.IN_STOCK


def units(
    session: Session,
    *,
    words: str = "",
    state: StockState | None = None,
    after: UUID | None = None,
    limit: int = PAGE,
) -> list[Unit]:
    """In the order in which they were added; `words` begin an account, a code or a serial."""
    wanted = select(Device, StockItem).outerjoin(StockItem, StockItem.device_id == Device.id)
    if word := words.strip().upper():
        wanted = wanted.where(
            or_(
                Device.account.startswith(word, autoescape=True),
                StockItem.code.startswith(word, autoescape=True),
                StockItem.serial.startswith(word, autoescape=True),
            )
        )
    if state is not None:
        in_home = Device.person_id.is_not(None)
        bare = {StockState.INSTALLED: in_home, StockState.IN_STOCK: ~in_home}.get(state)
        described = StockItem.state == state
        plain = StockItem.device_id.is_(None) & bare if bare is not None else None
        wanted = wanted.where(described if plain is None else or_(described, plain))
    if after is not None:
        wanted = wanted.where(Device.id > after)
    rows = session.execute(wanted.order_by(Device.id).limit(limit))
    return [Unit(device=device, stands=stands) for device, stands in rows]


def open_faults(session: Session, ids: Sequence[UUID]) -> dict[UUID, list[Kind]]:
    """What is wrong with each of these units now."""
    wanted = select(Fault.device_id, Fault.cause).where(
        Fault.device_id.in_(ids), Fault.ended_at.is_(None)
    )
    found: dict[UUID, list[Kind]] = {}
    for device_id, cause in session.execute(wanted.order_by(Fault.began_at)):
        found.setdefault(device_id, []).append(cause)
    return found


def jobs_open(session: Session) -> int:
    return session.scalar(select(func.count()).where(TechJob.ended_at.is_(None))) or 0
