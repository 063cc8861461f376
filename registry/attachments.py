"""A document of a case: kept encrypted, looked at by a scanner where one is set, read in writing.

The content is bound to its row: moved to another one, it opens nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from cryptography.exceptions import InvalidTag
from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import circles, deadlines, file_kinds, journal
from registry.access import Actor
from registry.cases import Case
from registry.circles import Guarded
from registry.kit import clock
from registry.kit.db import Base, Id, get, locked, new_id
from registry.kit.errors import Invalid, NotAllowed, NotFound, TooLarge, WrongState
from registry.kit.sealed import Sealed
from registry.kit.settings import settings
from registry.kit.states import move

SCAN = "registry.scan_attachment"
MEGABYTE = 1_000_000
MARK = 16  # bytes of the id before the content


class AttachmentState(StrEnum):
    # No scanner is set: it is given out, and the page says so.
    UNCHECKED = "unchecked"
    WAITING = "waiting"
    CLEAN = "clean"
    REFUSED = "refused"


STEPS = {
    AttachmentState.UNCHECKED: set[AttachmentState](),
    AttachmentState.WAITING: {AttachmentState.CLEAN, AttachmentState.REFUSED},
    AttachmentState.CLEAN: set[AttachmentState](),
    AttachmentState.REFUSED: set[AttachmentState](),
}


@dataclass(frozen=True, kw_only=True)
class AttachmentAdded(journal.Event):
    attachment_id: UUID


@dataclass(frozen=True, kw_only=True)
class AttachmentChecked(journal.Event):
    attachment_id: UUID
    state: str


@dataclass(frozen=True, kw_only=True)
class AttachmentRead(journal.Event):
    """Its content left the house."""

    what_for: ClassVar[str] = "document"

    attachment_id: UUID


class Attachment(Guarded, Base):
    """What we know of a document without opening it."""

    __tablename__ = "attachments"
    __table_args__ = circles.together("attachments")

    id: Mapped[Id]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    sealed_name: Mapped[bytes] = mapped_column("name", Sealed("attachments.name"))
    ending: Mapped[str]
    size: Mapped[int]
    state: Mapped[AttachmentState]
    added_at: Mapped[datetime] = mapped_column(default=clock.now)
    checked_at: Mapped[datetime | None]

    @property
    def name(self) -> str:
        return self.sealed_name.decode()

    @property
    def media_type(self) -> str:
        return file_kinds.TAKEN[self.ending].media_type


class AttachmentContent(Base):
    """The bytes, apart, so that a list never reads them; gone when a scanner refused them."""

    __tablename__ = "attachment_contents"

    attachment_id: Mapped[UUID] = mapped_column(ForeignKey("attachments.id"), primary_key=True)
    content: Mapped[bytes] = mapped_column(Sealed("attachment_contents.content"))


def most() -> int:
    """Bytes that one document may have."""
    return settings().attachment_megabytes * MEGABYTE


def add(
    session: Session, case: Case, actor: Actor, *, name: str, content: bytes, **readers: Any
) -> Attachment:
    """`readers` are those of circles.guard. Raises TooLarge, or Invalid for a kind not taken."""
    if len(content) > most():
        raise TooLarge(
            "A document may have %(most)s MB at most",
            field="file",
            most=settings().attachment_megabytes,
        )
    if not content:
        raise Invalid("The file is empty", field="file")
    kind = file_kinds.kind_of(content)
    scanned = bool(settings().scan_command)
    made = Attachment(
        id=new_id(),
        case_id=case.id,
        sealed_name=file_kinds.clean_name(name, kind).encode(),
        ending=kind.ending,
        size=len(content),
        state=AttachmentState.WAITING if scanned else AttachmentState.UNCHECKED,
    )
    circles.guard(made, actor, **readers)
    session.add(made)
    session.flush()
    session.add(AttachmentContent(attachment_id=made.id, content=made.id.bytes + content))
    if scanned:
        deadlines.set_(session, SCAN, made.id, clock.now())
    session.flush()
    journal.record(
        session,
        AttachmentAdded(case_id=case.id, person_id=case.person_id, attachment_id=made.id),
    )
    return made


def read(
    session: Session, case: Case, attachment_id: UUID, actor: Actor
) -> tuple[Attachment, bytes]:
    """The document and its bytes; written in the journal.

    Raises NotAllowed outside its circle, WrongState before a scanner has passed it.
    """
    found = get(session, Attachment, attachment_id)
    if found.case_id != case.id:
        raise NotFound("There is no such %(thing)s", thing="attachment")
    if not circles.reads(actor, found):
        raise NotAllowed("This is a reserved part of the file, and it is not open to you")
    if found.state is AttachmentState.WAITING:
        raise WrongState("The document is still being checked. Try again in a minute")
    if found.state is AttachmentState.REFUSED:
        raise WrongState("The scanner refused this document, so it was thrown away")
    journal.record(
        session,
        AttachmentRead(case_id=case.id, person_id=case.person_id, attachment_id=found.id),
    )
    return found, content_of(session, found.id)


def content_of(session: Session, attachment_id: UUID) -> bytes:
    """The bytes of this row and no other's."""
    try:
        kept = get(session, AttachmentContent, attachment_id).content
    except InvalidTag:
        kept = b""
    if kept[:MARK] != attachment_id.bytes:
        raise WrongState("The document does not belong to its row: the archive was changed by hand")
    return kept[MARK:]


def checked(session: Session, attachment_id: UUID, *, clean: bool) -> None:
    """What the scanner said. What it refuses is thrown away."""
    found = locked(session, Attachment, attachment_id)
    if found.state is not AttachmentState.WAITING:
        return
    move(found, AttachmentState.CLEAN if clean else AttachmentState.REFUSED, STEPS)
    found.checked_at = clock.now()
    if not clean:
        session.delete(get(session, AttachmentContent, attachment_id))
    session.flush()
    case = get(session, Case, found.case_id)
    journal.record(
        session,
        AttachmentChecked(
            case_id=case.id, person_id=case.person_id, attachment_id=found.id, state=found.state
        ),
    )


def of_case(session: Session, case_id: UUID) -> list[Attachment]:
    """Newest first; who shows them asks circles.reads for each."""
    wanted = select(Attachment).where(Attachment.case_id == case_id)
    return list(session.scalars(wanted.order_by(Attachment.added_at.desc())))
