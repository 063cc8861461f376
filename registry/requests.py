"""A request: what somebody asked of us, how it was understood, and what came of it (REQ 4 to 8).

Which it is, a simple need or a complex one, is decided by somebody, for a reason: `triage`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Select, Sequence, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import access, cases, codes, contacts, journal
from registry.access import Actor, Compartment
from registry.access_points import AccessPoint
from registry.cases import Case
from registry.codes import CodeList
from registry.contacts import Channel, Contact
from registry.kit import clock
from registry.kit.db import Base, Id, get, locked
from registry.kit.errors import Invalid, NotAllowed, NotFound, WrongState
from registry.kit.sealed import SealedText
from registry.people import Person
from registry.request_states import STEPS, RequestState

NUMBERS = Sequence("request_numbers", metadata=Base.metadata)


class AsksAs(StrEnum):
    """Who speaks, with regard to the person concerned."""

    SELF = "self"
    FAMILY = "family"
    NEIGHBOUR = "neighbour"
    PROFESSIONAL = "professional"
    GUARDIAN = "guardian"
    OTHER = "other"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True, kw_only=True)
class RequestReceived(journal.Event):
    request_id: UUID
    channel: str


@dataclass(frozen=True, kw_only=True)
class RequestChanged(journal.Event):
    request_id: UUID


class Request(Base):
    """Expressed need: the caller's words. Recognised need: how an operator codes it (REQ 5)."""

    __tablename__ = "requests"
    __table_args__ = (
        CheckConstraint(
            "(state = 'taken_on') = (case_id IS NOT NULL)", name="only_what_is_taken_on_has_a_case"
        ),
        CheckConstraint(
            "state IN ('received', 'withdrawn') OR (triage_reason IS NOT NULL AND "
            "triaged_at IS NOT NULL)",
            name="a_decision_has_a_reason",
        ),
    )
    # Every change takes the next one: the ETag of the API, and what a form sends back.
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy reads it so

    id: Mapped[Id]
    number: Mapped[int] = mapped_column(NUMBERS, server_default=NUMBERS.next_value(), unique=True)
    state: Mapped[RequestState] = mapped_column(default=RequestState.RECEIVED, index=True)
    received_at: Mapped[datetime] = mapped_column(default=clock.now)
    channel: Mapped[Channel]
    access_point_id: Mapped[UUID | None] = mapped_column(ForeignKey("access_points.id"))
    staff_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))
    contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contacts.id"))
    # The call in which it was made; calls live above, in callcenter.
    call_id: Mapped[UUID | None]
    # Nobody: an anonymous request, or one about somebody not yet known.
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"), index=True)
    applicant_id: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"), index=True)
    asks_as: Mapped[AsksAs] = mapped_column(default=AsksAs.SELF)
    expressed: Mapped[str] = mapped_column(SealedText("requests.expressed"))
    expressed_need: Mapped[str | None]
    recognised_needs: Mapped[list[str]] = mapped_column(default=list)
    recognised: Mapped[str] = mapped_column(SealedText("requests.recognised"), default="")
    barriers: Mapped[list[str]] = mapped_column(default=list)
    triage_reason: Mapped[str | None] = mapped_column(SealedText("requests.triage_reason"))
    triaged_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))
    triaged_at: Mapped[datetime | None]
    answer: Mapped[str] = mapped_column(SealedText("requests.answer"), default="")
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))
    case_id: Mapped[UUID | None] = mapped_column(ForeignKey("cases.id"), unique=True)
    # Whoever lacks the compartment sees that somebody asked, and not what.
    compartment: Mapped[str | None]

    @property
    def open(self) -> bool:
        return bool(STEPS[self.state])


def receive(
    session: Session,
    actor: Actor,
    *,
    channel: Channel,
    expressed: str,
    expressed_need: str | None = None,
    person_id: UUID | None = None,
    applicant_id: UUID | None = None,
    asks_as: AsksAs = AsksAs.SELF,
    barriers: Iterable[str] = (),
    access_point_id: UUID | None = None,
    call_id: UUID | None = None,
    compartment: Compartment | None = None,
    id_: UUID | None = None,
) -> Request:
    """Write down what was asked, with a contact. Anonymous is allowed (REQ 11)."""
    expressed = said(expressed, "expressed")
    today = clock.now().date()
    needs = codes.check(session, CodeList.NEED, [expressed_need or ""], today)
    hindered = codes.check(session, CodeList.BARRIER, barriers, today)
    if access_point_id is not None:
        get(session, AccessPoint, access_point_id)
    person_id, applicant_id = _who(asks_as, person_id, applicant_id)
    contact = contacts.record(
        session,
        channel=channel,
        outcome="request",
        person_id=person_id,
        staff_id=actor.staff_id,
        access_point_id=access_point_id,
    )
    request = Request(
        channel=channel,
        access_point_id=access_point_id,
        staff_id=actor.staff_id,
        contact_id=contact.id,
        call_id=call_id,
        person_id=person_id,
        applicant_id=applicant_id,
        asks_as=asks_as,
        expressed=expressed,
        expressed_need=needs[0] if needs else None,
        barriers=hindered,
        compartment=compartment,
    )
    if id_ is not None:
        request.id = id_
    session.add(request)
    session.flush()
    record(session, request, RequestReceived, channel=channel)
    return request


def _who(
    asks_as: AsksAs, person_id: UUID | None, applicant_id: UUID | None
) -> tuple[UUID | None, UUID | None]:
    """Person concerned and applicant: the same when one asks for oneself, nobody if anonymous."""
    if asks_as is AsksAs.ANONYMOUS:
        return person_id, None
    if asks_as is AsksAs.SELF:
        return person_id or applicant_id, applicant_id or person_id
    return person_id, applicant_id


def change(session: Session, request: Request, **facts: Any) -> None:
    """Set `recognised`, `recognised_needs`, `barriers`, `compartment`.

    Raises Invalid once it has ended.
    """
    _must_be_open(request)
    day = request.received_at.date()
    for name, list_ in (("recognised_needs", CodeList.NEED), ("barriers", CodeList.BARRIER)):
        if name in facts:
            facts[name] = codes.check(session, list_, facts[name], day)
    for name, value in facts.items():
        setattr(request, name, value)
    session.flush()
    record(session, request, RequestChanged)


def name_person(session: Session, request: Request, person: Person) -> None:
    """Now we know who it is about; so does the contact in which they asked, and the case.

    Raises WrongState when it is about somebody else.
    """
    if request.person_id not in {None, person.id}:
        raise WrongState("The request is about somebody else already")
    request.person_id = person.id
    if request.asks_as is AsksAs.SELF:
        request.applicant_id = person.id
    if request.contact_id is not None:
        contact = locked(session, Contact, request.contact_id)
        contact.person_id = contact.person_id or person.id
    if request.case_id is not None:
        cases.name_person(session, locked(session, Case, request.case_id), person)
    session.flush()
    record(session, request, RequestChanged)


def _must_be_open(request: Request) -> None:
    if not request.open:
        raise Invalid("The request has ended and can no longer be changed")


def said(text: str, field: str) -> str:
    """What was written; Invalid beside its field when that is nothing."""
    if not text.strip():
        raise Invalid("Write it in a few words", field=field)
    return text.strip()


def record(
    session: Session, request: Request, event: Callable[..., journal.Event], **facts: str
) -> None:
    journal.record(
        session,
        event(case_id=request.case_id, person_id=request.person_id, request_id=request.id, **facts),
    )


def read(session: Session, request_id: UUID, actor: Actor) -> Request:
    """NotFound also when it is of or about somebody whom the actor may not know of."""
    request = session.scalar(_visible(actor).where(Request.id == request_id))
    if request is None:
        raise NotFound("There is no such %(thing)s", thing="request")
    return request


def sees(session: Session, request: Request, actor: Actor) -> bool:
    """Whether the actor reads its words: those of its compartment, and of its case's."""
    case = session.get(Case, request.case_id) if request.case_id else None
    return access.sees(actor, request.compartment) and (
        case is None or access.sees(actor, case.compartment)
    )


def held(session: Session, request_id: UUID, actor: Actor) -> Request:
    """The same, held and freshly read until the transaction ends; NotAllowed in a closed part."""
    wanted = _visible(actor).where(Request.id == request_id).with_for_update(of=Request)
    request = session.scalar(wanted.execution_options(populate_existing=True))
    if request is None:
        raise NotFound("There is no such %(thing)s", thing="request")
    if not sees(session, request, actor):
        raise NotAllowed("This is a reserved part of the file, and it is not open to you")
    return request


def listed(
    session: Session,
    actor: Actor,
    *,
    states: Iterable[RequestState] = (),
    person_id: UUID | None = None,
    after: int | None = None,
    limit: int = 50,
) -> list[Request]:
    """Newest first, those after the number `after` in that order."""
    wanted = _visible(actor).order_by(Request.number.desc()).limit(limit)
    if chosen := list(states):
        wanted = wanted.where(Request.state.in_(chosen))
    if person_id is not None:
        wanted = wanted.where(
            or_(Request.person_id == person_id, Request.applicant_id == person_id)
        )
    if after is not None:
        wanted = wanted.where(Request.number < after)
    return list(session.scalars(wanted))


def _visible(actor: Actor) -> Select[Request]:
    known = access.visible(select(Person.id), Person.restricted, actor)
    return select(Request).where(
        Request.person_id.is_(None) | Request.person_id.in_(known),
        Request.applicant_id.is_(None) | Request.applicant_id.in_(known),
    )
