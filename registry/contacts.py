"""A contact: one time that somebody and the centre met, and what came of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import journal
from registry.kit import clock
from registry.kit.db import Base, Id
from registry.kit.sealed import SealedText


class Channel(StrEnum):
    PHONE = "phone"
    TELECARE = "telecare"
    DESK = "desk"
    STREET = "street"
    VISIT = "visit"
    WEB = "web"
    MAIL = "mail"


@dataclass(frozen=True, kw_only=True)
class ContactRecorded(journal.Event):
    contact_id: UUID
    channel: str
    outcome: str


class Contact(Base):
    """Who met whom is in the journal; here stand the channel, the outcome and the note."""

    __tablename__ = "contacts"

    id: Mapped[Id]
    case_id: Mapped[UUID | None] = mapped_column(ForeignKey("cases.id"), index=True)
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"), index=True)
    staff_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))
    # The door at which they met (REQ 3).
    access_point_id: Mapped[UUID | None] = mapped_column(ForeignKey("access_points.id"))
    channel: Mapped[Channel]
    outcome: Mapped[str]
    note: Mapped[str] = mapped_column(SealedText("contacts.note"), default="")
    at: Mapped[datetime] = mapped_column(default=clock.now)


def record(
    session: Session,
    *,
    channel: Channel,
    outcome: str,
    case_id: UUID | None = None,
    person_id: UUID | None = None,
    staff_id: UUID | None = None,
    access_point_id: UUID | None = None,
    note: str = "",
) -> Contact:
    contact = Contact(
        case_id=case_id,
        person_id=person_id,
        staff_id=staff_id,
        access_point_id=access_point_id,
        channel=channel,
        outcome=outcome,
        note=note,
    )
    session.add(contact)
    session.flush()
    journal.record(
        session,
        ContactRecorded(
            case_id=case_id,
            person_id=person_id,
            contact_id=contact.id,
            channel=channel,
            outcome=outcome,
        ),
    )
    return contact


def of_case(session: Session, case_id: UUID) -> list[Contact]:
    """Newest first."""
    return list(
        session.scalars(
            select(Contact).where(Contact.case_id == case_id).order_by(Contact.at.desc())
        )
    )
