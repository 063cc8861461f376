"""Referrals: what my office got and sent, and one of them with its facts and its next step."""

from datetime import date, datetime, time
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from registry import access, audit, cases, directory, people, referral_lists, referrals, staff
from registry.access import Actor, Right
from registry.cases import Case
from registry.door import Me, allow
from registry.kit import i18n
from registry.kit.db import locked
from registry.kit.errors import Invalid, NotAllowed, Problem
from registry.kit.http import InTransaction, status_of
from registry.referral_lists import Box
from registry.referrals import STEPS, Referral, ReferralState
from webconsole import board_people, case_words, rendering
from webconsole.dress import ZONE
from webconsole.pages import forms
from webconsole.pages.case_verbs import Here
from webconsole.pages.forms import Trouble
from webconsole.words import words

# ruff: noqa: FAST003 - the dependency that holds the case takes it from the address
router = APIRouter(include_in_schema=False)
READ, WRITE = [allow(Right.READ_CASES)], [allow(Right.WRITE_CASES)]
SEE_OTHER = 303
END_OF_DAY = time(18)
Text = Annotated[str, Form(max_length=forms.LONG)]
Short = Annotated[str, Form(max_length=200)]


@router.get("/invii", dependencies=READ)
def list_referrals(
    request: Request,
    session: InTransaction,
    me: Me,
    quali: Box = Box.ALL,
    conclusi: bool = False,
) -> Response:
    found = referral_lists.find(session, me, box=quali, ended=conclusi)
    return rendering.page(
        request,
        "cases/referrals.html",
        me=me,
        found=found,
        box=quali,
        ended=conclusi,
        people=board_people.listed(session, (case.person_id for _, case in found), me, "referrals"),
        offices={each.id: each.name for each in staff.offices(session)},
        bodies={each.id: each.name for each in directory.bodies(session)},
        table=case_words,
        words=words(i18n.language_of(request)),
    )


@router.post("/casi/{case_id}/invii", dependencies=WRITE)
def send(on: Here, to: Short = "", reason: Text = "", answer_by: Short = "") -> Response:
    """`to` is "office:ID" or "body:ID"."""

    def work(case: Case) -> None:
        kind, _, written = to.partition(":")
        try:
            day = date.fromisoformat(answer_by)
        except ValueError:
            raise Invalid("Choose a day that is still to come", field="answer_by") from None
        referrals.send(
            on.session,
            case,
            on.me,
            reason=forms.whole(reason),
            answer_by=datetime.combine(day, END_OF_DAY, ZONE),
            office_id=forms.id_or_none(written) if kind == "office" else None,
            body_id=forms.id_or_none(written) if kind == "body" else None,
        )

    return on.do(work, form="referral", reason=reason, to=to, answer_by=answer_by)


@router.get("/invii/{referral_id}", dependencies=READ)
def show(referral_id: UUID, request: Request, session: InTransaction, me: Me) -> Response:
    """Opened by the office it was sent to, it counts as seen."""
    found, case = referral_lists.read(session, referral_id, me)
    referrals.seen(session, found.id, me)
    return _record(request, session, me, found, case)


def _record(
    request: Request,
    session: Session,
    me: Actor,
    referral: Referral,
    case: Case,
    *,
    typed: dict[str, str] | None = None,
    trouble: Trouble = forms.NONE,
    status: int = 200,
) -> Response:
    person = people.read(session, case.person_id, me, why="case") if case.person_id else None
    facts = referrals.facts(session, referral.id)
    return rendering.page(
        request,
        "cases/referral.html",
        me=me,
        status=status,
        referral=referral,
        case=case,
        person=person,
        open_=access.sees(me, case.compartment),
        facts=facts,
        names=audit.staff_names(session, {each.staff_id for each in facts}),
        offices={each.id: each.name for each in staff.offices(session)},
        bodies={each.id: each.name for each in directory.bodies(session)},
        steps=[each for each in ReferralState if each in STEPS[referral.state]],
        typed={"words": "", "told_by": ""} | (typed or {}),
        trouble=trouble,
        table=case_words,
        words=words(i18n.language_of(request)),
    )


@router.post("/invii/{referral_id}/passo", dependencies=WRITE)
def step(
    referral_id: UUID,
    request: Request,
    session: InTransaction,
    me: Me,
    state: Annotated[ReferralState, Form()],
    said: Annotated[str, Form(alias="words", max_length=forms.LONG)] = "",
    told_by: Short = "",
) -> Response:
    """The next fact, or the page again with why not and all that was typed."""
    found, case = referral_lists.read(session, referral_id, me)
    try:
        with session.begin_nested():
            cases.held(session, case.id, me)
            found = locked(session, Referral, found.id)
            referrals.step(session, found, me, state, words=forms.whole(said), told_by=told_by)
    except NotAllowed:
        raise
    except Problem as problem:
        session.refresh(found)
        typed = {"words": said, "told_by": told_by}
        trouble = forms.trouble(request, problem)
        return _record(
            request,
            session,
            me,
            found,
            case,
            typed=typed,
            trouble=trouble,
            status=status_of(problem),
        )
    return RedirectResponse(f"/invii/{referral_id}", SEE_OTHER)
