"""Coded lists of the plan: needs, target groups, outcomes; each code with its words and days."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from registry import code_lists
from registry.access import Actor, Right
from registry.codes import CodeList
from registry.door import Me, allow
from registry.kit import clock, i18n
from registry.kit.errors import Invalid, Problem
from registry.kit.http import InTransaction, status_of
from webconsole import rendering
from webconsole.case_words import LISTS
from webconsole.pages import forms
from webconsole.pages.forms import Trouble
from webconsole.words import words

router = APIRouter(include_in_schema=False, prefix="/amministrazione/elenchi")
MANAGE = [allow(Right.MANAGE_CODES)]
SEE_OTHER = 303
Text = Annotated[str, Form(max_length=200)]


@router.get("", dependencies=MANAGE)
def home() -> Response:
    return RedirectResponse(f"/amministrazione/elenchi/{CodeList.NEED}", SEE_OTHER)


@router.get("/{list_}", dependencies=MANAGE)
def show(list_: CodeList, request: Request, session: InTransaction, me: Me) -> Response:
    return _page(request, session, me, list_)


def _page(
    request: Request,
    session: Session,
    me: Actor,
    list_: CodeList,
    *,
    typed: dict[str, Any] | None = None,
    trouble: Trouble = forms.NONE,
    status: int = 200,
) -> Response:
    today = clock.now().date()
    blank = {"code": "", "italian": "", "english": "", "valid_from": str(today), "valid_to": ""}
    return rendering.page(
        request,
        "administration/codes.html",
        me=me,
        status=status,
        chosen=list_,
        lists=LISTS,
        found=code_lists.all_(session, list_),
        today=today,
        typed=blank | (typed or {}),
        trouble=trouble,
        words=words(i18n.language_of(request)),
    )


@router.post("/{list_}", dependencies=MANAGE)
def add(
    list_: CodeList,
    request: Request,
    session: InTransaction,
    me: Me,
    code: Text = "",
    italian: Text = "",
    english: Text = "",
    valid_from: Text = "",
    valid_to: Text = "",
) -> Response:
    typed = {
        "code": code,
        "italian": italian,
        "english": english,
        "valid_from": valid_from,
        "valid_to": valid_to,
    }
    try:
        code_lists.add(
            session,
            list_,
            code=code.strip(),
            italian=forms.whole(italian),
            english=forms.whole(english),
            valid_from=_day(valid_from, "valid_from"),
            valid_to=_day(valid_to, "valid_to") if valid_to else None,
        )
    except Problem as problem:
        return _page(
            request,
            session,
            me,
            list_,
            typed=typed,
            trouble=forms.trouble(request, problem),
            status=status_of(problem),
        )
    return RedirectResponse(f"/amministrazione/elenchi/{list_}", SEE_OTHER)


@router.post("/{list_}/{code}/{valid_from}", dependencies=MANAGE)
def change(
    list_: CodeList,
    code: str,
    valid_from: date,
    request: Request,
    session: InTransaction,
    me: Me,
    italian: Text = "",
    english: Text = "",
    last_day: Text = "",
) -> Response:
    """Other words, and a last day where one is given."""
    held = code_lists.read(session, list_, code, valid_from)
    try:
        with session.begin_nested():
            words_ = forms.whole(italian), forms.whole(english)
            code_lists.reword(session, held, italian=words_[0], english=words_[1])
            if last_day and last_day != str(held.valid_to or ""):
                code_lists.end(session, held, last_day=_day(last_day, "last_day"))
    except Problem as problem:
        session.refresh(held)
        return _page(
            request,
            session,
            me,
            list_,
            trouble=forms.trouble(request, problem),
            status=status_of(problem),
        )
    return RedirectResponse(f"/amministrazione/elenchi/{list_}", SEE_OTHER)


def _day(written: str, field: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise Invalid("Choose a day", field=field) from None
