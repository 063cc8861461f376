"""JSON of telecare: what arrived, the alarms and what is done about them, the home units."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, status
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.api import PlaceIn
from dispatch.interventions import Priority
from registry import access, people
from registry.access import Actor, Right
from registry.door import Me, allow
from registry.kit.db import get, locked
from registry.kit.errors import NotAllowed
from registry.kit.http import InTransaction
from registry.people import Person
from telecare import (
    alarms,
    campaigns_api,
    code_book_api,
    contract_targets_api,
    devices,
    door_picture_api,
    doors_api,
    expected_tests_api,
    faults,
    planned_api,
    plans_api,
    response,
    same_home,
    signals_api,
    stock_api,
    storms_api,
    subscribers,
    subscribers_api,
    voice_api,
)
from telecare.alarms import Alarm, AlarmState, Outcome
from telecare.devices import Device
from telecare.faults import Fault
from telecare.protocols.base import Kind
from telecare.triage import Lane

router = APIRouter(tags=["telecare"])
router.include_router(subscribers_api.router)
router.include_router(door_picture_api.router)
router.include_router(plans_api.router)
router.include_router(planned_api.router)
router.include_router(signals_api.router)
router.include_router(storms_api.router)
router.include_router(campaigns_api.router)
router.include_router(stock_api.router)
router.include_router(doors_api.router)
router.include_router(voice_api.router)
router.include_router(contract_targets_api.router)
router.include_router(code_book_api.router)
router.include_router(expected_tests_api.router)

ANSWER = [allow(Right.ANSWER_ALARMS)]
READ = [allow(Right.ANSWER_ALARMS, Right.READ_SIGNALS)]
MANAGE = [allow(Right.MANAGE_DEVICES)]
Page = Annotated[int, Query(ge=1, le=200)]
Note = Annotated[str, Field(max_length=8000)]
Account = Annotated[str, Query(max_length=40)]


class Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class AlarmOut(Out):
    id: UUID
    account: str
    device_id: UUID | None
    person_id: UUID | None
    case_id: UUID | None
    signal_id: UUID
    kind: Kind
    lane: Lane
    code: str
    zone: str
    trusted: bool
    latitude: float | None
    longitude: float | None
    state: AlarmState
    level: int
    raised_at: datetime
    operator_id: UUID | None
    claimed_at: datetime | None
    answered_at: datetime | None
    called_off_at: datetime | None
    note: str
    outcome: Outcome | None
    closed_at: datetime | None


class DeviceOut(Out):
    """The key itself is never shown; `cipher` says how frames are protected."""

    id: UUID
    protocol: str
    account: str
    cipher: str
    heartbeat_s: int
    test_every_s: int
    label: str
    area: str
    carrier: str
    person_id: UUID | None
    address_id: UUID | None
    last_seen_at: datetime | None
    silent_since: datetime | None


class FaultOut(Out):
    id: UUID
    device_id: UUID
    cause: Kind
    began_at: datetime
    told_at: datetime
    times: int


class DeviceIn(BaseModel):
    account: Annotated[str, Field(max_length=40)]
    protocol: Annotated[str, Field(max_length=20)] = devices.DC09
    key: Annotated[str, Field(max_length=80)] = ""
    heartbeat_s: Annotated[int, Field(ge=0, le=7 * 86400)] = 0
    label: Annotated[str, Field(max_length=120)] = ""
    area: Annotated[str, Field(max_length=80)] = ""
    carrier: Annotated[str, Field(max_length=80)] = ""
    test_every_s: Annotated[int, Field(ge=0, le=devices.LONGEST_TEST)] = 0
    person_id: UUID | None = None


class NoteIn(BaseModel):
    note: Note


class CloseIn(BaseModel):
    """`others`: alarms of the same unit that end with it, as whoever closes it has seen them."""

    outcome: Outcome
    note: Note = ""
    others: list[UUID] = Field(default_factory=list, max_length=same_home.MOST)


class ContactIn(BaseModel):
    contact_id: UUID


class TeamIn(BaseModel):
    reason: Annotated[str, Field(max_length=2000)]
    priority: Priority | None = None
    needs: list[Annotated[str, Field(max_length=40)]] = []
    place: PlaceIn | None = None


class HomeIn(BaseModel):
    person_id: UUID


@router.get("/alarms", dependencies=READ)
def list_alarms(
    session: InTransaction,
    me: Me,
    state: AlarmState | None = None,
    account: Account | None = None,
    person_id: UUID | None = None,
    before: UUID | None = None,
    limit: Page = 50,
) -> dict[str, Any]:
    """Newest first; `before` is what the page before gave as `next`."""
    found = alarms.listed(
        session, state=state, account=account, person_id=person_id, before=before, limit=limit
    )
    return {"items": _shown(session, found, me), "next": _next(found, limit)}


@router.get("/alarms/{alarm_id}", dependencies=READ)
def read_alarm(alarm_id: UUID, session: InTransaction, me: Me) -> AlarmOut:
    return _shown(session, [get(session, Alarm, alarm_id)], me)[0]


@router.patch("/alarms/{alarm_id}", dependencies=ANSWER)
def write_note(alarm_id: UUID, typed: NoteIn, session: InTransaction, me: Me) -> AlarmOut:
    """Keep what is being typed."""
    alarm = _mine(session, alarm_id, me)
    alarms.write_note(alarm, typed.note)
    return _shown(session, [alarm], me)[0]


@router.post("/alarms/{alarm_id}/claim", dependencies=ANSWER)
def claim(alarm_id: UUID, session: InTransaction, me: Me) -> AlarmOut:
    alarm = locked(session, Alarm, alarm_id)
    alarms.claim(session, alarm, _person(me))
    return _shown(session, [alarm], me)[0]


@router.post("/alarms/{alarm_id}/hand-back", dependencies=ANSWER)
def hand_back(alarm_id: UUID, session: InTransaction, me: Me) -> AlarmOut:
    alarm = _mine(session, alarm_id, me)
    alarms.hand_back(session, alarm)
    return _shown(session, [alarm], me)[0]


@router.post(
    "/alarms/{alarm_id}/call-home", dependencies=ANSWER, status_code=status.HTTP_201_CREATED
)
def call_home(alarm_id: UUID, session: InTransaction, me: Me) -> dict[str, UUID]:
    return {"call_id": response.call_home(session, _mine(session, alarm_id, me), me).id}


@router.post(
    "/alarms/{alarm_id}/call-contact", dependencies=ANSWER, status_code=status.HTTP_201_CREATED
)
def call_contact(
    alarm_id: UUID, whom: ContactIn, session: InTransaction, me: Me
) -> dict[str, UUID]:
    alarm = _mine(session, alarm_id, me)
    return {"call_id": response.call_contact(session, alarm, me, whom.contact_id).id}


@router.post(
    "/alarms/{alarm_id}/ask-for-team", dependencies=ANSWER, status_code=status.HTTP_201_CREATED
)
def ask_for_team(alarm_id: UUID, wish: TeamIn, session: InTransaction, me: Me) -> dict[str, UUID]:
    intervention = response.ask_for_team(
        session,
        _mine(session, alarm_id, me),
        me,
        reason=wish.reason,
        priority=wish.priority,
        needs=frozenset(wish.needs),
        place=wish.place.place if wish.place else None,
    )
    return {"intervention_id": intervention.id}


@router.post("/alarms/{alarm_id}/close", dependencies=ANSWER)
def close(alarm_id: UUID, how: CloseIn, session: InTransaction, me: Me) -> AlarmOut:
    alarm = _mine(session, alarm_id, me)
    same_home.close(
        session, alarm, _person(me), outcome=how.outcome, note=how.note, others=how.others
    )
    return _shown(session, [alarm], me)[0]


@router.get("/faults", dependencies=READ)
def list_faults(session: InTransaction, limit: Page = 100) -> dict[str, list[FaultOut]]:
    """Open technical faults, newest first."""
    found: list[Fault] = faults.open_(session, limit=limit)
    return {"items": [FaultOut.model_validate(each) for each in found]}


@router.get("/devices", dependencies=READ)
def list_devices(
    session: InTransaction,
    me: Me,
    account: Account | None = None,
    after: UUID | None = None,
    limit: Page = 50,
) -> dict[str, Any]:
    """In the order in which they were added; `after` is what the page before gave as `next`."""
    found = devices.listed(session, account=account, after=after, limit=limit)
    known = _known(session, (each.person_id for each in found), me)
    items = [DeviceOut.model_validate(each) for each in found]
    for each in items:
        each.person_id = each.person_id if each.person_id in known else None
    return {"items": items, "next": _next(found, limit)}


@router.post("/devices", dependencies=MANAGE, status_code=status.HTTP_201_CREATED)
def add_device(new: DeviceIn, session: InTransaction, me: Me) -> DeviceOut:
    device = devices.add(session, **new.model_dump(exclude={"person_id"}))
    if new.person_id is not None:
        person = people.read(session, new.person_id, me, why="device")
        subscribers.assign(session, device, person)
    return DeviceOut.model_validate(device)


@router.post("/devices/{device_id}/home", dependencies=MANAGE)
def assign_device(device_id: UUID, home: HomeIn, session: InTransaction, me: Me) -> DeviceOut:
    """Put the unit into somebody's home."""
    device = locked(session, Device, device_id)
    subscribers.assign(session, device, people.read(session, home.person_id, me, why="device"))
    return DeviceOut.model_validate(device)


def _person(me: Actor) -> UUID:
    if me.staff_id is None:
        raise NotAllowed("Only a person can take an alarm")
    return me.staff_id


def _mine(session: Session, alarm_id: UUID, me: Actor) -> Alarm:
    alarm = locked(session, Alarm, alarm_id)
    alarms.held_by(session, alarm, _person(me))
    return alarm


def _shown(session: Session, found: list[Alarm], me: Actor) -> list[AlarmOut]:
    """Without the person where the asker may not know of them."""
    known = _known(session, (each.person_id for each in found), me)
    items = [AlarmOut.model_validate(each) for each in found]
    for each in items:
        each.person_id = each.person_id if each.person_id in known else None
    return items


def _known(session: Session, ids: Iterable[UUID | None], me: Actor) -> set[UUID | None]:
    wanted = select(Person.id).where(Person.id.in_({each for each in ids if each is not None}))
    return set(session.scalars(access.visible(wanted, Person.restricted, me)))


def _next(found: list[Any], limit: int) -> UUID | None:
    return found[-1].id if len(found) == limit else None
