"""What was referred to my office, for whoever opens no case: read it, accept, refuse, conclude."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from registry import access, audit, received, referrals, staff
from registry.access import Actor, Right
from registry.door import Me, allow
from registry.kit import i18n
from registry.kit.errors import NotAllowed, NotFound, Problem
from registry.kit.http import InTransaction, status_of
from registry.referrals import STEPS, ReferralState
from webconsole import case_words, rendering
from webconsole.pages import forms
from webconsole.words import words

router = APIRouter(include_in_schema=False, prefix="/ricevuti")
ANSWER = [allow(Right.ANSWER_REFERRALS)]
SEE_OTHER = 303


@router.get("", dependencies=ANSWER)
def list_received(
    request: Request, session: InTransaction, me: Me, conclusi: bool = False
) -> Response:
    if access.can(me, Right.READ_CASES):
        return RedirectResponse("/invii?quali=received", SEE_OTHER)
    return rendering.page(
        request,
        "cases/received.html",
        me=me,
        found=received.find(session, me, ended=conclusi),
        ended=conclusi,
        offices={each.id: each.name for each in staff.offices(session)},
        table=case_words,
        words=words(i18n.language_of(request)),
    )


@router.get("/{referral_id}", dependencies=ANSWER)
def show(referral_id: UUID, request: Request, session: InTransaction, me: Me) -> Response:
    """Opening it is the fact that it was seen."""
    return _record(request, session, me, referral_id)


@router.post("/{referral_id}", dependencies=ANSWER)
def answer(
    referral_id: UUID,
    request: Request,
    session: InTransaction,
    me: Me,
    state: Annotated[ReferralState, Form()],
    said: Annotated[str, Form(alias="words", max_length=forms.LONG)] = "",
) -> Response:
    """The next fact, or the page again with why not and what was typed."""
    try:
        with session.begin_nested():
            received.answer(session, referral_id, me, state, words=forms.whole(said))
    except (NotAllowed, NotFound):
        raise
    except Problem as problem:
        return _record(request, session, me, referral_id, typed=said, problem=problem)
    return RedirectResponse(f"/ricevuti/{referral_id}", SEE_OTHER)


def _record(
    request: Request,
    session: Session,
    me: Actor,
    referral_id: UUID,
    *,
    typed: str = "",
    problem: Problem | None = None,
) -> Response:
    found, case = received.read(session, referral_id, me)
    facts = referrals.facts(session, found.id)
    return rendering.page(
        request,
        "cases/received_one.html",
        me=me,
        status=status_of(problem) if problem else 200,
        referral=found,
        case=case,
        readable=received.still_theirs(found),
        facts=facts,
        names=audit.staff_names(session, {each.staff_id for each in facts}),
        sender=next(
            (each.name for each in staff.offices(session) if each.id == found.from_office_id), ""
        ),
        steps=[each for each in received.ANSWERS if each in STEPS[found.state]],
        typed=typed,
        trouble=forms.trouble(request, problem) if problem else forms.NONE,
        table=case_words,
        words=words(i18n.language_of(request)),
    )
