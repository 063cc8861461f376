"""Saying later whom a request is about: found like anybody, then one button."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from registry import people, requests, search, versions
from registry.access import Right
from registry.door import Me, allow
from registry.kit import i18n
from registry.kit.errors import Invalid
from registry.kit.http import InTransaction
from webconsole import desk_words, rendering
from webconsole.pages import forms
from webconsole.words import words

router = APIRouter(include_in_schema=False, prefix="/richieste/{request_id}/persona")
WRITES = [allow(Right.WRITE_CASES)]
SEE_OTHER = 303
Short = Annotated[str, Form(max_length=60)]


@router.get("", dependencies=WRITES)
def choose(
    request_id: UUID,
    request: Request,
    session: InTransaction,
    me: Me,
    q: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    asked = requests.read(session, request_id, me)
    wanted = forms.whole(q)
    return rendering.page(
        request,
        "requests/person.html",
        me=me,
        asked=asked,
        q=wanted,
        hits=search.find(session, wanted, me).people if wanted else [],
        desk=desk_words,
        words=words(i18n.language_of(request)),
    )


@router.post("", dependencies=WRITES)
def name(
    request_id: UUID, session: InTransaction, me: Me, person_id: Short = "", version: Short = ""
) -> Response:
    """The case that the request opened is named with it."""
    asked = requests.held(session, request_id, me)
    versions.check(version, asked.version)
    who = forms.id_or_none(person_id)
    if who is None:
        raise Invalid("Choose the person and the time")
    requests.name_person(session, asked, people.read(session, who, me, why="request"))
    return RedirectResponse(f"/richieste/{asked.id}", SEE_OTHER)
