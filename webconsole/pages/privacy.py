"""Retention in three steps: rules, lists that are proposed and authorised, what became of them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from registry import disposals, listed, people, retention, staff, transfers
from registry.access import Actor, Right
from registry.cases import Area
from registry.disposals import Disposal, ItemState
from registry.door import Me, allow, fresh
from registry.kit import clock, i18n
from registry.kit.db import get, locked
from registry.kit.errors import Invalid, Problem
from registry.kit.http import InTransaction
from registry.retention import Disposition, RetentionRule, Trigger
from webconsole import privacy_words
from webconsole.pages import forms
from webconsole.words import words

router = APIRouter(include_in_schema=False, prefix="/privacy")
COORDINATE = [allow(Right.COORDINATE)]
READ = [allow(Right.COORDINATE, Right.READ_JOURNAL)]
SEE_OTHER = 303
RETENTION = "/privacy/conservazione"
Short = Annotated[str, Form(max_length=200)]


@router.get("/conservazione", dependencies=READ)
def show_retention(request: Request, session: InTransaction, me: Me) -> Response:
    return _retention(request, session, me)


@router.post("/conservazione", dependencies=COORDINATE)
def write_rule(
    request: Request,
    session: InTransaction,
    me: Me,
    name: Short = "",
    trigger: Annotated[Trigger, Form()] = Trigger.LAST_CASE_CLOSED,
    years: Short = "",
    disposition: Annotated[Disposition, Form()] = Disposition.ANONYMISE,
    source: Short = "",
    area: Short = "",
) -> Response:
    """Without an area the rule is for every file."""
    typed = {"name": name, "trigger": trigger, "years": years, "source": source, "area": area}
    typed["disposition"] = disposition
    try:
        with session.begin_nested():
            retention.write(
                session,
                me,
                name=name.replace("\0", ""),
                trigger=trigger,
                years=int(years) if years.strip().isdecimal() else None,
                disposition=disposition,
                source=source.replace("\0", ""),
                area=_area(area),
            )
    except Problem as problem:
        return _retention(request, session, me, typed=typed, problem=problem)
    return RedirectResponse(RETENTION, SEE_OTHER)


def _area(written: str) -> Area | None:
    if written and written not in set(Area):
        raise Invalid("A value cannot be stored as it was written", field="area")
    return Area(written) if written else None


@router.post("/conservazione/{rule_id}/fine", dependencies=COORDINATE)
def end_rule(rule_id: UUID, session: InTransaction, me: Me) -> Response:
    retention.end(session, locked(session, RetentionRule, rule_id), me)
    return RedirectResponse(RETENTION, SEE_OTHER)


@router.post("/conservazione/{rule_id}/proposta", dependencies=COORDINATE)
def propose(rule_id: UUID, request: Request, session: InTransaction, me: Me) -> Response:
    try:
        with session.begin_nested():
            made = disposals.propose(session, locked(session, RetentionRule, rule_id), me)
    except Problem as problem:
        return _retention(request, session, me, problem=problem)
    return RedirectResponse(f"/privacy/scarti/{made.id}", SEE_OTHER)


@router.get("/scarti/{disposal_id}", dependencies=COORDINATE)
def show_disposal(disposal_id: UUID, request: Request, session: InTransaction, me: Me) -> Response:
    return disposal_page(request, session, me, get(session, Disposal, disposal_id))


@router.post("/scarti/{disposal_id}/decisione", dependencies=[*COORDINATE, fresh()])
def decide(
    disposal_id: UUID,
    request: Request,
    session: InTransaction,
    me: Me,
    number: Short = "",
    what: Short = "",
) -> Response:
    """`what` is authorise or refuse. There is no way back: who decides has just shown who it is."""
    disposal = locked(session, Disposal, disposal_id)
    try:
        with session.begin_nested():
            if what == "refuse":
                disposals.refuse(session, disposal, me)
            elif what == "authorise":
                disposals.authorise(session, disposal, me, number=number.replace("\0", ""))
            else:
                raise Invalid("A value cannot be stored as it was written")
    except Problem as problem:
        session.refresh(disposal)
        return disposal_page(request, session, me, disposal, problem)
    return RedirectResponse(f"/privacy/scarti/{disposal_id}", SEE_OTHER)


def _retention(
    request: Request,
    session: Session,
    me: Actor,
    *,
    typed: dict[str, str] | None = None,
    problem: Problem | None = None,
) -> Response:
    lists, rules = disposals.latest(session), retention.all_(session)
    return forms.page(
        request,
        "privacy/retention.html",
        me=me,
        problem=problem,
        typed=typed or {},
        rules=rules,
        due={each.id: len(disposals.due(session, each)) for each in rules},
        lists=lists,
        names={each.id: each.name for each in rules},
        counts={each.id: sum(disposals.counts(session, each.id).values()) for each in lists},
        table=privacy_words,
        areas=list(Area),
        words=words(i18n.language_of(request)),
    )


def disposal_page(
    request: Request,
    session: Session,
    me: Actor,
    disposal: Disposal,
    problem: Problem | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    """One list, and what is to be done with it now."""
    found = disposals.files(session, disposal.id)
    known = people.known(session, [each.person_id for each in found], me)
    listed.note(session, "disposals", (each.id for each in known))
    names = {row[0]: row[1] for row in session.execute(select(staff.Staff.id, staff.Staff.name))}
    return forms.page(
        request,
        "privacy/disposal.html",
        me=me,
        problem=problem,
        typed=typed or {},
        disposal=disposal,
        to_archive=disposals.transfers(session, disposal),
        transfer=transfers.of(session, disposal),
        rule=get(session, RetentionRule, disposal.rule_id),
        found=found,
        people={each.id: each for each in known},
        counts=disposals.counts(session, disposal.id),
        items=ItemState,
        staff=names,
        today=clock.now(),
        table=privacy_words,
        words=words(i18n.language_of(request)),
    )
