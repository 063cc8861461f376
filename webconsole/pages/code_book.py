"""The page of unknown codes: a supervisor says what each means."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from registry.access import Right
from registry.door import Me, allow
from registry.kit import i18n
from registry.kit.http import InTransaction
from telecare import code_book
from telecare.code_book import NOT_SAID
from telecare.protocols.base import Kind
from telecare.triage import lane_of
from webconsole import door_words, rendering
from webconsole.words import words

router = APIRouter(include_in_schema=False)
# The gravest first, as the choice is read from above.
SAID = [each for each in Kind if each not in NOT_SAID]
KINDS = sorted(SAID, key=lambda each: lane_of(each).letter)


@router.get("/codici", dependencies=[allow(Right.COORDINATE)])
def show_codes(request: Request, session: InTransaction, me: Me) -> Response:
    spoken = words(i18n.language_of(request))
    return rendering.page(
        request,
        "telecare/codes.html",
        me=me,
        unknown=code_book.unclassified(session),
        said=code_book.all_(session),
        kinds=[(each, lane_of(each).letter) for each in KINDS],
        word=lambda table, code: door_words.said(spoken, table, code),
    )
