"""JSON for technicians: the doors, unknown accounts to adopt, faults and outages, devices."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, status
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from registry import access
from registry.access import Actor, Right
from registry.door import Me, allow
from registry.kit import beats, clock
from registry.kit.db import get, locked
from registry.kit.http import InTransaction
from registry.people import Person
from telecare import devices, doors, faults, outages, signals_api
from telecare.devices import Device
from telecare.outages import By
from telecare.protocols.base import Kind, Verdict
from telecare.signals_api import SignalOut

router = APIRouter(tags=["telecare"])

MANAGE = [allow(Right.MANAGE_DEVICES)]
MOST_FAULTS = 50
# Counters of a process that a technician reads.
READ = ("backlog", "held_back", "failed_commits", "left_unanswered", "slowest_commit", "devices")


class Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class RefusalsOut(Out):
    verdict: Verdict
    reason: str
    frames: int


class TestOut(Out):
    door: str
    tested_at: datetime
    passed_at: datetime | None
    took_ms: float | None
    failing_since: datetime | None
    reason: str


class DoorOut(Out):
    """One protocol. `minute`: frames of the last 60 s by way; `refused`: of the last hour.

    `turned_away`: what never became a frame, by reason, since the processes that run now began.
    """

    protocol: str
    minute: dict[str, int]
    minute_refused: int
    refused: list[RefusalsOut]
    turned_away: dict[str, int]
    heard_at: datetime | None
    connections: int | None
    tests: list[TestOut]
    last: list[SignalOut]


class UnknownOut(Out):
    protocol: str
    account: str
    frames: int
    first_at: datetime
    last_at: datetime
    kind: str
    path: str
    peer: str
    sealed: bool


class OutageOut(Out):
    id: UUID
    cause: Kind
    by: By
    name: str
    began_at: datetime
    devices: int
    most: int
    units: int


class FaultLine(Out):
    """An open fault outside every outage. The label is left out where the asker may not know."""

    id: UUID
    device_id: UUID
    protocol: str
    account: str
    label: str
    cause: Kind
    began_at: datetime
    told_at: datetime
    times: int


class DoorsOut(Out):
    at: datetime
    processes: list[dict[str, Any]]
    doors: list[DoorOut]
    unknown: list[UnknownOut]
    outages: list[OutageOut]
    faults: list[FaultLine]
    faults_open: int


class AdoptIn(BaseModel):
    protocol: Annotated[str, Field(max_length=40)]
    account: Annotated[str, Field(max_length=40)]


class CareIn(BaseModel):
    """What a technician sets of a device; what is left out, or an empty key, stays as it is."""

    key: Annotated[str | None, Field(max_length=80)] = None
    heartbeat_s: Annotated[int | None, Field(ge=0, le=devices.LONGEST_HEARTBEAT)] = None
    test_every_s: Annotated[int | None, Field(ge=0, le=devices.LONGEST_TEST)] = None
    label: Annotated[str | None, Field(max_length=120)] = None
    area: Annotated[str | None, Field(max_length=80)] = None
    carrier: Annotated[str | None, Field(max_length=80)] = None


class AdoptedOut(Out):
    id: UUID
    protocol: str
    account: str
    cipher: str
    heartbeat_s: int
    test_every_s: int
    label: str
    area: str
    carrier: str


@router.get("/doors", dependencies=MANAGE)
def read_doors(session: InTransaction, me: Me) -> DoorsOut:
    """What comes in at each door now, what is refused, and what needs a technician."""
    return DoorsOut(
        at=clock.now(),
        processes=[
            {"process": each.process, "kind": each.kind, "at": each.at}
            | {name: each.figures[name] for name in READ if name in each.figures}
            for each in beats.alive(session)
            if "backlog" in each.figures
        ],
        doors=[_door(session, each, me) for each in doors.all_(session)],
        unknown=[UnknownOut.model_validate(each) for each in doors.unknown(session)],
        outages=[OutageOut.model_validate(each) for each in outages.open_(session)],
        faults=_faults(session, me),
        faults_open=faults.count_open(session),
    )


@router.post("/doors/adopt", dependencies=MANAGE, status_code=status.HTTP_201_CREATED)
def adopt_account(wish: AdoptIn, session: InTransaction) -> AdoptedOut:
    """Make a device of an account that speaks with us; it is in nobody's home yet."""
    return AdoptedOut.model_validate(doors.adopt(session, wish.protocol, wish.account))


@router.post("/devices/{device_id}/care", dependencies=MANAGE)
def care_for_device(device_id: UUID, care: CareIn, session: InTransaction) -> AdoptedOut:
    device = locked(session, Device, device_id)
    wanted = care.model_dump(exclude_none=True)
    if not wanted.get("key"):
        wanted.pop("key", None)
    devices.care(session, device, **wanted)
    return AdoptedOut.model_validate(device)


@router.get("/devices/{device_id}/errors", dependencies=MANAGE)
def read_errors(device_id: UUID, session: InTransaction) -> dict[str, list[RefusalsOut]]:
    """What was refused of this unit within a day, by reason, the most frequent first."""
    found = doors.errors_of(session, get(session, Device, device_id))
    return {"items": [RefusalsOut.model_validate(each) for each in found]}


def _door(session: Session, door: doors.Door, me: Actor) -> DoorOut:
    facts = {name: getattr(door, name) for name in DoorOut.model_fields if name != "last"}
    return DoorOut.model_validate(facts | {"last": signals_api.shown(session, door.last, me)})


def _faults(session: Session, me: Actor) -> list[FaultLine]:
    """Newest first; what an outage explains is not told again one by one."""
    found = outages.single_faults(session, limit=MOST_FAULTS)
    people = {device.person_id for _, device in found if device.person_id is not None}
    seen = access.visible(select(Person.id).where(Person.id.in_(people)), Person.restricted, me)
    known = set(session.scalars(seen)) | {None}
    return [
        FaultLine(
            id=fault.id,
            device_id=device.id,
            protocol=device.protocol,
            account=device.account,
            label=device.label if device.person_id in known else "",
            cause=fault.cause,
            began_at=fault.began_at,
            told_at=fault.told_at,
            times=fault.times,
        )
        for fault, device in found
    ]
