"""An identity: who somebody of the staff is at the body's own log-in."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import journal, staff
from registry.kit import clock
from registry.kit.db import Base, Id
from registry.kit.errors import NotAllowed
from registry.staff import Staff


@dataclass(frozen=True, kw_only=True)
class IdentityLinked(journal.Event):
    staff_id: UUID


@dataclass(frozen=True, kw_only=True)
class IdentityUnlinked(journal.Event):
    staff_id: UUID


class Identity(Base):
    """The provider's subject, which is never given to somebody else as names and addresses are."""

    __tablename__ = "identities"
    __table_args__ = (UniqueConstraint("issuer", "subject"), UniqueConstraint("issuer", "staff_id"))

    id: Mapped[Id]
    issuer: Mapped[str]
    subject: Mapped[str]
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff.id"))
    linked_at: Mapped[datetime] = mapped_column(default=clock.now)


def recognise(session: Session, *, issuer: str, subject: str, login: str) -> Staff:
    """Whoever of the staff this is: by the subject, and the first time by the log-in name.

    Nobody is ever made, and nobody's link is moved: NotAllowed says what to do.
    """
    linked = session.scalar(
        select(Identity).where(Identity.issuer == issuer, Identity.subject == subject)
    )
    person = session.get(Staff, linked.staff_id) if linked else staff.by_login(session, login)
    if person is None or not person.active:
        raise NotAllowed("Nobody of the staff has this log-in: ask the administrator")
    if linked is None:
        _link(session, person, issuer, subject)
    return person


def _link(session: Session, person: Staff, issuer: str, subject: str) -> None:
    if of(session, person.id, issuer) is not None:
        raise NotAllowed(
            "This log-in name belonged to somebody else there: ask the administrator to link it"
        )
    session.add(Identity(issuer=issuer, subject=subject, staff_id=person.id))
    session.flush()
    journal.record(session, IdentityLinked(staff_id=person.id))


def of(session: Session, staff_id: UUID, issuer: str) -> Identity | None:
    return session.scalar(
        select(Identity).where(Identity.staff_id == staff_id, Identity.issuer == issuer)
    )


def whose(session: Session, issuer: str, subject: str) -> UUID | None:
    """Who of the staff came in as this subject; nobody when it never did."""
    return session.scalar(
        select(Identity.staff_id).where(Identity.issuer == issuer, Identity.subject == subject)
    )


def linked(session: Session, staff_id: UUID) -> bool:
    """Whether they have ever come in through the body's log-in."""
    wanted = select(Identity.id).where(Identity.staff_id == staff_id).limit(1)
    return session.scalar(wanted) is not None


def unlink(session: Session, staff_id: UUID) -> None:
    """Their next log-in there is looked up by name again."""
    gone = session.execute(
        delete(Identity).where(Identity.staff_id == staff_id).returning(Identity.id)
    ).all()
    if gone:
        journal.record(session, IdentityUnlinked(staff_id=staff_id))
