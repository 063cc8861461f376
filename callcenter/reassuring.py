"""Recorded reassurance: who rings while nobody is free hears that their call is not lost."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from callcenter.call_states import CallState
from callcenter.calls import Call
from registry import journal
from registry.kit import clock
from registry.kit.db import Base

# In between they hear their place in the queue; the same sentence over and over is none.
EVERY = timedelta(seconds=60)


@dataclass(frozen=True, kw_only=True)
class CallerReassured(journal.Event):
    """Told once a call, at the first time."""

    call_id: UUID
    alarm_id: UUID | None


class Reassurance(Base):
    """A call that is to hear it, and how often it has."""

    __tablename__ = "reassurances"

    call_id: Mapped[UUID] = mapped_column(ForeignKey(Call.id), primary_key=True)
    said_at: Mapped[datetime | None]
    times: Mapped[int] = mapped_column(default=0)


def want(session: Session, call: Call, *, language: str) -> None:
    """From now on this caller hears it, in this language, while nobody takes the call."""
    call.language = language
    if session.get(Reassurance, call.id) is None:
        session.add(Reassurance(call_id=call.id))
        session.flush()


def say(session: Session, call: Call) -> bool:
    """Whether it is to be heard now: never while an operator is being asked for the call.

    Whoever has the turn asks this when the carrier wants to know what comes next.
    """
    found = session.get(Reassurance, call.id)
    now = clock.now()
    if found is None or call.state is not CallState.WAITING:
        return False
    if found.said_at is not None and now - found.said_at < EVERY:
        return False
    if found.said_at is None:
        happened = CallerReassured(
            call_id=call.id,
            alarm_id=call.alarm_id,
            case_id=call.case_id,
            person_id=call.person_id,
        )
        journal.record(session, happened)
    found.said_at, found.times = now, found.times + 1
    return True


def of_alarm(session: Session, alarm_id: UUID) -> Reassurance | None:
    """What the home behind an alarm has heard last, if anything."""
    wanted = (
        select(Reassurance)
        .join(Call, Call.id == Reassurance.call_id)
        .where(Call.alarm_id == alarm_id, Reassurance.said_at.is_not(None))
    )
    return session.scalar(wanted.order_by(Reassurance.said_at.desc()).limit(1))
