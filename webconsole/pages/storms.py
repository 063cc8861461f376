"""Pages of a storm: all that is down together, and the homes behind one outage by fragility."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload
from starlette.responses import Response

from registry import access, listed
from registry.access import Actor, Right
from registry.door import Me, allow
from registry.kit import i18n
from registry.kit.db import get
from registry.kit.http import InTransaction
from registry.people import Person
from telecare import campaigns, storms
from telecare.fragility import Why
from telecare.outages import Outage
from telecare.planned import PlannedCall
from telecare.storms import Down
from webconsole import door_words, rendering
from webconsole.words import words

router = APIRouter(include_in_schema=False)
ANSWER = [allow(Right.ANSWER_ALARMS)]
MOST = 200  # homes shown
# What is said of somebody whom the reader may not know of.
PLAIN = {Why.PRESSED, Why.SILENT}


@router.get("/guasti-diffusi", dependencies=ANSWER)
def list_outages(request: Request, session: InTransaction, me: Me) -> Response:
    found = storms.lines(session)
    begun = campaigns.of_outages(session, [each.id for each in found])
    spoken = words(i18n.language_of(request))
    return rendering.page(
        request,
        "telecare/storms.html",
        me=me,
        found=found,
        pressed=storms.pressed(session, found),
        begun=begun,
        progress=campaigns.progress(session, [each.id for each in begun.values()]),
        cause=lambda code: door_words.said(spoken, "outage", code),
    )


@router.get("/guasti-diffusi/{outage_id}", dependencies=ANSWER)
def show_outage(outage_id: UUID, request: Request, session: InTransaction, me: Me) -> Response:
    outage = get(session, Outage, outage_id)
    homes = storms.down(session, outage)
    pressed = [each for each in homes if each.pressed_at is not None]
    silent = [each for each in homes if each.pressed_at is None and each.silent]
    others = [each for each in homes if each.pressed_at is None and not each.silent]
    campaign = campaigns.of_outages(session, [outage.id]).get(outage.id)
    spoken = words(i18n.language_of(request))
    groups = [pressed[:MOST], silent[:MOST], others[:MOST]]
    return rendering.page(
        request,
        "telecare/storm.html",
        me=me,
        outage=outage,
        groups=groups,
        counts=[len(pressed), len(silent), len(others)],
        homes=sum(each.person_id is not None for each in homes),
        people=_shown(session, [each for group in groups for each in group], me),
        why=lambda each, known: each.why if known else [why for why in each.why if why in PLAIN],
        campaign=campaign,
        progress=campaigns.progress(session, [campaign.id])[campaign.id] if campaign else None,
        calls=_calls(session, campaign.id) if campaign else {},
        cause=door_words.said(spoken, "outage", outage.cause),
        words=spoken,
    )


def _shown(session: Session, rows: list[Down], me: Actor) -> dict[UUID, Person]:
    found = _people(session, rows, me)
    listed.note(session, "outage_homes", found)
    return found


def _people(session: Session, shown: list[Down], me: Actor) -> dict[UUID, Person]:
    """Those whom the reader may know of, with what a row says of them, in three looks."""
    ids = {each.person_id for each in shown if each.person_id is not None}
    wanted = (
        select(Person)
        .where(Person.id.in_(ids))
        .options(selectinload(Person.phones), selectinload(Person.addresses))
    )
    found = session.scalars(access.visible(wanted, Person.restricted, me))
    return {each.id: each for each in found}


def _calls(session: Session, campaign_id: UUID) -> dict[UUID, Any]:
    wanted = select(PlannedCall).where(PlannedCall.campaign_id == campaign_id)
    return {each.person_id: each for each in session.scalars(wanted)}
