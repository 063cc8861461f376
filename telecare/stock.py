"""Stock: which model a unit is, its serial and SIM, where it lies, whose homes it has seen."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import journal
from registry.kit import clock
from registry.kit.db import Base, Id, get
from registry.kit.errors import Invalid, NotFound
from registry.kit.states import move
from registry.people import Person
from registry.staff import Staff
from telecare import devices, unit_lines
from telecare.devices import Device
from telecare.voice_profiles import VoiceProfile

# Without letters and digits that a thumb or an eye takes for one another.
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
CODE_LENGTH = 8


class StockState(StrEnum):
    """Where a unit is, as whoever looks after the store sees it."""

    IN_STOCK = "in_stock"
    INSTALLED = "installed"
    IN_REPAIR = "in_repair"
    RETIRED = "retired"


STEPS = {
    StockState.IN_STOCK: {StockState.INSTALLED, StockState.IN_REPAIR, StockState.RETIRED},
    StockState.INSTALLED: {StockState.IN_STOCK, StockState.IN_REPAIR, StockState.RETIRED},
    StockState.IN_REPAIR: {StockState.IN_STOCK, StockState.INSTALLED, StockState.RETIRED},
    StockState.RETIRED: set[StockState](),
}


@dataclass(frozen=True, kw_only=True)
class DeviceMoved(journal.Event):
    """Into the store, a home, the workshop, or out of use."""

    device_id: UUID
    to: str


class DeviceModel(Base):
    """What every unit of this kind can do: its periods, and the keys it takes while one speaks."""

    __tablename__ = "device_models"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    protocol: Mapped[str]
    # Seconds between two signs of life, and between two tests; 0: it gives none.
    heartbeat_s: Mapped[int] = mapped_column(default=0)
    test_every_s: Mapped[int] = mapped_column(default=0)
    voice_profile_id: Mapped[UUID | None] = mapped_column(ForeignKey(VoiceProfile.id))


class StockItem(Base):
    """A unit as a thing on a shelf. `code` is on its label, and says nothing of anybody."""

    __tablename__ = "stock_items"

    device_id: Mapped[UUID] = mapped_column(ForeignKey(Device.id), primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    model_id: Mapped[UUID | None] = mapped_column(ForeignKey(DeviceModel.id))
    serial: Mapped[str] = mapped_column(default="")
    sim: Mapped[str] = mapped_column(default="")  # the number printed on the card
    state: Mapped[StockState] = mapped_column(default=StockState.IN_STOCK)


class Placement(Base):
    """From when to when a unit stood in somebody's home."""

    __tablename__ = "placements"
    __table_args__ = (
        Index("ix_placements_device", "device_id"),
        Index("ix_placements_person", "person_id"),
    )

    id: Mapped[Id]
    device_id: Mapped[UUID] = mapped_column(ForeignKey(Device.id))
    person_id: Mapped[UUID] = mapped_column(ForeignKey(Person.id))
    since: Mapped[datetime] = mapped_column(default=clock.now)
    until: Mapped[datetime | None]
    put_by: Mapped[UUID | None] = mapped_column(ForeignKey(Staff.id))


def write_model(
    session: Session,
    *,
    name: str,
    protocol: str,
    heartbeat_s: int = 0,
    test_every_s: int = 0,
    voice_profile_id: UUID | None = None,
) -> DeviceModel:
    """A new model, or what the one of this name can do from now on; units keep what they have."""
    name = name.strip()
    if not name:
        raise Invalid("Write the name of the model", field="name")
    if protocol not in devices.PROTOCOLS:
        raise Invalid("Choose what it speaks", field="protocol")
    if voice_profile_id is not None:
        get(session, VoiceProfile, voice_profile_id)
    model = session.scalar(select(DeviceModel).where(DeviceModel.name == name))
    model = model or DeviceModel(name=name)
    model.protocol, model.heartbeat_s, model.test_every_s = protocol, heartbeat_s, test_every_s
    model.voice_profile_id = voice_profile_id
    session.add(model)
    session.flush()
    return model


def models(session: Session) -> list[DeviceModel]:
    return list(session.scalars(select(DeviceModel).order_by(DeviceModel.name)))


def item(session: Session, device: Device) -> StockItem:
    """The unit's place in the store; the first time it is asked for, it gets its code."""
    found = session.get(StockItem, device.id)
    if found is None:
        state = StockState.INSTALLED if device.person_id else StockState.IN_STOCK
        found = StockItem(device_id=device.id, code=_new_code(session), state=state)
        session.add(found)
        session.flush()
    return found


def _new_code(session: Session) -> str:
    while True:
        code = "".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH))
        if session.scalar(select(StockItem.device_id).where(StockItem.code == code)) is None:
            return code


def by_code(session: Session, code: str) -> Device:
    """The unit with this code on its label, or with this serial or account. NotFound otherwise."""
    code = code.strip().upper().replace("-", "").replace(" ", "")
    wanted = select(Device).join(StockItem, StockItem.device_id == Device.id)
    found = session.scalar(wanted.where(StockItem.code == code))
    if found is None:
        same = session.scalars(
            select(Device)
            .outerjoin(StockItem, StockItem.device_id == Device.id)
            .where((func.replace(StockItem.serial, "-", "") == code) | (Device.account == code))
            .limit(2)
        ).all()
        found = same[0] if len(same) == 1 else None
    if found is None:
        raise NotFound("There is no unit with this code. Read it again from the label")
    return found


def describe(
    session: Session, device: Device, *, model_id: UUID | None, serial: str, sim: str
) -> StockItem:
    """Write what stands on the thing itself. A new model brings its periods and its keys."""
    stands = item(session, device)
    stands.serial, stands.sim = serial.strip().upper(), sim.strip()
    if model_id != stands.model_id:
        stands.model_id = model_id
        if model_id is not None:
            _fit(session, device, get(session, DeviceModel, model_id))
    devices.changed(session, device, "stock")
    return stands


def _fit(session: Session, device: Device, model: DeviceModel) -> None:
    if model.protocol != device.protocol:
        raise Invalid("This model speaks another protocol", field="model_id")
    devices.care(session, device, heartbeat_s=model.heartbeat_s, test_every_s=model.test_every_s)
    if model.voice_profile_id is not None:
        number = unit_lines.number_of(session, device.id) or ""
        unit_lines.write(session, device, number=number, profile_id=model.voice_profile_id)


def placed(
    session: Session, device: Device, person_id: UUID | None, *, by: UUID | None = None
) -> None:
    """The unit stands in this home from now on; None: it has come back to the store."""
    stood = select(Placement).where(Placement.device_id == device.id, Placement.until.is_(None))
    before = session.scalars(stood.with_for_update()).all()
    if person_id is not None and [each.person_id for each in before] == [person_id]:
        return
    for each in before:
        each.until = clock.now()
    if person_id is not None:
        session.add(Placement(device_id=device.id, person_id=person_id, put_by=by))
        if item(session, device).state is StockState.INSTALLED:
            # From one home straight into another: the journal is told of each home.
            _tell(session, device, StockState.INSTALLED)
    wanted = StockState.INSTALLED if person_id is not None else StockState.IN_STOCK
    put(session, device, wanted)


def put(session: Session, device: Device, to: StockState) -> None:
    """Into the store, the workshop, or out of use. A unit in a home stays where its home is."""
    stands = item(session, device)
    if stands.state is to:
        return
    move(stands, to, STEPS)
    _tell(session, device, to)


def _tell(session: Session, device: Device, to: StockState) -> None:
    journal.record(session, DeviceMoved(device_id=device.id, to=to, person_id=device.person_id))


def take_back(session: Session, device: Device, to: StockState = StockState.IN_STOCK) -> None:
    """Out of the home it stands in; its history stays."""
    device.person_id = device.address_id = None
    devices.changed(session, device, "home")
    placed(session, device, None)
    put(session, device, to)


def history(session: Session, device_id: UUID) -> list[Placement]:
    """Whose homes it has seen, the latest first."""
    wanted = select(Placement).where(Placement.device_id == device_id)
    return list(session.scalars(wanted.order_by(Placement.since.desc())))
