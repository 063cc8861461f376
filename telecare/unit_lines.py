"""The line of a home unit: the number it calls from, and the keys it understands."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import ForeignKey, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry.kit.db import Base, get
from registry.kit.phone import e164
from registry.people import Phone
from telecare import devices, voice_profiles
from telecare.alarms import Alarm
from telecare.devices import Device
from telecare.voice_profiles import Command, VoiceProfile


class UnitLine(Base):
    """A SIM or a telephone line of the unit's own; without a row it calls from the home's phone."""

    __tablename__ = "unit_lines"

    device_id: Mapped[UUID] = mapped_column(ForeignKey(Device.id), primary_key=True)
    number: Mapped[str | None] = mapped_column(index=True)
    profile_id: Mapped[UUID | None] = mapped_column(ForeignKey(VoiceProfile.id))


def write(session: Session, device: Device, *, number: str, profile_id: UUID | None) -> UnitLine:
    """Set both; an empty number: the unit has no line of its own. Raises Invalid, NotFound."""
    if profile_id is not None:
        get(session, VoiceProfile, profile_id)
    line = session.get(UnitLine, device.id) or UnitLine(device_id=device.id)
    line.number = e164(number, field="number") if number.strip() else None
    line.profile_id = profile_id
    session.add(line)
    devices.changed(session, device, "voice")
    return line


def number_of(session: Session, device_id: UUID | None) -> str | None:
    """The unit's own number, if it has one."""
    line = session.get(UnitLine, device_id) if device_id else None
    return line.number if line else None


def keys(session: Session, device_id: UUID | None) -> Mapping[Command, str]:
    """What the unit understands: its profile, else what its protocol lays down, else nothing."""
    device = session.get(Device, device_id) if device_id else None
    if device is None:
        return {}
    line = session.get(UnitLine, device.id)
    profile = session.get(VoiceProfile, line.profile_id) if line and line.profile_id else None
    if profile is not None:
        return profile.keys
    return voice_profiles.BY_PROTOCOL.get(device.protocol, {})


def numbers(session: Session, alarm: Alarm) -> set[str]:
    """From which numbers the home of an alarm may ring us."""
    own = number_of(session, alarm.device_id)
    person_id = alarm.person_id
    if person_id is None and alarm.device_id is not None:
        person_id = get(session, Device, alarm.device_id).person_id
    found = set(session.scalars(select(Phone.number).where(Phone.person_id == person_id)))
    return found | ({own} if own else set())


def homes(session: Session, number: str) -> tuple[set[UUID], set[UUID]]:
    """The units and the people behind a number: (devices, people), both as ids."""
    people = set(session.scalars(select(Phone.person_id).where(Phone.number == number)))
    own = set(session.scalars(select(UnitLine.device_id).where(UnitLine.number == number)))
    units = set(
        session.scalars(
            select(Device.id).where(or_(Device.id.in_(own), Device.person_id.in_(people)))
        )
    )
    return units, people
