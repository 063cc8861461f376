"""JSON of the store and of technicians: models, what a unit is, jobs from wish to received test."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response, status
from pydantic import BaseModel, ConfigDict, Field

from registry import people
from registry.access import Actor, Right
from registry.door import Me, allow
from registry.kit.db import get, locked
from registry.kit.errors import NotAllowed
from registry.kit.http import InTransaction
from telecare import devices, stock, subscribers, tech_jobs
from telecare.devices import Device
from telecare.faults import Fault
from telecare.stock import StockState
from telecare.tech_jobs import JobKind, JobState, TechJob

router = APIRouter(tags=["telecare"])
MANAGE = [allow(Right.MANAGE_DEVICES)]
# Operators see a fault first; they may send for a technician, and do not touch the unit.
WANT = [allow(Right.MANAGE_DEVICES, Right.ANSWER_ALARMS)]
HOMES = [allow(Right.MANAGE_DEVICES), allow(Right.READ_PEOPLE)]
Words = Annotated[str, Field(max_length=2000)]


class Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class ModelIn(BaseModel):
    name: Annotated[str, Field(max_length=80)]
    protocol: Annotated[str, Field(max_length=40)]
    heartbeat_s: Annotated[int, Field(ge=0, le=devices.LONGEST_HEARTBEAT)] = 0
    test_every_s: Annotated[int, Field(ge=0, le=devices.LONGEST_TEST)] = 0
    voice_profile_id: UUID | None = None


class ModelOut(Out):
    id: UUID
    name: str
    protocol: str
    heartbeat_s: int
    test_every_s: int
    voice_profile_id: UUID | None


class StockIn(BaseModel):
    """`model_id` empty: no model."""

    model_id: UUID | str | None = None
    serial: Annotated[str, Field(max_length=60)] = ""
    sim: Annotated[str, Field(max_length=30)] = ""


class StockOut(Out):
    device_id: UUID
    code: str
    model_id: UUID | None
    serial: str
    sim: str
    state: StockState


class InHomeIn(BaseModel):
    """Whose home, by a number that reaches them."""

    phone: Annotated[str, Field(max_length=40)]


class JobIn(BaseModel):
    kind: JobKind
    device_id: UUID | None = None
    person_id: UUID | None = None
    note: Words = ""


class CodeIn(BaseModel):
    code: Annotated[str, Field(max_length=40)]


class ReportIn(BaseModel):
    report: Words = ""


class JobOut(Out):
    """Without a person: where to go stands on the technician's page, for whoever took the job."""

    id: UUID
    kind: JobKind
    state: JobState
    device_id: UUID | None
    fault_id: UUID | None
    wanted_at: datetime
    due_at: datetime
    late: bool
    technician_id: UUID | None
    test_from: datetime | None
    tested_at: datetime | None = None
    ended_at: datetime | None


@router.get("/device-models", dependencies=MANAGE)
def list_models(session: InTransaction) -> list[ModelOut]:
    return [ModelOut.model_validate(each) for each in stock.models(session)]


@router.post("/device-models", dependencies=MANAGE)
def write_model(new: ModelIn, session: InTransaction) -> ModelOut:
    """A new one, or what the one of this name can do from now on."""
    return ModelOut.model_validate(stock.write_model(session, **new.model_dump()))


@router.post("/devices/{device_id}/stock", dependencies=MANAGE)
def describe(device_id: UUID, what: StockIn, session: InTransaction) -> StockOut:
    device = locked(session, Device, device_id)
    model_id = UUID(str(what.model_id)) if what.model_id else None
    described = stock.describe(session, device, model_id=model_id, serial=what.serial, sim=what.sim)
    return StockOut.model_validate(described)


@router.post("/devices/{device_id}/in-home", dependencies=HOMES)
def put_in_home(device_id: UUID, home: InHomeIn, session: InTransaction, me: Me) -> StockOut:
    """Into the home that this number reaches."""
    device = locked(session, Device, device_id)
    subscribers.assign(session, device, subscribers.by_phone(session, home.phone, me))
    return StockOut.model_validate(stock.item(session, device))


@router.post(
    "/devices/{device_id}/take-back", dependencies=MANAGE, status_code=status.HTTP_204_NO_CONTENT
)
def take_back(device_id: UUID, session: InTransaction) -> Response:
    """Out of the home, into the store."""
    stock.take_back(session, locked(session, Device, device_id))
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@router.get("/tech-jobs", dependencies=WANT)
def list_jobs(session: InTransaction) -> list[JobOut]:
    return [JobOut.model_validate(each) for each in tech_jobs.open_(session)]


@router.post("/tech-jobs", dependencies=WANT, status_code=status.HTTP_201_CREATED)
def want_job(wish: JobIn, session: InTransaction, me: Me) -> JobOut:
    device = get(session, Device, wish.device_id) if wish.device_id else None
    if wish.person_id is not None:
        people.read(session, wish.person_id, me, why="tech_job")
    made = tech_jobs.want(
        session,
        wish.kind,
        device=device,
        person_id=wish.person_id,
        note=wish.note,
        by=me.staff_id,
    )
    return JobOut.model_validate(made)


@router.post("/faults/{fault_id}/tech-job", dependencies=WANT)
def mend(fault_id: UUID, session: InTransaction, me: Me) -> JobOut:
    """A technician for this fault, in one click; a second click is the same job."""
    fault = locked(session, Fault, fault_id)
    device = get(session, Device, fault.device_id)
    made = tech_jobs.want(session, JobKind.FAULT, device=device, fault=fault, by=me.staff_id)
    return JobOut.model_validate(made)


@router.get("/tech-jobs/{tech_job_id}", dependencies=MANAGE)
def read_job(tech_job_id: UUID, session: InTransaction) -> JobOut:
    return _shown(session, get(session, TechJob, tech_job_id))


@router.post("/tech-jobs/{tech_job_id}/take", dependencies=MANAGE)
def take_job(tech_job_id: UUID, session: InTransaction, me: Me) -> JobOut:
    job = locked(session, TechJob, tech_job_id)
    if job.person_id is not None:
        people.read(session, job.person_id, me, why="tech_job")
    tech_jobs.take(session, job, _person(me))
    return _shown(session, job)


@router.post("/tech-jobs/{tech_job_id}/give-back", dependencies=MANAGE)
def give_job_back(tech_job_id: UUID, session: InTransaction, me: Me) -> JobOut:
    job = locked(session, TechJob, tech_job_id)
    tech_jobs.give_back(job, _person(me))
    return _shown(session, job)


@router.post("/tech-jobs/{tech_job_id}/unit", dependencies=MANAGE)
def install(tech_job_id: UUID, label: CodeIn, session: InTransaction, me: Me) -> JobOut:
    """The unit whose label was read goes into the home of this job."""
    job = locked(session, TechJob, tech_job_id)
    tech_jobs.mine(job, me.staff_id)
    found = stock.by_code(session, label.code)
    tech_jobs.install(session, job, locked(session, Device, found.id))
    return _shown(session, job)


@router.post("/tech-jobs/{tech_job_id}/test", dependencies=MANAGE)
def begin_test(tech_job_id: UUID, session: InTransaction, me: Me) -> JobOut:
    job = locked(session, TechJob, tech_job_id)
    tech_jobs.mine(job, me.staff_id)
    tech_jobs.begin_test(job)
    return _shown(session, job)


@router.post("/tech-jobs/{tech_job_id}/finish", dependencies=MANAGE)
def finish(tech_job_id: UUID, done: ReportIn, session: InTransaction, me: Me) -> JobOut:
    job = locked(session, TechJob, tech_job_id)
    tech_jobs.mine(job, me.staff_id)
    tech_jobs.finish(session, job, report=done.report)
    return _shown(session, job)


@router.post("/tech-jobs/{tech_job_id}/cancel", dependencies=MANAGE)
def cancel(tech_job_id: UUID, done: ReportIn, session: InTransaction) -> JobOut:
    job = locked(session, TechJob, tech_job_id)
    tech_jobs.cancel(session, job, report=done.report)
    return _shown(session, job)


def _shown(session: InTransaction, job: TechJob) -> JobOut:
    received = tech_jobs.test_of(session, job)
    shown = JobOut.model_validate(job)
    shown.tested_at = received.arrived_at if received else None
    return shown


def _person(me: Actor) -> UUID:
    if me.staff_id is None:
        raise NotAllowed("Only a person can go there")
    return me.staff_id
