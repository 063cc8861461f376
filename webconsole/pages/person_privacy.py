"""On a person's file: notices, consents, and a copy of their data, read before it is given."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from registry import case_holds, consents, people, purposes, subject_access
from registry.access import Actor, Right
from registry.consents import Consent, Way
from registry.door import Me, allow, fresh
from registry.kit import i18n
from registry.kit.db import get, locked
from registry.kit.errors import Invalid, NotFound, Problem, WrongState
from registry.kit.http import InTransaction
from registry.kit.settings import settings
from registry.people import Person
from registry.purposes import LegalBasis, Purpose
from registry.subject_access import ExportState, SubjectExport
from webconsole import gathering, handing_over, privacy_words, rendering
from webconsole.pages import forms
from webconsole.words import words

router = APIRouter(include_in_schema=False, prefix="/persone/{person_id}/privacy")
WRITE = [allow(Right.WRITE_PEOPLE)]
COORDINATE = [allow(Right.COORDINATE)]
SEE_OTHER = 303
Short = Annotated[str, Form(max_length=200)]
Text = Annotated[str, Form(max_length=2_000)]


@router.get("", dependencies=WRITE)
def show(person_id: UUID, request: Request, session: InTransaction, me: Me) -> Response:
    return _page(request, session, me, people.read(session, person_id, me, why="privacy"))


@router.post("/informative", dependencies=WRITE)
def give_notice(
    person_id: UUID,
    request: Request,
    session: InTransaction,
    me: Me,
    edition: Short = "",
    way: Annotated[Way, Form()] = Way.PAPER,
) -> Response:
    person = _known(session, person_id, me)
    try:
        with session.begin_nested():
            consents.give_notice(session, person, me, edition=edition.replace("\0", ""), way=way)
    except Problem as problem:
        return _page(request, session, me, person, problem)
    return RedirectResponse(f"/persone/{person_id}/privacy", SEE_OTHER)


@router.post("/consensi", dependencies=WRITE)
def consent(
    person_id: UUID,
    request: Request,
    session: InTransaction,
    me: Me,
    purpose: Short = "",
    way: Annotated[Way, Form()] = Way.PAPER,
) -> Response:
    person = _known(session, person_id, me)
    try:
        with session.begin_nested():
            wanted = forms.id_or_none(purpose)
            if wanted is None:
                raise Invalid("Choose what the consent is for", field="purpose_id")
            consents.consent(session, person, get(session, Purpose, wanted), me, way=way)
    except Problem as problem:
        return _page(request, session, me, person, problem)
    return RedirectResponse(f"/persone/{person_id}/privacy", SEE_OTHER)


@router.post("/consensi/{consent_id}/revoca", dependencies=WRITE)
def withdraw(person_id: UUID, consent_id: UUID, session: InTransaction, me: Me) -> Response:
    _known(session, person_id, me)
    given = locked(session, Consent, consent_id)
    if given.person_id != person_id:
        raise NotFound("There is no such %(thing)s", thing="consent")
    consents.withdraw(session, given)
    return RedirectResponse(f"/persone/{person_id}/privacy", SEE_OTHER)


@router.post("/copie", dependencies=[*COORDINATE, fresh()])
def draft(person_id: UUID, session: InTransaction, me: Me) -> Response:
    """Gather all that is kept; nothing leaves the house yet."""
    person = people.read(session, person_id, me, why="privacy")
    gathering.require(session, person, me)
    made = subject_access.draft(session, person.id, me, gathering.pieces(session, person))
    return RedirectResponse(f"/persone/{person_id}/privacy/copie/{made.id}", SEE_OTHER)


@router.get("/copie/{export_id}", dependencies=[*COORDINATE, fresh()])
def show_copy(
    person_id: UUID, export_id: UUID, request: Request, session: InTransaction, me: Me
) -> Response:
    person = people.read(session, person_id, me, why="privacy")
    gathering.require(session, person, me)
    return _copy(request, me, person, _export(session, person_id, export_id))


@router.post("/copie/{export_id}", dependencies=[*COORDINATE, fresh()])
def decide(
    person_id: UUID,
    export_id: UUID,
    request: Request,
    session: InTransaction,
    me: Me,
    hidden: Annotated[list[str] | None, Form(max_length=5_000)] = None,
    place: Annotated[list[str] | None, Form(max_length=5_000)] = None,
    said: Annotated[list[str] | None, Form(max_length=5_000)] = None,
    reason: Text = "",
    what: Short = "",
) -> Response:
    """`what` is hand_over or discard; `said` is what is left of the lines at `place`."""
    person = _known(session, person_id, me)
    gathering.require(session, person, me)
    made = _export(session, person_id, export_id)
    left_out = set(hidden or [])
    left = {at: _typed(words) for at, words in zip(place or [], said or [], strict=False)}
    try:
        with session.begin_nested():
            if what == "discard":
                subject_access.discard(session, made, me)
            else:
                why = reason.replace("\0", "")
                subject_access.hand_over(
                    session, made, me, hidden=left_out, reason=why, said=_changed(made, left)
                )
    except Problem as problem:
        session.refresh(made)
        return _copy(request, me, person, made, problem, left_out, reason, left)
    return RedirectResponse(f"/persone/{person_id}/privacy/copie/{export_id}", SEE_OTHER)


@router.get("/copie/{export_id}/archivio.zip", dependencies=[*COORDINATE, fresh()])
def take(
    person_id: UUID, export_id: UUID, request: Request, session: InTransaction, me: Me
) -> Response:
    """What is handed over: for machines (JSON) and for people (a page to print)."""
    person = _known(session, person_id, me)
    gathering.require(session, person, me)
    made = _export(session, person_id, export_id)
    if made.state is not ExportState.HANDED_OVER:
        raise WrongState("Somebody has to read the copy first")
    subject_access.taken(session, made)
    sheet = rendering.page(request, "privacy/sheet.html", me=me, **_facts(request, person, made))
    return Response(
        handing_over.archive(session, made, me, bytes(sheet.body)),
        media_type="application/zip",
        headers={
            "content-disposition": f'attachment; filename="copia-{made.id}.zip"',
            "cache-control": "no-store",
        },
    )


def _typed(words: str) -> str:
    """As a browser's lines end, they were not written."""
    return words.replace("\0", "").replace("\r\n", "\n")


def _changed(made: SubjectExport, left: dict[str, str]) -> dict[str, str]:
    """Lines in which something was replaced; how a browser sent the others does not matter."""
    whole = {str(place): _typed(each.said) for place, each in enumerate(made.pieces)}
    return {at: words for at, words in left.items() if whole.get(at) != words}


def _known(session: Session, person_id: UUID, me: Actor) -> Person:
    """The person, if the actor may know of them: reading is written down by the page itself."""
    found = people.known(session, [person_id], me)
    if not found:
        raise NotFound("There is no such %(thing)s", thing="person")
    return found[0]


def _export(session: Session, person_id: UUID, export_id: UUID) -> SubjectExport:
    made = locked(session, SubjectExport, export_id)
    if made.person_id != person_id:
        raise NotFound("There is no such %(thing)s", thing="copy")
    return made


def _page(
    request: Request, session: Session, me: Actor, person: Person, problem: Problem | None = None
) -> Response:
    given = consents.consents_of(session, person.id)
    standing = {purpose.id for each, purpose in given if each.until is None}
    return forms.page(
        request,
        "privacy/person.html",
        me=me,
        problem=problem,
        person=person,
        notices=consents.notices_of(session, person.id),
        given=given,
        choices=[
            each
            for each in purposes.all_(session)
            if each.basis is LegalBasis.CONSENT and each.id not in standing
        ],
        exports=subject_access.of_person(session, person.id),
        held=case_holds.on_person(session, person.id),
        table=privacy_words,
        words=words(i18n.language_of(request)),
    )


def _copy(
    request: Request,
    me: Actor,
    person: Person,
    made: SubjectExport,
    problem: Problem | None = None,
    hidden: set[str] | None = None,
    reason: str = "",
    left: dict[str, str] | None = None,
) -> Response:
    return forms.page(
        request,
        "privacy/copy.html",
        me=me,
        problem=problem,
        left_out=set(made.hidden) if hidden is None else hidden,
        reason=reason or made.reason,
        left=left or made.blacked_out,
        omissis=subject_access.OMISSIS,
        **_facts(request, person, made),
    )


def _facts(request: Request, person: Person, made: SubjectExport) -> dict[str, Any]:
    return {
        "person": person,
        "made": made,
        "controller": settings().controller,
        "privacy_officer": settings().privacy_officer,
        "table": privacy_words,
        "words": words(i18n.language_of(request)),
    }
