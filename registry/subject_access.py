"""Subject access: all that is kept of somebody, gone through by a person before it is handed over.

The right to one's own data stops at those of others (GDPR art. 15(4)) and the ethics code of social
workers wants third parties protected: nothing is blacked out, and nothing given, by itself.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import journal
from registry.access import Actor
from registry.kit import clock
from registry.kit.db import Base, Id
from registry.kit.errors import Invalid
from registry.kit.sealed import SealedText
from registry.kit.states import move

# What stands where words about others stood.
OMISSIS = "[omissis]"


class ExportState(StrEnum):
    DRAFT = "draft"
    HANDED_OVER = "handed_over"
    DISCARDED = "discarded"


STEPS = {
    ExportState.DRAFT: {ExportState.HANDED_OVER, ExportState.DISCARDED},
    ExportState.HANDED_OVER: set[ExportState](),
    ExportState.DISCARDED: set[ExportState](),
}


@dataclass(frozen=True, kw_only=True)
class ExportDrafted(journal.Event):
    what_for: ClassVar[str] = "privacy"

    export_id: UUID
    pieces: int


@dataclass(frozen=True, kw_only=True)
class ExportHandedOver(journal.Event):
    what_for: ClassVar[str] = "privacy"

    export_id: UUID
    hidden: int
    blacked_out: int = 0


@dataclass(frozen=True, kw_only=True)
class ExportDiscarded(journal.Event):
    what_for: ClassVar[str] = "privacy"

    export_id: UUID


@dataclass(frozen=True, kw_only=True)
class ExportTaken(journal.Event):
    """Somebody downloaded what is handed over."""

    what_for: ClassVar[str] = "privacy"

    export_id: UUID


@dataclass(frozen=True, kw_only=True)
class ExportBroughtBack(journal.Event):
    """The copy says what a backup of that moment said."""

    what_for: ClassVar[str] = "privacy"

    export_id: UUID
    of: str


@dataclass(frozen=True)
class Piece:
    """One thing that is kept: where it stands, what it is, what it says; `others` may be meant.

    `document`, case/document, is one whose content goes along unless its name is left out.
    """

    table: str
    field: str
    said: str
    at: str = ""
    others: bool = False
    document: str = ""


class SubjectExport(Base):
    """The pieces as they were that day, encrypted; `hidden` are the places of those left out."""

    __tablename__ = "subject_exports"

    id: Mapped[Id]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), index=True)
    state: Mapped[ExportState] = mapped_column(default=ExportState.DRAFT)
    sealed_pieces: Mapped[str] = mapped_column("pieces", SealedText("subject_exports.pieces"))
    hidden: Mapped[list[str]] = mapped_column(default=list)
    # Pieces of which some words are blacked out: place and what is left, as JSON.
    sealed_changed: Mapped[str] = mapped_column(
        "blacked_out", SealedText("subject_exports.blacked_out"), default=""
    )
    # Why others are left out, for the person who asked and for the auditor.
    reason: Mapped[str] = mapped_column(SealedText("subject_exports.reason"), default="")
    made_at: Mapped[datetime] = mapped_column(default=clock.now)
    made_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))

    @property
    def pieces(self) -> list[Piece]:
        return [Piece(**each) for each in json.loads(self.sealed_pieces)]

    @property
    def blacked_out(self) -> dict[str, str]:
        """What is left of the pieces in which words about others stood."""
        found: dict[str, str] = json.loads(self.sealed_changed or "{}")
        return found

    @property
    def shown(self) -> list[Piece]:
        """What the person gets."""
        left_out, changed = set(self.hidden), self.blacked_out
        return [
            replace(each, said=changed.get(str(place), each.said))
            for place, each in enumerate(self.pieces)
            if str(place) not in left_out
        ]


def draft(session: Session, person_id: UUID, actor: Actor, pieces: list[Piece]) -> SubjectExport:
    """What may be about others is marked to be left out, until somebody has read it."""
    written = json.dumps([asdict(each) for each in pieces], ensure_ascii=False)
    made = SubjectExport(
        person_id=person_id,
        sealed_pieces=written,
        hidden=[str(place) for place, each in enumerate(pieces) if each.others],
        made_by=actor.staff_id,
    )
    session.add(made)
    session.flush()
    journal.record(
        session, ExportDrafted(person_id=person_id, export_id=made.id, pieces=len(pieces))
    )
    return made


def hand_over(
    session: Session,
    made: SubjectExport,
    actor: Actor,
    *,
    hidden: set[str],
    reason: str,
    said: Mapping[str, str] | None = None,
) -> None:
    """Somebody has read every piece; `said` is what they left of some.

    Raises Invalid when something is left out without a reason, or anything else was changed.
    """
    known = {str(place): each.said for place, each in enumerate(made.pieces)}
    if not {*hidden, *(said or {})} <= known.keys():
        raise Invalid("A value cannot be stored as it was written", field="hidden")
    changed = {
        place: left
        for place, left in (said or {}).items()
        if place not in hidden and left != known[place]
    }
    if not all(_only_blacked_out(known[place], left) for place, left in changed.items()):
        raise Invalid(
            "Words can be replaced by %(omissis)s, and not otherwise changed",
            field="said",
            omissis=OMISSIS,
        )
    if (hidden or changed) and not reason.strip():
        raise Invalid("Write why something is left out", field="reason")
    _end(made, actor, ExportState.HANDED_OVER)
    made.hidden, made.reason = sorted(hidden, key=int), reason.strip()
    made.sealed_changed = json.dumps(changed, ensure_ascii=False) if changed else ""
    session.flush()
    journal.record(
        session,
        ExportHandedOver(
            person_id=made.person_id,
            export_id=made.id,
            hidden=len(hidden),
            blacked_out=len(changed),
        ),
    )


def _only_blacked_out(whole: str, left: str) -> bool:
    """Whether `left` is `whole` with pieces replaced by OMISSIS, and nothing else."""
    first, *rest = left.split(OMISSIS)
    if not rest or not whole.startswith(first):
        return False
    at, last = len(first), rest.pop()
    for each in rest:
        found = whole.find(each, at)
        if found < 0:
            return False
        at = found + len(each)
    return whole.endswith(last) and len(whole) - len(last) >= at


def discard(session: Session, made: SubjectExport, actor: Actor) -> None:
    """It was not wanted: the copy of the data goes at once."""
    _end(made, actor, ExportState.DISCARDED)
    made.sealed_pieces, made.sealed_changed, made.hidden = "[]", "", []
    session.flush()
    journal.record(session, ExportDiscarded(person_id=made.person_id, export_id=made.id))


def _end(made: SubjectExport, actor: Actor, to: ExportState) -> None:
    move(made, to, STEPS)
    made.ended_at, made.ended_by = clock.now(), actor.staff_id


def taken(session: Session, made: SubjectExport) -> None:
    journal.record(session, ExportTaken(person_id=made.person_id, export_id=made.id))


def of_person(session: Session, person_id: UUID) -> list[SubjectExport]:
    """Newest first."""
    wanted = select(SubjectExport).where(SubjectExport.person_id == person_id)
    return list(session.scalars(wanted.order_by(SubjectExport.made_at.desc())))
