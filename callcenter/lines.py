"""A line: a number people dial, what it says, and the queue behind it."""

from dataclasses import dataclass
from datetime import datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import journal
from registry.kit.db import Base, Id
from registry.kit.phone import e164

ROME = ZoneInfo("Europe/Rome")


@dataclass(frozen=True, kw_only=True)
class LineAdded(journal.Event):
    line_id: UUID


class Line(Base):
    """A number of ours. Without hours it is always open: missing data never closes a helpline."""

    __tablename__ = "lines"

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    greeting: Mapped[str] = mapped_column(default="")
    queue: Mapped[str]
    # Letter of priority of its calls: A, B, C or D.
    priority: Mapped[str] = mapped_column(default="B")
    # Local hours; a line that opens after it closes is open over midnight.
    opens: Mapped[time | None]
    closes: Mapped[time | None]
    closed_sentence: Mapped[str] = mapped_column(default="")

    def open_at(self, moment: datetime) -> bool:
        if self.opens is None or self.closes is None or self.opens == self.closes:
            return True
        local = moment.astimezone(ROME).time()
        if self.opens < self.closes:
            return self.opens <= local < self.closes
        return local >= self.opens or local < self.closes


def add(
    session: Session,
    *,
    number: str,
    name: str,
    greeting: str = "",
    queue: str = "",
    priority: str = "B",
    opens: time | None = None,
    closes: time | None = None,
    closed_sentence: str = "",
) -> Line:
    """A new line; raises Invalid for a number nobody can dial."""
    line = Line(
        number=e164(number, field="number"),
        name=name.strip(),
        greeting=greeting.strip(),
        queue=queue.strip() or name.strip(),
        priority=priority,
        opens=opens,
        closes=closes,
        closed_sentence=closed_sentence.strip(),
    )
    session.add(line)
    session.flush()
    journal.record(session, LineAdded(line_id=line.id))
    return line


def of(session: Session, number: str) -> Line:
    """The line of this number. A number nobody described is made a line: no caller is dropped."""
    found = session.scalar(select(Line).where(Line.number == number))
    return found or add(session, number=number, name=number)


def default(session: Session) -> Line | None:
    """The first line: the number that those whom we call see."""
    return session.scalar(select(Line).order_by(Line.id).limit(1))


def all_(session: Session) -> list[Line]:
    return list(session.scalars(select(Line).order_by(Line.id)))
