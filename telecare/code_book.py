"""What unknown codes mean: a supervisor says it once, and from then on they are sorted by it.

Until somebody has, an unknown code waits beside the pressed buttons (triage.py).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint, func, select, tuple_
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import journal
from registry.kit import clock
from registry.kit.db import Base, Id
from registry.kit.errors import Invalid
from registry.staff import Staff
from telecare.alarms import Alarm
from telecare.protocols.base import Kind, Message
from telecare.signals import Signal

MOST = 200
# What a code cannot be said to be: these are not what a unit says, but what we make of it.
NOT_SAID = frozenset({Kind.UNKNOWN, Kind.UNREADABLE, Kind.CANCEL})


@dataclass(frozen=True, kw_only=True)
class CodeClassified(journal.Event):
    """From now on signals with this code are of this kind."""

    protocol: str
    code: str
    becomes: str


class CodeMeaning(Base):
    """One code of one protocol."""

    __tablename__ = "code_meanings"
    __table_args__ = (UniqueConstraint("protocol", "code"),)

    id: Mapped[Id]
    protocol: Mapped[str]
    code: Mapped[str]
    kind: Mapped[Kind]
    said_by: Mapped[UUID | None] = mapped_column(ForeignKey(Staff.id))
    said_at: Mapped[datetime] = mapped_column(default=clock.now)


@dataclass(frozen=True, kw_only=True)
class Unclassified:
    """A code nobody has classified, how often it came and when last, and from which unit."""

    protocol: str
    code: str
    times: int
    last_at: datetime
    account: str


def classify(
    session: Session, *, protocol: str, code: str, kind: Kind, said_by: UUID | None
) -> CodeMeaning:
    """Say what a code means, or say it anew; alarms already raised stay as they are."""
    if not code.strip():
        raise Invalid("Write the code", field="code")
    if kind in NOT_SAID:
        raise Invalid("Choose what the code means", field="kind")
    wanted = select(CodeMeaning).where(CodeMeaning.protocol == protocol, CodeMeaning.code == code)
    found = session.scalar(wanted.with_for_update())
    meaning = found or CodeMeaning(protocol=protocol, code=code)
    meaning.kind, meaning.said_by, meaning.said_at = kind, said_by, clock.now()
    session.add(meaning)
    session.flush()
    journal.record(session, CodeClassified(protocol=protocol, code=code, becomes=kind))
    return meaning


def read(session: Session, messages: Iterable[tuple[str, Message]]) -> None:
    """Sort unknown reports of (protocol, message) by what was said of their codes."""
    unknown = [
        (protocol, message)
        for protocol, message in messages
        if any(each.kind is Kind.UNKNOWN for each in message.reports)
    ]
    if not unknown:
        return
    known = _meanings(session, unknown)
    for protocol, message in unknown:
        message.reports[:] = [
            replace(each, kind=known.get((protocol, each.code), each.kind))
            if each.kind is Kind.UNKNOWN
            else each
            for each in message.reports
        ]


def _meanings(
    session: Session, messages: Sequence[tuple[str, Message]]
) -> dict[tuple[str, str], Kind]:
    codes = {(protocol, each.code) for protocol, message in messages for each in message.reports}
    wanted = select(CodeMeaning.protocol, CodeMeaning.code, CodeMeaning.kind)
    rows = session.execute(
        wanted.where(tuple_(CodeMeaning.protocol, CodeMeaning.code).in_(sorted(codes)))
    )
    return {(protocol, code): kind for protocol, code, kind in rows}


def unclassified(session: Session) -> list[Unclassified]:
    """The codes that raised unknown alarms and of which nobody has said anything, latest first."""
    said = select(CodeMeaning.id).where(
        CodeMeaning.protocol == Signal.protocol, CodeMeaning.code == Alarm.code
    )
    last = func.max(Alarm.raised_at)
    wanted = (
        select(Signal.protocol, Alarm.code, func.count(), last, func.max(Alarm.account))
        .join(Signal, Signal.id == Alarm.signal_id)
        .where(Alarm.kind == Kind.UNKNOWN, ~said.exists())
        .group_by(Signal.protocol, Alarm.code)
        .order_by(last.desc())
        .limit(MOST)
    )
    return [
        Unclassified(protocol=protocol, code=code, times=times, last_at=at, account=account)
        for protocol, code, times, at, account in session.execute(wanted)
    ]


def all_(session: Session) -> list[CodeMeaning]:
    """What was said, latest first."""
    return list(session.scalars(select(CodeMeaning).order_by(CodeMeaning.said_at.desc())))
