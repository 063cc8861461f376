"""Forms: what was typed, what was wrong with it, and codes with their words."""

from datetime import date
from typing import Any
from uuid import UUID

from fastapi import Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from registry import codes
from registry.access import Actor
from registry.codes import CodeList
from registry.kit import clock, i18n
from registry.kit.errors import Invalid, Problem
from registry.kit.http import sentence, status_of
from webconsole import rendering

LONG = 4000


class Trouble:
    """Why a form came back: the sentence, and the field it stands beside."""

    def __init__(self, said: str = "", field: str | None = None) -> None:
        self.said = said
        self.field = field

    def __bool__(self) -> bool:
        return bool(self.said)

    def at(self, field: str) -> str:
        """What is wrong with this field; empty when nothing is."""
        return self.said if self.field == field else ""


NONE = Trouble()


def trouble(request: Request, problem: Problem) -> Trouble:
    return Trouble(sentence(request, problem), problem.field)


def page(
    request: Request, template: str, *, me: Actor, problem: Problem | None = None, **facts: Any
) -> Response:
    """A page with a form on it; after a problem with its status, the sentence beside its field."""
    return rendering.page(
        request,
        template,
        me=me,
        status=status_of(problem) if problem else 200,
        trouble=trouble(request, problem) if problem else NONE,
        **facts,
    )


def id_or_none(text: str) -> UUID | None:
    """The id in a hidden field or an address; an empty one is nobody."""
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError:
        raise Invalid("A value cannot be stored as it was written") from None


def choices(
    session: Session, request: Request, list_: CodeList, on: date | None = None
) -> list[tuple[str, str]]:
    """Code and word of each code in force that day (today)."""
    found = codes.in_force(session, list_, on or clock.now().date())
    english = i18n.language_of(request) == "en"
    return [(each.code, each.english if english else each.italian) for each in found]


def said(session: Session, request: Request) -> dict[str, dict[str, str]]:
    """The words of every code of every list, for pages that show what was written."""
    language = i18n.language_of(request)
    return {list_.value: codes.labels(session, list_, language) for list_ in CodeList}


def whole(text: str) -> str:
    """What was typed, without what no archive can hold."""
    return text.replace("\0", "").strip()[:LONG]
