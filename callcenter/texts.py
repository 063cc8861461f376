"""A text: a few neutral words to one number, written with the decision and sent by a worker.

It names nobody and no service. What cannot be sent, or of which nobody knows whether it went out,
is left to people: nothing is sent twice in silence.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from callcenter.lines import Line
from registry import deadlines, journal, no_texts, safe_contacts
from registry.kit import clock
from registry.kit.db import Base, Id
from registry.kit.sealed import Sealed
from registry.kit.states import move

SEND = "callcenter.send_text"


class TextState(StrEnum):
    WANTED = "wanted"
    SENDING = "sending"
    SENT = "sent"
    REFUSED = "refused"
    UNCERTAIN = "uncertain"
    # Between the decision and the sending it became unsafe or unwanted.
    HELD_BACK = "held_back"


STEPS = {
    TextState.WANTED: {TextState.SENDING, TextState.HELD_BACK},
    TextState.SENDING: {TextState.SENT, TextState.REFUSED, TextState.UNCERTAIN, TextState.WANTED},
    TextState.SENT: set[TextState](),
    TextState.REFUSED: set[TextState](),
    TextState.UNCERTAIN: set[TextState](),
    TextState.HELD_BACK: set[TextState](),
}


@dataclass(frozen=True, kw_only=True)
class TextSent(journal.Event):
    text_id: UUID
    subject_id: UUID
    purpose: str


@dataclass(frozen=True, kw_only=True)
class TextNotSent(journal.Event):
    text_id: UUID
    subject_id: UUID
    state: str


class Text(Base):
    """One for each purpose and subject. Number and words are kept encrypted."""

    __tablename__ = "texts"
    __table_args__ = (UniqueConstraint("purpose", "subject_id"),)

    id: Mapped[Id]
    purpose: Mapped[str]
    subject_id: Mapped[UUID]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), index=True)
    line_id: Mapped[UUID] = mapped_column(ForeignKey("lines.id"))
    sealed_number: Mapped[bytes] = mapped_column("number", Sealed("texts.number"))
    sealed_body: Mapped[bytes] = mapped_column("body", Sealed("texts.body"))
    state: Mapped[TextState] = mapped_column(default=TextState.WANTED)
    sid: Mapped[str | None]
    wanted_at: Mapped[datetime] = mapped_column(default=clock.now)
    ended_at: Mapped[datetime | None]


def want(
    session: Session,
    *,
    purpose: str,
    subject_id: UUID,
    person_id: UUID,
    line: Line,
    number: str,
    body: str,
) -> Text | None:
    """Let a worker send it; None when it may not go, or this subject had its text already."""
    if not may_go(session, person_id, number):
        return None
    same = select(Text.id).where(Text.purpose == purpose, Text.subject_id == subject_id)
    if session.scalar(same) is not None:
        return None
    text = Text(
        purpose=purpose,
        subject_id=subject_id,
        person_id=person_id,
        line_id=line.id,
        sealed_number=number.encode(),
        sealed_body=body.encode(),
    )
    session.add(text)
    session.flush()
    deadlines.set_(session, SEND, text.id, clock.now())
    return text


def may_go(session: Session, person_id: UUID, number: str) -> bool:
    """Asked when a text is wanted and again when it is sent: the only two places there are.

    Not to whoever said no, nor to a number that is unsafe for anybody whom it reaches.
    """
    wanted = no_texts.wants(session, person_id)
    return wanted and safe_contacts.text_may_go(session, number, clock.now())


def settle(session: Session, text: Text, state: TextState, sid: str | None = None) -> None:
    """What the carrier said; the caller holds the row."""
    move(text, state, STEPS)
    text.sid, text.ended_at = sid, clock.now()
    session.flush()
    about = {"person_id": text.person_id, "text_id": text.id, "subject_id": text.subject_id}
    if state is TextState.SENT:
        journal.record(session, TextSent(purpose=text.purpose, **about))
    else:
        journal.record(session, TextNotSent(state=state, **about))
