"""The page of expected tests: two weeks of days, and the units of one of them."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from registry.access import Right
from registry.door import Me, allow
from registry.kit import i18n
from registry.kit.http import InTransaction
from telecare import expected_tests
from telecare.protocols.base import Kind
from webconsole import door_words, rendering
from webconsole.words import words

router = APIRouter(include_in_schema=False)


@router.get("/prove-attese", dependencies=[allow(Right.MANAGE_DEVICES)])
def show_expected_tests(
    request: Request,
    session: InTransaction,
    me: Me,
    giorno: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    spoken = words(i18n.language_of(request))
    days = expected_tests.days(session)
    chosen = next((each for each in days if each.on == _date(giorno)), days[0])
    return rendering.page(
        request,
        "telecare/expected_tests.html",
        me=me,
        days=days,
        chosen=chosen,
        found=expected_tests.of_day(session, chosen.on),
        missed=expected_tests.missed(session),
        missed_cause=Kind.TEST_MISSED,
        say=lambda table, code: door_words.said(spoken, table, code),
    )


def _date(written: str) -> date | None:
    """The day written in an address; none for what is no day."""
    try:
        return date.fromisoformat(written)
    except ValueError:
        return None
