"""Pages of call campaigns: those that go on, a new one from a list, and how far one is."""

from collections.abc import Iterable
from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from registry.access import Right
from registry.door import Me, allow
from registry.kit import i18n
from registry.kit.db import get
from registry.kit.http import InTransaction
from registry.staff import Staff
from telecare import campaign_files, campaigns
from telecare.campaigns import OPEN, Campaign
from telecare.planned import By, PlannedState, Purpose, Result
from webconsole import board_people, rendering
from webconsole.words import words

router = APIRouter(include_in_schema=False)
ANSWER = [allow(Right.ANSWER_ALARMS)]
MOST = 200  # calls shown
BY_LIST = (Purpose.HEAT, Purpose.COLD, Purpose.CHECK, Purpose.COMPANY)


@router.get("/campagne", dependencies=ANSWER)
def list_campaigns(request: Request, session: InTransaction, me: Me) -> Response:
    found = campaigns.latest(session)
    return rendering.page(
        request,
        "telecare/campaigns.html",
        me=me,
        found=found,
        progress=campaigns.progress(session, [each.id for each in found]),
        purposes=BY_LIST,
        callers=list(By),
        columns=", ".join(campaign_files.COLUMNS),
        may_come=", ".join(campaign_files.MAY_COME),
        words=words(i18n.language_of(request)),
    )


@router.get("/campagne/{campaign_id}", dependencies=ANSWER)
def show_campaign(campaign_id: UUID, request: Request, session: InTransaction, me: Me) -> Response:
    campaign = get(session, Campaign, campaign_id)
    listed = campaigns.calls_of(session, campaign.id, limit=MOST)
    progress = campaigns.progress(session, [campaign.id])[campaign.id]
    return rendering.page(
        request,
        "telecare/campaign.html",
        me=me,
        campaign=campaign,
        progress=progress,
        missed=progress.states.get(PlannedState.MISSED, 0),
        listed=listed,
        people=board_people.listed(session, (each.person_id for each in listed), me, "campaigns"),
        staff=_names(session, progress.operators),
        open_states={*OPEN, PlannedState.MISSED},
        results=list(Result),
        words=words(i18n.language_of(request)),
    )


def _names(session: Session, ids: Iterable[UUID | None]) -> dict[UUID, str]:
    wanted = select(Staff.id, Staff.name).where(Staff.id.in_([each for each in ids if each]))
    return {key: name for key, name in session.execute(wanted)}  # noqa: C416 - rows are typed
