"""A voice profile: which keys a kind of home unit takes for which command while one speaks."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from callcenter import tones
from registry import journal
from registry.kit.db import Base, Id
from registry.kit.errors import Invalid
from telecare import devices


class Command(StrEnum):
    """What an operator can tell a unit during a conversation, in the order of the screen."""

    LISTEN = "listen"
    TALK = "talk"
    DUPLEX = "duplex"
    SOFTER = "softer"
    LOUDER = "louder"
    DOOR = "door"
    CLEAR_DOWN = "clear_down"


# The last one is never a button: it comes by itself before the line is cut.
BUTTONS = tuple(each for each in Command if each is not Command.CLEAR_DOWN)

# SS 91100 (SCAIP), voice control by DTMF. One maker swaps 1 and 3: that is a profile of its own.
SCAIP: Mapping[Command, str] = {
    Command.CLEAR_DOWN: "0",
    Command.SOFTER: "1",
    Command.LOUDER: "3",
    Command.DUPLEX: "4",
    Command.LISTEN: "7",
    Command.TALK: "8",
    Command.DOOR: "9",
}
# What holds for a unit without a profile of its own, by what it speaks.
BY_PROTOCOL: Mapping[str, Mapping[Command, str]] = {devices.SCAIP: SCAIP}


@dataclass(frozen=True, kw_only=True)
class VoiceProfileWritten(journal.Event):
    profile_id: UUID


class VoiceProfile(Base):
    """Keys by command; an empty one: the unit has no such command."""

    __tablename__ = "voice_profiles"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    listen: Mapped[str] = mapped_column(default="")
    talk: Mapped[str] = mapped_column(default="")
    duplex: Mapped[str] = mapped_column(default="")
    softer: Mapped[str] = mapped_column(default="")
    louder: Mapped[str] = mapped_column(default="")
    door: Mapped[str] = mapped_column(default="")
    clear_down: Mapped[str] = mapped_column(default="")

    @property
    def keys(self) -> dict[Command, str]:
        found = {each: str(getattr(self, each.value)) for each in Command}
        return {each: keys for each, keys in found.items() if keys}


def write(session: Session, name: str, keys: Mapping[Command, str]) -> VoiceProfile:
    """A new profile, or the keys of the one with this name. Raises Invalid, naming the field."""
    name = name.strip()
    if not name:
        raise Invalid("Write the name of the profile", field="name")
    found = session.scalar(select(VoiceProfile).where(VoiceProfile.name == name))
    profile = found or VoiceProfile(name=name)
    for command in Command:
        digits = keys.get(command, "").strip().upper().replace("W", "w")
        if digits and not tones.DIGITS.fullmatch(digits):
            raise Invalid("Tones are 1 to 16 of the keys 0–9, *, # and A–D", field=command.value)
        setattr(profile, command.value, digits)
    session.add(profile)
    session.flush()
    journal.record(session, VoiceProfileWritten(profile_id=profile.id))
    return profile


def all_(session: Session) -> list[VoiceProfile]:
    return list(session.scalars(select(VoiceProfile).order_by(VoiceProfile.name)))
