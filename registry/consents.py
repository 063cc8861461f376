"""Notices and consents: what somebody was told, and what they allowed where it is theirs to allow.

A public body acts on its task and not on consent (Garante, doc. 1106371): the notice is given to
everybody, consent is taken only for purposes whose basis it is, and can be withdrawn any time.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import journal
from registry.access import Actor
from registry.kit import clock
from registry.kit.db import Base, Id
from registry.kit.errors import Invalid, WrongState
from registry.people import Person
from registry.purposes import LegalBasis, Purpose


class Way(StrEnum):
    """How it was given."""

    PAPER = "paper"
    SPOKEN = "spoken"
    ONLINE = "online"


@dataclass(frozen=True, kw_only=True)
class NoticeGiven(journal.Event):
    notice_id: UUID


@dataclass(frozen=True, kw_only=True)
class ConsentGiven(journal.Event):
    consent_id: UUID


@dataclass(frozen=True, kw_only=True)
class ConsentWithdrawn(journal.Event):
    consent_id: UUID


class Notice(Base):
    """The information of art. 13 was given; `edition` says which text."""

    __tablename__ = "notices"

    id: Mapped[Id]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), index=True)
    edition: Mapped[str]
    way: Mapped[Way]
    given_at: Mapped[datetime] = mapped_column(default=clock.now)
    given_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))


class Consent(Base):
    """A yes of the person for one purpose; `until` is when they took it back."""

    __tablename__ = "consents"

    id: Mapped[Id]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), index=True)
    purpose_id: Mapped[UUID] = mapped_column(ForeignKey("purposes.id"))
    way: Mapped[Way]
    given_at: Mapped[datetime] = mapped_column(default=clock.now)
    taken_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))
    until: Mapped[datetime | None]


def give_notice(
    session: Session, person: Person, actor: Actor, *, edition: str, way: Way
) -> Notice:
    """Raises Invalid without the edition of the text."""
    if not edition.strip():
        raise Invalid("Write which text was given", field="edition")
    notice = Notice(person_id=person.id, edition=edition.strip(), way=way, given_by=actor.staff_id)
    session.add(notice)
    session.flush()
    journal.record(session, NoticeGiven(person_id=person.id, notice_id=notice.id))
    return notice


def consent(
    session: Session, person: Person, purpose: Purpose, actor: Actor, *, way: Way
) -> Consent:
    """Raises Invalid where the basis is another, WrongState when the yes stands already."""
    if purpose.basis is not LegalBasis.CONSENT:
        raise Invalid(
            "For this purpose no consent is asked: the law is its basis", field="purpose_id"
        )
    if standing(session, person.id, purpose.id) is not None:
        raise WrongState("This consent stands already")
    given = Consent(person_id=person.id, purpose_id=purpose.id, way=way, taken_by=actor.staff_id)
    session.add(given)
    session.flush()
    journal.record(session, ConsentGiven(person_id=person.id, consent_id=given.id))
    return given


def withdraw(session: Session, given: Consent) -> None:
    """As easy as it was to give; again changes nothing."""
    if given.until is None:
        given.until = clock.now()
        journal.record(session, ConsentWithdrawn(person_id=given.person_id, consent_id=given.id))


def standing(session: Session, person_id: UUID, purpose_id: UUID) -> Consent | None:
    """The consent that holds now: whoever acts on it asks here."""
    return session.scalar(
        select(Consent).where(
            Consent.person_id == person_id,
            Consent.purpose_id == purpose_id,
            Consent.until.is_(None),
        )
    )


def notices_of(session: Session, person_id: UUID) -> list[Notice]:
    """Newest first."""
    wanted = select(Notice).where(Notice.person_id == person_id)
    return list(session.scalars(wanted.order_by(Notice.given_at.desc())))


def consents_of(session: Session, person_id: UUID) -> list[tuple[Consent, Purpose]]:
    """Newest first, withdrawn ones too: they show that it was lawful then."""
    wanted = select(Consent, Purpose).join(Purpose).where(Consent.person_id == person_id)
    return [(row[0], row[1]) for row in session.execute(wanted.order_by(Consent.given_at.desc()))]
