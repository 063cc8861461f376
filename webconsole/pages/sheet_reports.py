"""Telling that a sheet is no longer right: by a visitor of the public page, or by the staff."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from registry import directory, sheet_reports
from registry.access import Actor, Right
from registry.directory import Service
from registry.door import Me, allow, public, require_own_page
from registry.kit.errors import Problem
from registry.kit.http import InTransaction
from webconsole.pages import forms
from webconsole.pages.directory import sheet_page

router = APIRouter(include_in_schema=False)
OPEN = "who reads a published sheet may say that it is wrong; a bounded number waits for each"
SEE_OTHER = 303
Words = Annotated[str, Form(max_length=4000)]


@router.post("/servizi/{service_id}/segnalazione", dependencies=[public(OPEN)])
def tell_openly(
    service_id: UUID, request: Request, session: InTransaction, words: Words = ""
) -> Response:
    """From our own page alone; nobody has to say who they are."""
    require_own_page(request)
    directory.read(session, service_id, public=True)
    return _tell(request, session, service_id, None, words)


@router.post("/elenco/{service_id}/segnalazione", dependencies=[allow(Right.READ_CASES)])
def tell(
    service_id: UUID, request: Request, session: InTransaction, me: Me, words: Words = ""
) -> Response:
    return _tell(request, session, service_id, me, words)


def _tell(
    request: Request, session: Session, service_id: UUID, me: Actor | None, words: str
) -> Response:
    # Held, so that the number of those that wait is right.
    service: Service = directory.held(session, service_id)
    try:
        sheet_reports.report(session, service.id, forms.whole(words), me)
    except Problem as problem:
        trouble = forms.trouble(request, problem)
        report = {"words": words, "trouble": trouble, "thanks": False}
        return sheet_page(request, session, service, me, {}, report)
    there = "elenco" if me else "servizi"
    return RedirectResponse(f"/{there}/{service.id}?grazie=true#report", SEE_OTHER)
