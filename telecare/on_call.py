"""Who is on call: whom the system rings when nobody in the room takes an alarm."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import journal
from registry.kit import clock
from registry.kit.db import Base, Id
from registry.kit.errors import Invalid, WrongState
from registry.kit.phone import e164
from registry.staff import Staff


@dataclass(frozen=True, kw_only=True)
class OnCallSet(journal.Event):
    duty_id: UUID


@dataclass(frozen=True, kw_only=True)
class OnCallEnded(journal.Event):
    duty_id: UUID


class Duty(Base):
    """Somebody with a phone, from when to when; without an end, until somebody ends it."""

    __tablename__ = "on_call_duties"
    __table_args__ = (CheckConstraint("ends_at IS NULL OR ends_at > starts_at", name="duty_ends"),)

    id: Mapped[Id]
    name: Mapped[str]
    number: Mapped[str]
    # Who is rung first; the same place twice goes by the older duty.
    position: Mapped[int] = mapped_column(default=1)
    starts_at: Mapped[datetime] = mapped_column(default=clock.now)
    ends_at: Mapped[datetime | None]
    set_by: Mapped[UUID | None] = mapped_column(ForeignKey(Staff.id))


def add(
    session: Session,
    *,
    name: str,
    number: str,
    position: int = 1,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    set_by: UUID | None = None,
) -> Duty:
    """Raises Invalid, naming the field."""
    if not name.strip():
        raise Invalid("Write who is on call", field="name")
    begins = starts_at or clock.now()
    if ends_at is not None and ends_at <= begins:
        raise Invalid("The duty has to end after it begins", field="ends_at")
    duty = Duty(
        name=name.strip(),
        number=e164(number, field="number"),
        position=position,
        starts_at=begins,
        ends_at=ends_at,
        set_by=set_by,
    )
    session.add(duty)
    session.flush()
    journal.record(session, OnCallSet(duty_id=duty.id))
    return duty


def end(session: Session, duty: Duty) -> None:
    """From now on they are not rung any more; one that has not begun is taken away."""
    now = clock.now()
    if duty.ends_at is not None and duty.ends_at <= now:
        raise WrongState("This duty is already over")
    journal.record(session, OnCallEnded(duty_id=duty.id))
    if duty.starts_at >= now:
        session.delete(duty)
    else:
        duty.ends_at = now


def at(session: Session, moment: datetime) -> list[Duty]:
    """Who is on call at this moment, in the order in which they are rung."""
    wanted = select(Duty).where(
        Duty.starts_at <= moment, or_(Duty.ends_at.is_(None), Duty.ends_at > moment)
    )
    return list(session.scalars(wanted.order_by(Duty.position, Duty.id)))


def coming(session: Session) -> list[Duty]:
    """Those in force and those to come, in the order in which they begin."""
    wanted = select(Duty).where(or_(Duty.ends_at.is_(None), Duty.ends_at > clock.now()))
    return list(session.scalars(wanted.order_by(Duty.starts_at, Duty.position, Duty.id)))
