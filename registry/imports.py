"""An import: people from another registry, row by row, none twice and none lost."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import deadlines, journal
from registry.kit import clock
from registry.kit.db import Base, Id
from registry.kit.errors import Invalid
from registry.kit.sealed import Sealed
from registry.kit.states import move

# Kept by a worker, a stretch at a time; bound in webconsole/wiring.py.
RUN = "registry.run_import"
LISTED = 20


class ImportState(StrEnum):
    UPLOADED = "uploaded"  # the file is here; nobody has said which column is what
    CHECKING = "checking"  # every row is tried and nothing is written
    CHECKED = "checked"
    RUNNING = "running"
    STOPPED = "stopped"
    DONE = "done"


STEPS = {
    ImportState.UPLOADED: {ImportState.CHECKING},
    ImportState.CHECKING: {ImportState.CHECKED, ImportState.STOPPED},
    ImportState.CHECKED: {ImportState.CHECKING, ImportState.RUNNING},
    ImportState.RUNNING: {ImportState.DONE, ImportState.STOPPED},
    ImportState.STOPPED: {ImportState.CHECKING, ImportState.RUNNING},
    ImportState.DONE: set[ImportState](),
}


@dataclass(frozen=True, kw_only=True)
class ImportMoved(journal.Event):
    """An import was begun, stopped or has ended."""

    import_id: UUID
    state: str
    made: int


class Import(Base):
    """One file of one other registry, and how far it has come."""

    __tablename__ = "imports"

    id: Mapped[Id]
    staff_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))
    file_name: Mapped[str]
    # Whose registry it is: its own codes are kept under this name.
    source: Mapped[str]
    # Read when a worker begins, never with the row: a list of imports would weigh a gigabyte.
    content: Mapped[bytes] = mapped_column(Sealed("imports.content", house=True), deferred=True)
    # Field of ours -> heading of theirs.
    mapping: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[ImportState] = mapped_column(default=ImportState.UPLOADED)
    # After a stop: whether it was the trial or the real thing.
    for_real: Mapped[bool] = mapped_column(default=False)
    total: Mapped[int] = mapped_column(default=0)
    # Rows that are dealt with, in the order of the file.
    done: Mapped[int] = mapped_column(default=0)
    made: Mapped[int] = mapped_column(default=0)
    already: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    ended_at: Mapped[datetime | None]

    @property
    def going(self) -> bool:
        return self.state in {ImportState.CHECKING, ImportState.RUNNING}


class Refusal(Base):
    """A row that was not taken, and why: never what stood in it."""

    __tablename__ = "import_refusals"

    import_id: Mapped[UUID] = mapped_column(ForeignKey("imports.id"), primary_key=True)
    row: Mapped[int] = mapped_column(primary_key=True)
    field: Mapped[str] = mapped_column(default="")
    message: Mapped[str]


def begin(session: Session, job: Import, *, for_real: bool) -> None:
    """Try every row, or take them in; a worker goes on from the first row."""
    if not job.mapping:
        raise Invalid("Say which column is what first")
    move(job, ImportState.RUNNING if for_real else ImportState.CHECKING, STEPS)
    job.for_real = for_real
    job.done = job.made = job.already = job.refused = 0
    session.query(Refusal).where(Refusal.import_id == job.id).delete()
    _moved(session, job)
    deadlines.set_(session, RUN, job.id, clock.now())


def stop(session: Session, job: Import) -> None:
    """After the stretch that is being written now."""
    move(job, ImportState.STOPPED, STEPS)
    deadlines.cancel(session, RUN, job.id)
    _moved(session, job)


def resume(session: Session, job: Import) -> None:
    """Go on after the last row that was dealt with."""
    move(job, ImportState.RUNNING if job.for_real else ImportState.CHECKING, STEPS)
    _moved(session, job)
    deadlines.set_(session, RUN, job.id, clock.now())


def ended(session: Session, job: Import) -> None:
    """The last row is dealt with."""
    move(job, ImportState.DONE if job.for_real else ImportState.CHECKED, STEPS)
    job.ended_at = clock.now()
    _moved(session, job)


def _moved(session: Session, job: Import) -> None:
    session.flush()
    journal.record(session, ImportMoved(import_id=job.id, state=job.state, made=job.made))


def refusals(session: Session, job: Import, limit: int | None = None) -> list[Refusal]:
    """In the order of the file."""
    wanted = select(Refusal).where(Refusal.import_id == job.id).order_by(Refusal.row)
    return list(session.scalars(wanted.limit(limit) if limit else wanted))


def latest(session: Session) -> list[Import]:
    """The newest first."""
    return list(session.scalars(select(Import).order_by(Import.id.desc()).limit(LISTED)))
