"""Tones: keys that we press on somebody's line; a home unit takes them for commands.

Pressed at most once: a door must not open a second time because a process was killed.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from callcenter.call_states import CallState
from callcenter.calls import Call
from registry import deadlines, journal
from registry.kit import clock
from registry.kit.db import Base, Id
from registry.kit.errors import Invalid, WrongState
from registry.kit.states import move

SEND = "callcenter.send_tones"
# What the carrier can press; "w" is a pause of half a second.
DIGITS = re.compile(r"[0-9*#A-Dw]{1,16}")
# A command that could not be sent by then is no longer what the operator wants.
SEND_WITHIN = timedelta(seconds=10)


class TonesState(StrEnum):
    WANTED = "wanted"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNCERTAIN = "uncertain"


STEPS = {
    TonesState.WANTED: {TonesState.SENDING, TonesState.FAILED},
    TonesState.SENDING: {
        TonesState.WANTED,
        TonesState.SENT,
        TonesState.FAILED,
        TonesState.UNCERTAIN,
    },
    TonesState.SENT: set[TonesState](),
    TonesState.FAILED: set[TonesState](),
    TonesState.UNCERTAIN: set[TonesState](),
}


@dataclass(frozen=True, kw_only=True)
class TonesWanted(journal.Event):
    """Who commanded what: also who opened whose door."""

    tones_id: UUID
    call_id: UUID
    what: str
    operator_id: UUID


@dataclass(frozen=True, kw_only=True)
class TonesPressed(journal.Event):
    tones_id: UUID
    call_id: UUID
    what: str
    outcome: str


class Tones(Base):
    """One command into one call."""

    __tablename__ = "call_tones"

    id: Mapped[Id]
    call_id: Mapped[UUID] = mapped_column(ForeignKey(Call.id), index=True)
    # The command's name above us; what is pressed for it.
    what: Mapped[str]
    digits: Mapped[str]
    state: Mapped[TonesState] = mapped_column(default=TonesState.WANTED)
    wanted_by: Mapped[UUID] = mapped_column(ForeignKey("staff.id"))
    wanted_at: Mapped[datetime] = mapped_column(default=clock.now)
    ended_at: Mapped[datetime | None]

    @property
    def stale(self) -> bool:
        return clock.now() - self.wanted_at > SEND_WITHIN


def valid(digits: str) -> str:
    """The digits; Invalid when no telephone could press them."""
    if not DIGITS.fullmatch(digits):
        raise Invalid("Tones are 1 to 16 of the keys 0–9, *, # and A–D", field="digits")
    return digits


def want(session: Session, call: Call, *, what: str, digits: str, operator_id: UUID) -> Tones:
    """Press these keys on the other side's line; a worker does it. WrongState without a voice."""
    if call.state is not CallState.TALKING:
        raise WrongState("Nobody is on the line yet")
    made = Tones(call_id=call.id, what=what, digits=valid(digits), wanted_by=operator_id)
    session.add(made)
    session.flush()
    deadlines.set_(session, SEND, made.id, made.wanted_at)
    journal.record(
        session,
        TonesWanted(
            tones_id=made.id,
            call_id=call.id,
            what=what,
            operator_id=operator_id,
            case_id=call.case_id,
            person_id=call.person_id,
        ),
    )
    return made


def become(session: Session, tones: Tones, state: TonesState) -> None:
    """What came of it; the last word is told."""
    move(tones, state, STEPS)
    if state in {TonesState.WANTED, TonesState.SENDING}:
        return
    tones.ended_at = clock.now()
    call = session.get(Call, tones.call_id)
    journal.record(
        session,
        TonesPressed(
            tones_id=tones.id,
            call_id=tones.call_id,
            what=tones.what,
            outcome=state,
            case_id=call.case_id if call else None,
            person_id=call.person_id if call else None,
        ),
    )


def of_call(session: Session, call_id: UUID) -> list[Tones]:
    """In the order in which they were wanted."""
    wanted = select(Tones).where(Tones.call_id == call_id).order_by(Tones.wanted_at, Tones.id)
    return list(session.scalars(wanted))
