"""The story of a case on one timeline: journal lines with the notes and documents they speak of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry import audit, cases, circles
from registry.access import Actor
from registry.attachments import Attachment, AttachmentAdded, AttachmentState
from registry.case_notes import CaseNote, NoteWritten
from registry.cases import Case
from registry.contacts import Contact, ContactRecorded
from registry.journal import Entry
from registry.referrals import ReferralMoved, ReferralOverdue
from webconsole import board_people
from webconsole.words import Words

LINES = 120  # shown at once
# These lines have their note beside them, or are the auditor's.
HERE = {ContactRecorded.kind}
Told = TypeVar("Told", CaseNote, Attachment, Contact)
READABLE = {AttachmentState.UNCHECKED, AttachmentState.CLEAN}


@dataclass
class Line:
    """What happened, by whom, and what may be read of it; `hidden` stands for the rest."""

    at: datetime
    icon: str
    said: str
    who: str = ""
    body: str = ""
    link: str = ""
    hidden: bool = False


@dataclass
class Story:
    """One page of a timeline, newest first; `older` is where the next one begins."""

    lines: list[Line]
    older: int | None


def of_case(
    session: Session, case: Case, me: Actor, words: Words, before: int | None = None
) -> Story:
    """What happened on this case; with `before`, only before that line of the journal."""
    quiet = set(board_people.QUIET) - HERE
    entries = cases.timeline(session, case.id, limit=LINES, before=before)
    shown = [each for each in entries if each.kind not in quiet]
    return Story(_told(session, case, shown, me, words), older_than(entries, LINES))


def of_person(
    session: Session, case: Case, me: Actor, words: Words, before: int | None = None
) -> Story:
    """The same over all the services that know the person."""
    if case.person_id is None:
        return of_case(session, case, me, words, before)
    entries = board_people.journal_of(session, case.person_id, me, LINES, before=before)
    return Story(_told(session, case, entries, me, words), older_than(entries, LINES))


def older_than(entries: Sequence[Entry], page: int) -> int | None:
    """Where what is older begins, if the page is full."""
    return entries[-1].id if len(entries) == page else None


def _told(
    session: Session, case: Case, entries: Sequence[Entry], me: Actor, words: Words
) -> list[Line]:
    names = audit.staff_names(session, {each.actor_id for each in entries})
    notes = _spoken_of(session, case, entries, NoteWritten.kind, "note_id", CaseNote)
    documents = _spoken_of(
        session, case, entries, AttachmentAdded.kind, "attachment_id", Attachment
    )
    meetings = _spoken_of(session, case, entries, ContactRecorded.kind, "contact_id", Contact)
    lines = []
    for entry in entries:
        line = Line(
            at=entry.at,
            icon=words.icon(entry.kind),
            said=words.happened(entry),
            who=names.get(entry.actor_id, "") if entry.actor_id else "",
        )
        if entry.kind == NoteWritten.kind:
            _with_note(line, notes.get(_id(entry, "note_id")), me)
        elif entry.kind == AttachmentAdded.kind:
            _with_document(line, documents.get(_id(entry, "attachment_id")), me)
        elif entry.kind == ContactRecorded.kind and _id(entry, "contact_id") in meetings:
            line.body, line.icon = meetings[_id(entry, "contact_id")].note, "note"
        elif entry.kind in {ReferralMoved.kind, ReferralOverdue.kind}:
            line.link, line.icon = f"/invii/{_id(entry, 'referral_id')}", "next"
        lines.append(line)
    return lines


def _id(entry: Entry, fact: str) -> UUID:
    return UUID(str(entry.facts[fact]))


def _with_note(line: Line, note: CaseNote | None, me: Actor) -> None:
    line.icon = "note"
    if note is not None:
        line.hidden = not circles.reads(me, note)
        line.body = "" if line.hidden else note.text


def _with_document(line: Line, document: Attachment | None, me: Actor) -> None:
    line.icon = "note"
    if document is not None:
        line.hidden = not circles.reads(me, document)
        line.body = "" if line.hidden else document.name
        if not line.hidden and document.state in READABLE:
            line.link = f"/casi/{document.case_id}/documenti/{document.id}"


def _spoken_of(
    session: Session, case: Case, entries: Sequence[Entry], kind: str, fact: str, what: type[Told]
) -> dict[UUID, Told]:
    """The things of this case that lines of one kind name; a case may have thousands of others."""
    ids = {_id(each, fact) for each in entries if each.kind == kind}
    found = session.scalars(select(what).where(what.id.in_(ids), what.case_id == case.id))
    return {each.id: each for each in found}
