"""Cases: the list of mine and of others, and one case with who follows it and its whole story."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from registry import (
    access,
    attachments,
    audit,
    case_holds,
    case_lists,
    case_managers,
    case_states,
    case_targets,
    cases,
    circles,
    directory,
    people,
    referrals,
    staff,
)
from registry.access import Actor, Compartment, Right
from registry.case_lists import Scope
from registry.case_managers import FOLLOWING, Part
from registry.case_states import CaseState
from registry.cases import Area, Case
from registry.circles import Circle
from registry.codes import CodeList
from registry.door import Me, allow
from registry.kit import i18n
from registry.kit.http import InTransaction
from registry.kit.settings import settings
from webconsole import board_people, case_story, case_words, rendering
from webconsole.pages import forms, older
from webconsole.pages.forms import Trouble
from webconsole.staff_words import COMPARTMENTS, ROLES
from webconsole.words import words

router = APIRouter(include_in_schema=False)
PAGE = 50
# What the forms of a case give back when something is refused.
FIELDS = ("text", "reason", "note", "form", "circle", "role", "to", "answer_by")


@router.get("/casi", dependencies=[allow(Right.READ_CASES)])
def list_cases(
    request: Request,
    session: InTransaction,
    me: Me,
    quali: Scope | None = None,
    stato: CaseState | None = None,
    servizio: Annotated[str, Query(max_length=40)] = "",
    gruppo: Annotated[str, Query(max_length=40)] = "",
    before: older.Number = None,
) -> Response:
    """Whoever follows cases begins with their own."""
    scope = quali or (Scope.ALL if FOLLOWING.isdisjoint(me.roles) else Scope.MINE)
    area = Area(servizio) if servizio in set(Area) else None
    found = case_lists.find(
        session, me, scope=scope, state=stato, area=area, target=gruppo, after=before, limit=PAGE
    )
    ids = [each.id for each in found]
    followers = case_managers.of_many(session, ids)
    return rendering.page(
        request,
        "cases/list.html",
        me=me,
        found=found,
        scope=scope,
        chosen=stato,
        area=area,
        target=gruppo,
        targets=forms.choices(session, request, CodeList.TARGET),
        groups=case_targets.of_many(session, ids),
        followers=followers,
        names=audit.staff_names(
            session, {each.staff_id for parts in followers.values() for each in parts.values()}
        ),
        people=board_people.listed(session, (each.person_id for each in found), me, "cases"),
        sees=lambda case: access.sees(me, case.compartment),
        table=case_words,
        areas=list(Area),
        states=list(CaseState),
        said=forms.said(session, request),
        words=words(i18n.language_of(request)),
        next_before=found[-1].number if len(found) == PAGE else None,
    )


@router.get("/casi/{case_id}", dependencies=[allow(Right.READ_CASES)])
def show_case(
    case_id: UUID,
    request: Request,
    session: InTransaction,
    me: Me,
    tutto: bool = False,
    before: older.Line = None,
) -> Response:
    """With `tutto` the story of the person over all services. A colleague's gift is seen now."""
    case = cases.read(session, case_id, me)
    case_managers.seen(session, case.id, me)
    return record(request, session, me, case, whole=tutto, before=before)


def record(
    request: Request,
    session: Session,
    me: Actor,
    case: Case,
    *,
    whole: bool = False,
    before: int | None = None,
    typed: dict[str, Any] | None = None,
    trouble: Trouble = forms.NONE,
    status: int = 200,
) -> Response:
    """The page of a case; blacked out for whoever lacks its compartment."""
    person = people.read(session, case.person_id, me, why="case") if case.person_id else None
    open_ = access.sees(me, case.compartment)
    facts = _facts(request, session, me, case, whole=whole, before=before) if open_ else {}
    return rendering.page(
        request,
        "cases/record.html" if open_ else "cases/closed.html",
        me=me,
        status=status,
        case=case,
        person=person,
        table=case_words,
        compartments=COMPARTMENTS,
        words=words(i18n.language_of(request)),
        typed=dict.fromkeys(FIELDS, "") | (typed or {}),
        trouble=trouble,
        **facts,
    )


def _facts(
    request: Request, session: Session, me: Actor, case: Case, *, whole: bool, before: int | None
) -> dict[str, Any]:
    """What the page shows of a case whose parts are open to the reader."""
    spoken = words(i18n.language_of(request))
    tell = case_story.of_person if whole else case_story.of_case
    story = tell(session, case, me, spoken, before)
    followed = case_managers.history(session, case.id)
    history = case_states.of(session, case.id)
    hold = case_holds.current(session, case.id)
    sent = referrals.of_case(session, case.id)
    now = {each.part: each for each in followed if each.until is None}
    followers = {each.staff_id for each in now.values()}
    who = {each.staff_id for each in history} | {each.staff_id for each in followed}
    who |= {each.given_by for each in followed} | ({hold.set_by} if hold else set())
    return {
        "story": story.lines,
        "next_before": story.older,
        "from_here": before,
        "whole": whole,
        "history": history,
        "followed": followed,
        "manager": now.get(Part.MANAGER),
        "deputy": now.get(Part.DEPUTY),
        "able": case_managers.able(session),
        "gives": not followers or me.staff_id in followers or access.can(me, Right.COORDINATE),
        "hold": hold,
        "names": audit.staff_names(session, who),
        "groups": {each.code for each in case_targets.current(session, case.id)},
        "ended": case_targets.ended(session, case.id),
        "documents": [
            (each, circles.reads(me, each)) for each in attachments.of_case(session, case.id)
        ],
        "scanned": bool(settings().scan_command),
        "most": settings().attachment_megabytes,
        "sent": sent,
        "last": {each.id: referrals.facts(session, each.id)[-1].at for each in sent},
        "offices": {each.id: each.name for each in staff.offices(session)},
        "bodies": {each.id: each.name for each in directory.bodies(session)},
        "readers": [each for each in Circle if each is not Circle.OFFICE or me.office_id],
        "roles": ROLES,
        "parts": [each for each in Compartment if each in me.compartments],
        "targets": forms.choices(session, request, CodeList.TARGET),
        "stages": forms.choices(session, request, CodeList.CASE_STAGE),
        "outcomes": forms.choices(session, request, CodeList.CASE_OUTCOME),
        "said": forms.said(session, request),
    }
