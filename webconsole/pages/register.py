"""The register of processing (GDPR art. 30) and the impact assessment's template (art. 35)."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from registry import purposes, retention
from registry.access import Actor, Right
from registry.door import Me, allow
from registry.kit import i18n
from registry.kit.db import get, locked
from registry.kit.errors import Problem
from registry.kit.http import InTransaction
from registry.kit.settings import settings
from registry.purposes import LegalBasis, Purpose
from registry.starting_register import STARTING
from webconsole import privacy_words, rendering
from webconsole.pages import forms
from webconsole.words import words

router = APIRouter(include_in_schema=False, prefix="/privacy")
COORDINATE = [allow(Right.COORDINATE)]
READ = [allow(Right.COORDINATE, Right.READ_JOURNAL)]
SEE_OTHER = 303
HOME = "/privacy"
Text = Annotated[str, Form(max_length=2_000)]
Short = Annotated[str, Form(max_length=200)]


def _line(
    name: Short = "",
    why: Text = "",
    basis: Annotated[LegalBasis, Form()] = LegalBasis.PUBLIC_TASK,
    source: Text = "",
    subjects: Text = "",
    facts: Text = "",
    recipients: Text = "",
    transfers: Text = "",
    keeping: Text = "",
    measures: Text = "",
) -> dict[str, Any]:
    typed = {
        "name": name,
        "why": why,
        "source": source,
        "subjects": subjects,
        "facts": facts,
        "recipients": recipients,
        "transfers": transfers,
        "keeping": keeping,
        "measures": measures,
    }
    return {each: forms.whole(said) for each, said in typed.items()} | {"basis": basis}


Line = Annotated[dict[str, Any], Depends(_line)]


@router.get("", dependencies=READ)
def show_register(request: Request, session: InTransaction, me: Me) -> Response:
    return _register(request, session, me)


@router.post("/modello", dependencies=COORDINATE)
def start_register(session: InTransaction, me: Me) -> Response:
    """The lines that a house starts from, those that it lacks."""
    there = {each.name for each in purposes.all_(session)}
    for line in STARTING:
        if line["name"] not in there:
            purposes.write(session, me, **line)
    return RedirectResponse(HOME, SEE_OTHER)


@router.post("", dependencies=COORDINATE)
def write_line(request: Request, session: InTransaction, me: Me, typed: Line) -> Response:
    try:
        with session.begin_nested():
            purposes.write(session, me, **typed)
    except Problem as problem:
        return _register(request, session, me, typed=typed, problem=problem)
    return RedirectResponse(HOME, SEE_OTHER)


@router.get("/righe/{purpose_id}", dependencies=COORDINATE)
def show_line(purpose_id: UUID, request: Request, session: InTransaction, me: Me) -> Response:
    """Another wording of a line: the register is the body's own and is kept up to date."""
    return _change(request, me, get(session, Purpose, purpose_id))


@router.post("/righe/{purpose_id}", dependencies=COORDINATE)
def change_line(
    purpose_id: UUID, request: Request, session: InTransaction, me: Me, typed: Line
) -> Response:
    line = locked(session, Purpose, purpose_id)
    try:
        with session.begin_nested():
            purposes.write(session, me, line, **typed)
    except Problem as problem:
        session.refresh(line)
        return _change(request, me, line, typed=typed, problem=problem)
    return RedirectResponse(HOME, SEE_OTHER)


@router.get("/valutazione", dependencies=READ)
def show_assessment(request: Request, session: InTransaction, me: Me) -> Response:
    """The template of the impact assessment (GDPR art. 35), filled with what the house knows."""
    return rendering.page(
        request,
        "privacy/assessment.html",
        me=me,
        found=purposes.all_(session),
        rules=[each for each in retention.all_(session) if each.ended_at is None],
        **_facts(request),
    )


def _register(
    request: Request,
    session: Session,
    me: Actor,
    *,
    typed: dict[str, Any] | None = None,
    problem: Problem | None = None,
) -> Response:
    return forms.page(
        request,
        "privacy/register.html",
        me=me,
        problem=problem,
        typed=typed or {},
        found=purposes.all_(session),
        **_facts(request),
    )


def _change(
    request: Request,
    me: Actor,
    line: Purpose,
    *,
    typed: dict[str, Any] | None = None,
    problem: Problem | None = None,
) -> Response:
    columns = Purpose.__table__.columns.keys()
    written = {name: getattr(line, name) for name in columns}
    return forms.page(
        request,
        "privacy/line.html",
        me=me,
        problem=problem,
        line=line,
        typed=typed or written,
        **_facts(request),
    )


def _facts(request: Request) -> dict[str, Any]:
    """What every page of the register says: who is responsible, and the words of codes."""
    return {
        "controller": settings().controller,
        "privacy_officer": settings().privacy_officer,
        "table": privacy_words,
        "words": words(i18n.language_of(request)),
    }
