"""A job for a technician: install, look after, mend or fetch a unit; over when it was tested."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import deadlines, journal
from registry.kit import clock
from registry.kit.db import Base, Id, get
from registry.kit.errors import Invalid, NotAllowed, WrongState
from registry.kit.sealed import SealedText
from registry.kit.states import move
from registry.people import Person
from registry.staff import Staff
from telecare import faults, signals, stock, subscribers
from telecare.devices import Device
from telecare.faults import Fault, Told
from telecare.protocols.base import Kind, Verdict
from telecare.signals import Signal

LATE = "telecare.tech_job_late"
# A press counts too: whoever installs a unit presses its button, and hears the room answer.
TESTS = (Kind.TEST, Kind.PERSONAL)


class JobKind(StrEnum):
    INSTALLATION = "installation"
    MAINTENANCE = "maintenance"
    FAULT = "fault"
    REMOVAL = "removal"


# Half of the installations in 2 working days, all in 5 (Camden Careline); a fault in 48 hours.
# None of it is law here: these are the moments after which a job is said to be late.
WITHIN = {
    JobKind.INSTALLATION: timedelta(days=5),
    JobKind.MAINTENANCE: timedelta(days=10),
    JobKind.FAULT: timedelta(hours=48),
    JobKind.REMOVAL: timedelta(days=10),
}


class JobState(StrEnum):
    WANTED = "wanted"
    TAKEN = "taken"
    TESTING = "testing"
    DONE = "done"
    CANCELLED = "cancelled"


STEPS = {
    JobState.WANTED: {JobState.TAKEN, JobState.CANCELLED},
    JobState.TAKEN: {JobState.WANTED, JobState.TESTING, JobState.DONE, JobState.CANCELLED},
    JobState.TESTING: {JobState.TAKEN, JobState.DONE, JobState.CANCELLED},
    JobState.DONE: set[JobState](),
    JobState.CANCELLED: set[JobState](),
}
OPEN = (JobState.WANTED, JobState.TAKEN, JobState.TESTING)


@dataclass(frozen=True, kw_only=True)
class TechJobWanted(journal.Event):
    tech_job_id: UUID
    what: str


@dataclass(frozen=True, kw_only=True)
class TechJobTaken(journal.Event):
    tech_job_id: UUID
    technician_id: UUID


@dataclass(frozen=True, kw_only=True)
class TechJobLate(journal.Event):
    tech_job_id: UUID


@dataclass(frozen=True, kw_only=True)
class TechJobEnded(journal.Event):
    tech_job_id: UUID
    what: str
    state: str


class TechJob(Base):
    """Of one unit, or of a home that is to get one."""

    __tablename__ = "tech_jobs"
    __table_args__ = (
        Index("ix_tech_jobs_open", "due_at", postgresql_where=text("ended_at IS NULL")),
        Index("ix_tech_jobs_device", "device_id"),
        # One click more makes no second job of the same fault.
        Index(
            "ux_tech_jobs_fault",
            "fault_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    kind: Mapped[JobKind]
    state: Mapped[JobState] = mapped_column(default=JobState.WANTED)
    device_id: Mapped[UUID | None] = mapped_column(ForeignKey(Device.id))
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey(Person.id))
    fault_id: Mapped[UUID | None] = mapped_column(ForeignKey(Fault.id))
    note: Mapped[str] = mapped_column(SealedText("tech_jobs.note"), default="")
    wanted_at: Mapped[datetime] = mapped_column(default=clock.now)
    wanted_by: Mapped[UUID | None] = mapped_column(ForeignKey(Staff.id))
    due_at: Mapped[datetime]
    late: Mapped[bool] = mapped_column(default=False)
    technician_id: Mapped[UUID | None] = mapped_column(ForeignKey(Staff.id))
    test_from: Mapped[datetime | None]
    # The signal that was really received as its test.
    test_signal_id: Mapped[UUID | None]
    report: Mapped[str] = mapped_column(SealedText("tech_jobs.report"), default="")
    ended_at: Mapped[datetime | None]


def want(
    session: Session,
    kind: JobKind,
    *,
    device: Device | None = None,
    person_id: UUID | None = None,
    fault: Fault | None = None,
    note: str = "",
    by: UUID | None = None,
) -> TechJob:
    """Ask for a technician. Asked again for the same fault, it is the same job."""
    if fault is not None:
        same = select(TechJob).where(TechJob.fault_id == fault.id, TechJob.ended_at.is_(None))
        known = session.scalar(same)
        if known is not None:
            return known
    person_id = person_id or (device.person_id if device else None)
    if device is None and person_id is None:
        raise Invalid("Say for which unit or for whose home", field="device_id")
    if device is None and kind is not JobKind.INSTALLATION:
        raise Invalid("Say for which unit", field="device_id")
    made = TechJob(
        kind=kind,
        device_id=device.id if device else None,
        person_id=person_id,
        fault_id=fault.id if fault else None,
        note=note.strip(),
        wanted_by=by,
        due_at=clock.now() + WITHIN[kind],
    )
    session.add(made)
    session.flush()
    deadlines.set_(session, LATE, made.id, made.due_at)
    wanted = TechJobWanted(tech_job_id=made.id, what=kind, person_id=person_id)
    journal.record(session, wanted)
    return made


def late(session: Session, job_id: UUID) -> None:
    """Its time is over and nobody has ended it: it is said, and said again each day."""
    job = get(session, TechJob, job_id)
    if job.ended_at is not None:
        return
    job.late = True
    deadlines.set_(session, LATE, job.id, clock.now() + timedelta(days=1))
    journal.record(session, TechJobLate(tech_job_id=job.id, person_id=job.person_id))


def take(session: Session, job: TechJob, technician_id: UUID) -> None:
    """The technician goes; taking one's own again does nothing."""
    if job.technician_id == technician_id and job.state in {JobState.TAKEN, JobState.TESTING}:
        return
    move(job, JobState.TAKEN, STEPS)
    job.technician_id = technician_id
    taken = TechJobTaken(tech_job_id=job.id, technician_id=technician_id, person_id=job.person_id)
    journal.record(session, taken)


def give_back(job: TechJob, technician_id: UUID) -> None:
    """Somebody else shall go."""
    mine(job, technician_id)
    if job.state is JobState.TESTING:
        move(job, JobState.TAKEN, STEPS)
    move(job, JobState.WANTED, STEPS)
    job.technician_id = None


def mine(job: TechJob, technician_id: UUID | None) -> None:
    """Raise NotAllowed unless the job was taken by this technician."""
    if technician_id is None or job.technician_id != technician_id:
        raise NotAllowed("Take the job first")


def install(session: Session, job: TechJob, device: Device) -> None:
    """The unit whose label was read is the one of this job, and stands in its home from now on."""
    if job.kind is not JobKind.INSTALLATION or job.person_id is None:
        raise WrongState("This job is not an installation")
    if device.person_id is not None and device.person_id != job.person_id:
        raise Invalid("This unit stands in another home", field="code")
    if device.person_id is None:
        subscribers.assign(session, device, get(session, Person, job.person_id))
    job.device_id = device.id
    job.test_signal_id = job.test_from = None
    if job.state is JobState.TESTING:
        move(job, JobState.TAKEN, STEPS)


def begin_test(job: TechJob) -> None:
    """From now on a test or a press of this unit is the test of this job."""
    if job.device_id is None:
        raise WrongState("Read the label of the unit first")
    if job.state is not JobState.TESTING:
        move(job, JobState.TESTING, STEPS)
    job.test_from = clock.now()
    job.test_signal_id = None


def test_of(session: Session, job: TechJob) -> Signal | None:
    """The first test or press that was really received since the technician began to test."""
    if job.test_signal_id is not None:
        return session.get(Signal, job.test_signal_id)
    if job.test_from is None or job.device_id is None:
        return None
    device = get(session, Device, job.device_id)
    wanted = select(Signal).where(
        Signal.account == device.account,
        Signal.protocol == device.protocol,
        Signal.verdict == Verdict.GOOD,
        Signal.kind.in_(TESTS),
        Signal.arrived_at >= job.test_from,
    )
    return session.scalar(wanted.order_by(Signal.id).limit(1))


def finish(session: Session, job: TechJob, *, report: str) -> None:
    """It is done: with a test really received, but for a unit that was fetched away.

    The fault of the job is over with it, if the unit has not said so itself.
    """
    if not report.strip():
        raise Invalid("Write in a few words what you did", field="report")
    if job.kind is JobKind.REMOVAL:
        if job.device_id is not None:
            stock.take_back(session, get(session, Device, job.device_id))
    else:
        received = test_of(session, job)
        if received is None:
            raise WrongState("No test of this unit has been received yet")
        job.test_signal_id = received.id
    _end(session, job, JobState.DONE, report)
    fault = session.get(Fault, job.fault_id) if job.fault_id else None
    if fault is not None and fault.ended_at is None:
        over = Told(fault.device_id, fault.cause, clock.now(), over=True)
        journal.record_many(session, faults.tell(signals.cursor_of(session), [over]))


def cancel(session: Session, job: TechJob, *, report: str) -> None:
    """Nobody has to go any more."""
    if not report.strip():
        raise Invalid("Write why nobody has to go", field="report")
    _end(session, job, JobState.CANCELLED, report)


def _end(session: Session, job: TechJob, to: JobState, report: str) -> None:
    move(job, to, STEPS)
    job.report = report.strip()
    job.ended_at = clock.now()
    deadlines.cancel(session, LATE, job.id)
    ended = TechJobEnded(tech_job_id=job.id, what=job.kind, state=to, person_id=job.person_id)
    journal.record(session, ended)
    session.flush()


def open_(session: Session, technician_id: UUID | None = None) -> list[TechJob]:
    """All that are open, the most urgent first; or those of one technician and the free ones."""
    wanted = select(TechJob).where(TechJob.ended_at.is_(None))
    if technician_id is not None:
        wanted = wanted.where(
            (TechJob.technician_id == technician_id) | TechJob.technician_id.is_(None)
        )
    return list(session.scalars(wanted.order_by(TechJob.due_at, TechJob.id).limit(200)))


def of_device(session: Session, device_id: UUID) -> list[TechJob]:
    wanted = select(TechJob).where(TechJob.device_id == device_id)
    return list(session.scalars(wanted.order_by(TechJob.id.desc()).limit(50)))
