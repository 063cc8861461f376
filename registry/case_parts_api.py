"""JSON of what hangs on a case: notes, documents, referrals."""

from datetime import datetime
from typing import Annotated, Self
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, File, Form, Query, Response, UploadFile, status
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from registry import (
    access,
    attachments,
    case_notes,
    cases,
    circles,
    listed,
    people,
    referral_lists,
    referrals,
)
from registry.access import Actor, Compartment, Right, Role
from registry.attachments import Attachment, AttachmentState
from registry.case_notes import CaseNote
from registry.cases import Case
from registry.circles import Circle
from registry.door import Me, allow
from registry.kit.db import locked
from registry.kit.errors import NotAllowed
from registry.kit.http import InTransaction
from registry.people_api import Out
from registry.referral_lists import Box
from registry.referrals import Referral, ReferralFact, ReferralState

router = APIRouter(tags=["registry"])
Text = Annotated[str, Field(max_length=4000)]
READ, WRITE = [allow(Right.READ_CASES)], [allow(Right.WRITE_CASES)]
# Nothing in a document may run, and no browser is to guess what it is.
SAFE_HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Readers(BaseModel):
    """`role` goes with the circle `role`, and with no other."""

    circle: Circle = Circle.EVERYONE
    role: Role | None = None
    compartment: Compartment | None = None


class NoteIn(Readers):
    text: Annotated[str, Field(min_length=1, max_length=case_notes.LONGEST)]


class GuardedOut(Out):
    """`readable` is false for whoever is outside the circle: what it says is null then."""

    id: UUID
    author_id: UUID | None
    circle: Circle
    role: Role | None
    compartment: Compartment | None
    readable: bool = True


class NoteOut(GuardedOut):
    written_at: datetime
    text: str | None

    @classmethod
    def of(cls, note: CaseNote, me: Actor) -> Self:
        shown = cls.model_validate(note)
        if not circles.reads(me, note):
            shown.text, shown.readable = None, False
        return shown


class AttachmentOut(GuardedOut):
    added_at: datetime
    name: str | None
    media_type: str
    size: int
    state: AttachmentState

    @classmethod
    def of(cls, found: Attachment, me: Actor) -> Self:
        shown = cls.model_validate(found)
        if not circles.reads(me, found):
            shown.name, shown.readable = None, False
        return shown


class ReferralIn(BaseModel):
    """To an office or to a body, not both."""

    reason: Annotated[str, Field(min_length=1, max_length=4000)]
    answer_by: datetime
    office_id: UUID | None = None
    body_id: UUID | None = None


class Step(BaseModel):
    """`told_by`: who said so at another body, when one of ours writes it down."""

    state: ReferralState
    words: Text = ""
    told_by: Annotated[str, Field(max_length=200)] = ""


class FactOut(Out):
    fact: ReferralState
    at: datetime
    staff_id: UUID | None
    told_by: str
    words: str


class ReferralOut(Out):
    """Of one whose case is in a compartment that is not the asker's there are no words."""

    id: UUID
    case_id: UUID
    from_office_id: UUID | None
    to_office_id: UUID | None
    to_body_id: UUID | None
    reason: str
    state: ReferralState
    expected_by: datetime | None
    overdue_since: datetime | None
    facts: list[FactOut] = Field(default_factory=list)

    @classmethod
    def of(cls, referral: Referral, case: Case, me: Actor, facts: list[ReferralFact]) -> Self:
        shown = cls.model_validate(referral)
        shown.facts = [FactOut.model_validate(each) for each in facts]
        if not access.sees(me, case.compartment):
            shown.reason = ""
            for each in shown.facts:
                each.words = each.told_by = ""
        return shown


def _open(session: Session, case_id: UUID, me: Actor) -> Case:
    """The case for whoever may read its parts."""
    case = cases.read(session, case_id, me)
    if not access.sees(me, case.compartment):
        raise NotAllowed("This is a reserved part of the file, and it is not open to you")
    return case


def _look(session: Session, case: Case, me: Actor) -> None:
    """What is shown of the case tells of its person: that it was looked at is written down."""
    if case.person_id is not None:
        people.read(session, case.person_id, me, why="case")


@router.get("/cases/{case_id}/notes", dependencies=READ)
def list_notes(case_id: UUID, session: InTransaction, me: Me) -> dict[str, list[NoteOut]]:
    _look(session, _open(session, case_id, me), me)
    return {"items": [NoteOut.of(each, me) for each in case_notes.of_case(session, case_id)]}


@router.post("/cases/{case_id}/notes", dependencies=WRITE, status_code=status.HTTP_201_CREATED)
def write_note(case_id: UUID, new: NoteIn, session: InTransaction, me: Me) -> NoteOut:
    case = _open(session, case_id, me)
    return NoteOut.of(case_notes.write(session, case, me, **new.model_dump()), me)


@router.get("/cases/{case_id}/attachments", dependencies=READ)
def list_attachments(
    case_id: UUID, session: InTransaction, me: Me
) -> dict[str, list[AttachmentOut]]:
    _look(session, _open(session, case_id, me), me)
    found = attachments.of_case(session, case_id)
    return {"items": [AttachmentOut.of(each, me) for each in found]}


@router.post(
    "/cases/{case_id}/attachments", dependencies=WRITE, status_code=status.HTTP_201_CREATED
)
def add_attachment(
    case_id: UUID,
    session: InTransaction,
    me: Me,
    file: Annotated[UploadFile, File()],
    circle: Annotated[Circle, Form()] = Circle.EVERYONE,
    role: Annotated[Role | None, Form()] = None,
    compartment: Annotated[Compartment | None, Form()] = None,
) -> AttachmentOut:
    """The kind is told by the content; the name is cleaned."""
    case = _open(session, case_id, me)
    added = attachments.add(
        session,
        case,
        me,
        name=file.filename or "",
        content=file.file.read(attachments.most() + 1),
        circle=circle,
        role=role,
        compartment=compartment,
    )
    return AttachmentOut.of(added, me)


@router.get(
    "/cases/{case_id}/attachments/{attachment_id}",
    dependencies=READ,
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}}},
)
def read_attachment(case_id: UUID, attachment_id: UUID, session: InTransaction, me: Me) -> Response:
    """The bytes, to be saved and never shown in place; that they were read is in the journal."""
    found, content = attachments.read(session, _open(session, case_id, me), attachment_id, me)
    return given_out(found, content)


def given_out(found: Attachment, content: bytes) -> Response:
    """A download with headers that let nothing in it run."""
    saved = f"attachment; filename=\"documento.{found.ending}\"; filename*=UTF-8''"
    headers = SAFE_HEADERS | {"Content-Disposition": saved + quote(found.name, safe="")}
    return Response(content, media_type=found.media_type, headers=headers)


@router.get("/referrals", dependencies=READ)
def list_referrals(
    session: InTransaction,
    me: Me,
    box: Box = Box.ALL,
    ended: bool = False,
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
) -> dict[str, list[ReferralOut]]:
    """Late ones first, then the newest."""
    found = referral_lists.find(session, me, box=box, ended=ended, limit=limit)
    listed.note(session, "referrals", (case.person_id for _, case in found))
    return {"items": [ReferralOut.of(each, case, me, []) for each, case in found]}


@router.post("/cases/{case_id}/referrals", dependencies=WRITE, status_code=status.HTTP_201_CREATED)
def send_referral(case_id: UUID, new: ReferralIn, session: InTransaction, me: Me) -> ReferralOut:
    case = cases.held(session, case_id, me)
    made = referrals.send(session, case, me, **new.model_dump())
    return ReferralOut.of(made, case, me, referrals.facts(session, made.id))


@router.get("/referrals/{referral_id}", dependencies=READ)
def read_referral(referral_id: UUID, session: InTransaction, me: Me) -> ReferralOut:
    """Read by the office it was sent to, it counts as seen."""
    found, case = referral_lists.read(session, referral_id, me)
    _look(session, case, me)
    referrals.seen(session, found.id, me)
    return ReferralOut.of(found, case, me, referrals.facts(session, found.id))


@router.post("/referrals/{referral_id}/step", dependencies=WRITE)
def step_referral(referral_id: UUID, told: Step, session: InTransaction, me: Me) -> ReferralOut:
    """The next of its facts: seen, accepted or refused, concluded; or withdrawn."""
    found, case = referral_lists.read(session, referral_id, me)
    cases.held(session, case.id, me)
    found = locked(session, Referral, found.id)
    referrals.step(session, found, me, told.state, words=told.words, told_by=told.told_by)
    facts = referrals.facts(session, found.id)
    return ReferralOut.of(found, case, me, facts)
