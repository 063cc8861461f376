"""A case: the thread on which the calls, alarms and interventions of one matter hang."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Select, Sequence, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import access, case_states, codes, journal
from registry.access import Actor, Compartment
from registry.case_states import LIVE, STEPS, CaseState
from registry.codes import CodeList
from registry.kit import clock
from registry.kit.db import Base, Id
from registry.kit.errors import Invalid, NotAllowed, NotFound, WrongState
from registry.kit.sealed import SealedText
from registry.kit.states import move
from registry.people import Person

NUMBERS = Sequence("case_numbers", metadata=Base.metadata)


class Area(StrEnum):
    """Which of the services opened it (REQ 16 to 20)."""

    HELPLINE = "helpline"
    EMERGENCY = "emergency"
    TELECARE = "telecare"
    GUARDIANSHIP = "guardianship"
    SOCIAL_SERVICES = "social_services"


@dataclass(frozen=True, kw_only=True)
class CaseOpened(journal.Event):
    area: str


@dataclass(frozen=True, kw_only=True)
class CaseStageChanged(journal.Event):
    stage: str


@dataclass(frozen=True, kw_only=True)
class CaseSuspended(journal.Event):
    """Nothing is done for a while; alarms and calls still hang on it."""


@dataclass(frozen=True, kw_only=True)
class CaseClosed(journal.Event):
    outcome: str | None = None


@dataclass(frozen=True, kw_only=True)
class CaseReopened(journal.Event):
    """It goes on, after a rest or after its end."""


@dataclass(frozen=True, kw_only=True)
class PersonNamed(journal.Event):
    """The person of a case became known."""


class Case(Base):
    """One matter. The person may still be unknown (REQ 18)."""

    __tablename__ = "cases"

    id: Mapped[Id]
    number: Mapped[int] = mapped_column(NUMBERS, server_default=NUMBERS.next_value(), unique=True)
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"), index=True)
    title: Mapped[str] = mapped_column(SealedText("cases.title"), default="")
    area: Mapped[Area]
    state: Mapped[CaseState] = mapped_column(default=CaseState.OPEN)
    opened_at: Mapped[datetime] = mapped_column(default=clock.now)
    closed_at: Mapped[datetime | None]
    # Whoever lacks the compartment sees that there is a case, and not what it is about.
    compartment: Mapped[str | None]
    # How far it has come, or how it ended: a code of the lists of the plan.
    stage: Mapped[str | None]
    # Grows with every change that a form or a program makes: the ETag.
    version: Mapped[int] = mapped_column(default=1, server_default=text("1"))


def open_(
    session: Session,
    *,
    area: Area,
    person_id: UUID | None = None,
    title: str = "",
    compartment: Compartment | None = None,
    reason: str = "",
) -> Case:
    """`reason` is why the service takes it on; the first line of the case's history keeps it."""
    case = Case(person_id=person_id, title=title, area=area, compartment=compartment)
    session.add(case)
    session.flush()
    case_states.note(session, case.id, CaseState.OPEN, reason=reason)
    journal.record(session, CaseOpened(case_id=case.id, person_id=person_id, area=area))
    return case


def for_person(session: Session, person_id: UUID, *, area: Area) -> Case:
    """The person's open case of this area, or a new one."""
    # The person's row is held, so that two signals at once do not open two cases.
    session.execute(select(Person.id).where(Person.id == person_id).with_for_update(key_share=True))
    found = session.scalar(
        select(Case)
        .where(Case.person_id == person_id, Case.area == area, Case.state.in_(LIVE))
        .order_by(Case.opened_at.desc())
        .limit(1)
    )
    return found or open_(session, area=area, person_id=person_id)


def name_person(session: Session, case: Case, person: Person) -> None:
    """Now we know whom it is about. What it says is under that person's key from here on."""
    if case.person_id not in {None, person.id}:
        raise WrongState("The case is about somebody else already")
    case.person_id = person.id
    journal.record(session, PersonNamed(case_id=case.id, person_id=person.id))


def set_stage(session: Session, case: Case, stage: str, *, reason: str) -> None:
    """How far it has come, as the plan's list of stages says."""
    must_be_live(case)
    codes.check(session, CodeList.CASE_STAGE, [stage], clock.now().date())
    _changed(session, case, stage or None, reason)
    journal.record(
        session, CaseStageChanged(case_id=case.id, person_id=case.person_id, stage=stage)
    )


def suspend(session: Session, case: Case, *, reason: str) -> None:
    move(case, CaseState.SUSPENDED, STEPS)
    _changed(session, case, case.stage, reason)
    journal.record(session, CaseSuspended(case_id=case.id, person_id=case.person_id))


def close(session: Session, case: Case, *, reason: str, outcome: str | None = None) -> None:
    """`outcome` is a code of the plan's list of how cases end."""
    codes.check(session, CodeList.CASE_OUTCOME, [outcome or ""], clock.now().date())
    move(case, CaseState.CLOSED, STEPS)
    case.closed_at = clock.now()
    _changed(session, case, outcome or None, reason)
    journal.record(session, CaseClosed(case_id=case.id, person_id=case.person_id, outcome=outcome))


def reopen(session: Session, case: Case, *, reason: str) -> None:
    """Whoever followed it still does."""
    move(case, CaseState.OPEN, STEPS)
    if case.closed_at is not None:
        case.closed_at, case.stage = None, None
    _changed(session, case, case.stage, reason)
    journal.record(session, CaseReopened(case_id=case.id, person_id=case.person_id))


def _changed(session: Session, case: Case, stage: str | None, reason: str) -> None:
    if not reason.strip():
        raise Invalid("Write it in a few words", field="reason")
    case.stage = stage
    case.version += 1
    case_states.note(session, case.id, case.state, code=stage, reason=reason.strip())


def must_be_live(case: Case) -> None:
    """Raise WrongState when it has ended."""
    if case.state not in LIVE:
        raise WrongState("The case is closed. Reopen it first, with a reason")


def read(session: Session, case_id: UUID, actor: Actor) -> Case:
    """The case; NotFound also when it is about somebody whom the actor may not know of."""
    case = session.scalar(visible(actor).where(Case.id == case_id))
    if case is None:
        raise NotFound("There is no such %(thing)s", thing="case")
    return case


def held(session: Session, case_id: UUID, actor: Actor) -> Case:
    """The same to be changed, held until the transaction ends; NotAllowed in a closed part."""
    wanted = visible(actor).where(Case.id == case_id).with_for_update(of=Case)
    case = session.scalar(wanted.execution_options(populate_existing=True))
    if case is None:
        raise NotFound("There is no such %(thing)s", thing="case")
    if not access.sees(actor, case.compartment):
        raise NotAllowed("This is a reserved part of the file, and it is not open to you")
    return case


def by_number(session: Session, number: int, actor: Actor) -> Case | None:
    """The case that people call by this number, unless the actor may not know of it."""
    return session.scalar(visible(actor).where(Case.number == number))


def listed(
    session: Session,
    actor: Actor,
    *,
    person_id: UUID | None = None,
    after: int | None = None,
    limit: int = 50,
) -> list[Case]:
    """Newest first, those after the number `after` in that order."""
    wanted = visible(actor).order_by(Case.number.desc()).limit(limit)
    if person_id is not None:
        wanted = wanted.where(Case.person_id == person_id)
    if after is not None:
        wanted = wanted.where(Case.number < after)
    return list(session.scalars(wanted))


def visible(actor: Actor) -> Select[Case]:
    """Cases about nobody yet, and about those whom the actor may know of."""
    known = access.visible(select(Person.id), Person.restricted, actor)
    return select(Case).where(Case.person_id.is_(None) | Case.person_id.in_(known))


def of_person(session: Session, person_id: UUID) -> list[Case]:
    """Newest first."""
    return list(
        session.scalars(
            select(Case).where(Case.person_id == person_id).order_by(Case.opened_at.desc())
        )
    )


def closed_to(session: Session, person_id: UUID, actor: Actor) -> set[UUID]:
    """The person's cases in compartments that are not the actor's: their lines are blacked out."""
    return {
        case.id
        for case in of_person(session, person_id)
        if not access.sees(actor, case.compartment)
    }


def timeline(
    session: Session, case_id: UUID, *, limit: int = 200, before: int | None = None
) -> list[journal.Entry]:
    """What happened on the case, over all services, newest first."""
    return journal.of_case(session, case_id, limit=limit, before=before)
