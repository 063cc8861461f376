"""A leg: one telephone line into a call, the caller's or an operator's, as the carrier tells it."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from callcenter.carriers.base import LegState
from registry.kit.db import Base, Id


class Part(StrEnum):
    """Whose line it is."""

    CALLER = "caller"
    OPERATOR = "operator"
    OTHER = "other"


class CallLeg(Base):
    """News may come late, twice or out of order: ranks and sequence numbers only ever grow."""

    __tablename__ = "call_legs"

    id: Mapped[Id]
    call_id: Mapped[UUID] = mapped_column(ForeignKey("calls.id"), index=True)
    sid: Mapped[str] = mapped_column(unique=True)
    part: Mapped[Part]
    operator_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))
    # How far the line has come: see LegState.rank. None: nothing heard yet.
    rank: Mapped[int] = mapped_column(default=-1)
    conference_sid: Mapped[str | None]
    sequence: Mapped[int] = mapped_column(default=0)
    inside: Mapped[bool] = mapped_column(default=False)
    joined_at: Mapped[datetime | None]
    left_at: Mapped[datetime | None]
    # Of a caller: when they were last led to an operator's voice.
    pulled_at: Mapped[datetime | None]

    def advance(self, state: LegState) -> bool:
        """Whether this is news."""
        if state.rank <= self.rank:
            return False
        self.rank = state.rank
        return True

    def enter(self, *, conference_sid: str | None, sequence: int, at: datetime) -> None:
        """It joined; it did so even if we already know that it left again."""
        self.joined_at = min(self.joined_at or at, at)
        if conference_sid != self.conference_sid and conference_sid is not None:
            self.conference_sid, self.sequence = conference_sid, 0
        if sequence > self.sequence or sequence == 0:
            self.sequence = sequence
            self.inside = True

    def leave(self, *, conference_sid: str | None, sequence: int, at: datetime) -> None:
        """It left; an older conference says nothing about the present one."""
        if self.conference_sid not in {None, conference_sid} or sequence <= self.sequence:
            return
        self.conference_sid, self.sequence = conference_sid, sequence
        self.out()
        self.left_at = at

    def out(self) -> None:
        """It is in no conversation any more, and may be led into another at once."""
        if self.inside:
            self.inside, self.pulled_at = False, None


def add(
    session: Session, call_id: UUID, sid: str, part: Part, operator_id: UUID | None = None
) -> CallLeg:
    """The leg of this sid, made when it is new."""
    found = by_sid(session, sid)
    if found is None:
        found = CallLeg(call_id=call_id, sid=sid, part=part, operator_id=operator_id)
        session.add(found)
        session.flush()
    return found


def by_sid(session: Session, sid: str) -> CallLeg | None:
    return session.scalar(select(CallLeg).where(CallLeg.sid == sid))


def of_call(session: Session, call_id: UUID) -> list[CallLeg]:
    return list(
        session.scalars(select(CallLeg).where(CallLeg.call_id == call_id).order_by(CallLeg.id))
    )


def of_part(session: Session, call_id: UUID, part: Part) -> list[CallLeg]:
    return [leg for leg in of_call(session, call_id) if leg.part is part]
