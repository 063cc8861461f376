"""JSON of voice: the home's own call on its alarm, commands to its unit, lines and profiles."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, status
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from callcenter import tasks as call_tasks
from callcenter import tones
from callcenter.tones import TonesState
from registry.access import Actor, Right
from registry.door import Me, allow
from registry.kit.db import locked
from registry.kit.errors import NotAllowed
from registry.kit.http import InTransaction
from telecare import alarms, unit_calls, unit_lines, voice_profiles
from telecare.alarms import Alarm
from telecare.devices import Device
from telecare.voice_profiles import Command

router = APIRouter()
ANSWER = [allow(Right.ANSWER_ALARMS)]
MANAGE = [allow(Right.MANAGE_DEVICES)]
Keys = Annotated[str, Field(max_length=16)]


class Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class CallChosen(BaseModel):
    call_id: UUID


class CommandIn(BaseModel):
    command: Command


class TonesOut(Out):
    id: UUID
    call_id: UUID
    what: str
    state: TonesState


class ProfileIn(BaseModel):
    """The keys of a kind of unit; empty: it has no such command."""

    name: Annotated[str, Field(max_length=120)]
    listen: Keys = ""
    talk: Keys = ""
    duplex: Keys = ""
    softer: Keys = ""
    louder: Keys = ""
    door: Keys = ""
    clear_down: Keys = ""


class ProfileOut(Out, ProfileIn):
    id: UUID


class LineIn(BaseModel):
    number: Annotated[str, Field(max_length=40)] = ""
    # A form says nothing as an empty text.
    profile_id: UUID | Literal[""] | None = None


class UnitLineOut(Out):
    device_id: UUID
    number: str | None
    profile_id: UUID | None


@router.post("/alarms/{alarm_id}/attach-call", dependencies=ANSWER)
def attach_call(
    alarm_id: UUID, chosen: CallChosen, session: InTransaction, me: Me
) -> dict[str, UUID]:
    """Say which call is the home's."""
    alarm = _mine(session, alarm_id, me)
    unit_calls.attach(session, alarm, chosen.call_id, how="chosen")
    return {"call_id": chosen.call_id}


@router.post("/alarms/{alarm_id}/voice", dependencies=ANSWER, status_code=status.HTTP_201_CREATED)
def command_unit(alarm_id: UUID, said: CommandIn, session: InTransaction, me: Me) -> TonesOut:
    """Tell the unit on the line what to do: listen, talk, both, softer, louder, door."""
    alarm = _mine(session, alarm_id, me)
    made = unit_calls.command(session, alarm, said.command, _person(me))
    call_tasks.after_commit(session, tones.SEND, made.id)
    return TonesOut.model_validate(made)


@router.get("/voice-profiles", dependencies=MANAGE)
def list_profiles(session: InTransaction) -> list[ProfileOut]:
    return [ProfileOut.model_validate(each) for each in voice_profiles.all_(session)]


@router.post("/voice-profiles", dependencies=MANAGE, status_code=status.HTTP_201_CREATED)
def write_profile(new: ProfileIn, session: InTransaction) -> ProfileOut:
    """A new profile, or other keys for the one of this name."""
    keys = {each: getattr(new, each.value) for each in Command}
    return ProfileOut.model_validate(voice_profiles.write(session, new.name, keys))


@router.post("/devices/{device_id}/line", dependencies=MANAGE)
def write_line(device_id: UUID, new: LineIn, session: InTransaction) -> UnitLineOut:
    """The number the unit calls from, and what it understands."""
    device = locked(session, Device, device_id)
    made = unit_lines.write(session, device, number=new.number, profile_id=new.profile_id or None)
    return UnitLineOut.model_validate(made)


def _person(me: Actor) -> UUID:
    if me.staff_id is None:
        raise NotAllowed("Only a person can take an alarm")
    return me.staff_id


def _mine(session: Session, alarm_id: UUID, me: Actor) -> Alarm:
    alarm = locked(session, Alarm, alarm_id)
    alarms.held_by(session, alarm, _person(me))
    return alarm
