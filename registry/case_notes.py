"""A note on a case: what was observed or agreed, for the readers that its author chose."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import circles, journal
from registry.access import Actor
from registry.cases import Case
from registry.circles import Guarded
from registry.kit import clock
from registry.kit.db import Base, Id
from registry.kit.errors import Invalid
from registry.kit.sealed import Sealed

LONGEST = 20_000


@dataclass(frozen=True, kw_only=True)
class NoteWritten(journal.Event):
    note_id: UUID


class CaseNote(Guarded, Base):
    """Written once: what has to be mended is another note."""

    __tablename__ = "case_notes"
    __table_args__ = circles.together("case_notes")

    id: Mapped[Id]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    sealed_text: Mapped[bytes] = mapped_column("text", Sealed("case_notes.text"))
    written_at: Mapped[datetime] = mapped_column(default=clock.now)

    @property
    def text(self) -> str:
        return self.sealed_text.decode()


def write(session: Session, case: Case, actor: Actor, *, text: str, **readers: Any) -> CaseNote:
    """`readers` are those of circles.guard. A closed case takes notes, too."""
    words = text.replace("\0", "").strip()
    if not words or len(words) > LONGEST:
        raise Invalid("Write it in a few words", field="text")
    made = CaseNote(case_id=case.id, sealed_text=words.encode())
    circles.guard(made, actor, **readers)
    session.add(made)
    session.flush()
    journal.record(session, NoteWritten(case_id=case.id, person_id=case.person_id, note_id=made.id))
    return made


def of_case(session: Session, case_id: UUID) -> list[CaseNote]:
    """All of them, oldest first; who shows them asks circles.reads for each."""
    wanted = select(CaseNote).where(CaseNote.case_id == case_id)
    return list(session.scalars(wanted.order_by(CaseNote.written_at, CaseNote.id)))
