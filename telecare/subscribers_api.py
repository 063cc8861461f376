"""JSON of subscribers: the file, the way in, the contact ladder, absences."""

from datetime import datetime, time
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, status
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from sqlalchemy.orm import Session

from dispatch.rota import HOME_ZONE
from registry import listed, people
from registry.access import Actor, Right
from registry.door import Me, allow
from registry.kit import clock
from registry.kit.db import locked
from registry.kit.errors import NotFound
from registry.kit.http import InTransaction
from registry.people import Person
from telecare import absences, ladder, subscribers
from telecare.absences import Absence, Reason
from telecare.ladder import Rung
from telecare.subscribers import WhyIn

router = APIRouter(prefix="/subscribers", tags=["telecare"])

READ = [allow(Right.ANSWER_ALARMS)]
WRITE = [allow(Right.WRITE_PEOPLE)]
Text = Annotated[str, Field(max_length=4000)]
Line = Annotated[str, Field(max_length=200)]


def at_home(moment: datetime) -> datetime:
    """A moment written without a zone is local time of the centre."""
    return moment if moment.tzinfo else moment.replace(tzinfo=HOME_ZONE)


Local = Annotated[datetime, AfterValidator(at_home)]


class Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class RowOut(BaseModel):
    """A line of the list."""

    person_id: UUID
    name: str
    town: str
    accounts: list[str]
    # Whether they are away now, and until when if that is known.
    away: bool
    away_until: datetime | None


class RungOut(BaseModel):
    id: UUID
    name: str
    relation: str
    phone: str
    holds_keys: bool
    days: str
    starts: time
    ends: time
    language: str
    by_system: bool
    reachable: bool


class AbsenceOut(Out):
    id: UUID
    reason: Reason
    begins_at: datetime
    ends_at: datetime | None


class FileOut(BaseModel):
    """The file without the way in, which is asked for apart."""

    person_id: UUID
    doctor: str
    doctor_phone: str
    health: str
    services: str
    consent_at: datetime | None
    has_way_in: bool
    open_alarms: list[UUID]
    ladder: list[RungOut]
    absences: list[AbsenceOut]


class FileIn(BaseModel):
    way_in: Text | None = None
    doctor: Line | None = None
    doctor_phone: Line | None = None
    health: Text | None = None
    services: Text | None = None
    consent: bool | None = None


class AskedIn(BaseModel):
    why: WhyIn | None = None


class WayInOut(Out):
    """`door`: whether there is a photo of it, to be asked for with the same reason."""

    text: str
    at_the_door: str
    door: Annotated[bool, BeforeValidator(bool)]


class RungIn(BaseModel):
    name: Line
    phone: Annotated[str, Field(max_length=40)]
    relation: Line = ""
    holds_keys: bool = False


class ReachIn(BaseModel):
    days: Annotated[str, Field(pattern=r"^[1-7]{0,7}$")] = ladder.EVERY_DAY
    starts: time = ladder.MIDNIGHT
    ends: time = ladder.MIDNIGHT
    language: Annotated[str, Field(pattern=r"^[a-z]{2}$")] = "it"
    by_system: bool = True


class OrderIn(BaseModel):
    ids: Annotated[list[UUID], Field(max_length=50)]


class AbsenceIn(BaseModel):
    reason: Reason
    begins_at: Local | None = None
    ends_at: Local | None = None


@router.get("", dependencies=READ)
def list_subscribers(
    session: InTransaction,
    me: Me,
    q: Annotated[str, Query(max_length=200)] = "",
    after: UUID | None = None,
) -> dict[str, Any]:
    """In the order of their files; `after` is what the page before gave as `next`."""
    found = subscribers.listed(session, me, words=q.replace("\0", ""), after=after)
    listed.note(session, "subscribers", (each.id for each in found))
    ids = [person.id for person in found]
    units, gone = subscribers.units(session, ids), absences.now_away(session, set(ids))
    items = [
        RowOut(
            person_id=person.id,
            name=person.name,
            town=person.home.town if person.home else "",
            accounts=[unit.account for unit in units.get(person.id, [])],
            away=person.id in gone,
            away_until=gone.get(person.id),
        )
        for person in found
    ]
    full = len(found) == subscribers.PAGE
    return {"items": items, "next": found[-1].id if full else None}


@router.get("/{person_id}", dependencies=READ)
def read_subscriber(person_id: UUID, session: InTransaction, me: Me) -> FileOut:
    return _file(session, _person(session, person_id, me))


@router.post("/{person_id}", dependencies=WRITE)
def write_subscriber(person_id: UUID, written: FileIn, session: InTransaction, me: Me) -> FileOut:
    """Only the fields that are given."""
    person = _person(session, person_id, me)
    given = written.model_dump(exclude_none=True)
    if "consent" in given:
        given["consent_at"] = clock.now() if given.pop("consent") else None
    subscribers.write(session, person.id, **given)
    return _file(session, person)


@router.post("/{person_id}/way-in", dependencies=[allow(Right.ANSWER_ALARMS, Right.READ_PEOPLE)])
def read_way_in(person_id: UUID, asked: AskedIn, session: InTransaction, me: Me) -> WayInOut:
    """How to get in: while an alarm is open, else with a reason; written in the journal."""
    person = _person(session, person_id, me)
    return WayInOut.model_validate(subscribers.way_in(session, person, me, why=asked.why))


@router.post("/{person_id}/contacts", dependencies=WRITE, status_code=status.HTTP_201_CREATED)
def add_contact(person_id: UUID, new: RungIn, session: InTransaction, me: Me) -> list[RungOut]:
    person = _held(session, person_id, me)
    ladder.add(session, person, **new.model_dump())
    return _rungs(session, person)


@router.post("/{person_id}/contacts/order", dependencies=WRITE)
def arrange(person_id: UUID, order: OrderIn, session: InTransaction, me: Me) -> list[RungOut]:
    person = _held(session, person_id, me)
    ladder.arrange(session, person, order.ids)
    return _rungs(session, person)


@router.post("/{person_id}/contacts/{near_id}", dependencies=WRITE)
def set_reach(
    person_id: UUID, near_id: UUID, reach: ReachIn, session: InTransaction, me: Me
) -> list[RungOut]:
    """When and how this contact can be called."""
    person = _held(session, person_id, me)
    ladder.set_reach(session, person, near_id, **reach.model_dump())
    return _rungs(session, person)


@router.post("/{person_id}/contacts/{near_id}/remove", dependencies=WRITE)
def remove(person_id: UUID, near_id: UUID, session: InTransaction, me: Me) -> list[RungOut]:
    person = _held(session, person_id, me)
    ladder.remove(session, person, near_id)
    return _rungs(session, person)


@router.post("/{person_id}/absences", dependencies=WRITE, status_code=status.HTTP_201_CREATED)
def record_absence(person_id: UUID, new: AbsenceIn, session: InTransaction, me: Me) -> AbsenceOut:
    person = _person(session, person_id, me)
    made = absences.declare(session, person, by=me.staff_id, **new.model_dump())
    return AbsenceOut.model_validate(made)


@router.post("/{person_id}/absences/{absence_id}/end", dependencies=WRITE)
def end_absence(person_id: UUID, absence_id: UUID, session: InTransaction, me: Me) -> AbsenceOut:
    person = _person(session, person_id, me)
    absence = locked(session, Absence, absence_id)
    if absence.person_id != person.id:
        raise NotFound("There is no such %(thing)s", thing="absence")
    absences.end(session, absence)
    return AbsenceOut.model_validate(absence)


def _person(session: Session, person_id: UUID, me: Actor) -> Person:
    return people.read(session, person_id, me, why="telecare")


def _held(session: Session, person_id: UUID, me: Actor) -> Person:
    """The person, with the ladder to ourselves for this transaction."""
    person = _person(session, person_id, me)
    ladder.hold(session, person)
    return person


def _file(session: Session, person: Person) -> FileOut:
    known = subscribers.of_person(session, person.id)
    return FileOut(
        person_id=person.id,
        doctor=known.doctor if known else "",
        doctor_phone=known.doctor_phone if known else "",
        health=known.health if known else "",
        services=known.services if known else "",
        consent_at=known.consent_at if known else None,
        has_way_in=known.has_way_in if known else False,
        open_alarms=[each.id for each in subscribers.open_alarms(session, person.id)],
        ladder=_rungs(session, person),
        absences=[
            AbsenceOut.model_validate(each) for each in absences.of_person(session, person.id)
        ],
    )


def _rungs(session: Session, person: Person) -> list[RungOut]:
    now = clock.now()
    return [_rung(each, now) for each in ladder.of(session, person)]


def _rung(rung: Rung, now: datetime) -> RungOut:
    near = rung.near
    return RungOut(
        id=near.id,
        name=near.name,
        relation=near.relation,
        phone=near.phone,
        holds_keys=near.holds_keys,
        days=rung.days,
        starts=rung.starts,
        ends=rung.ends,
        language=rung.language,
        by_system=rung.by_system,
        reachable=rung.reachable(now),
    )
