"""JSON of campaigns: begin one with a list, see how far it is, close it."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response, status
from pydantic import BaseModel, Field

from registry.access import Right
from registry.door import Me, allow
from registry.kit import clock
from registry.kit.db import get, locked
from registry.kit.http import InTransaction
from telecare import campaign_files, campaigns
from telecare.campaigns import Campaign, Pace
from telecare.planned import By, Purpose
from telecare.storms_api import CampaignOut, of_campaign

router = APIRouter(prefix="/campaigns", tags=["telecare"])
ANSWER = [allow(Right.ANSWER_ALARMS)]
COORDINATE = [allow(Right.COORDINATE)]
LONGEST_LIST = 2_000_000  # characters


class CampaignIn(BaseModel):
    """`list`: lines of CSV, see telecare/campaign_files.py. `first_at`: now when left out."""

    purpose: Purpose
    title: Annotated[str, Field(max_length=120)]
    by: By = By.OPERATOR
    first_at: datetime | None = None
    a_minute: float = 30
    within_minutes: int = 60
    list: Annotated[str, Field(max_length=LONGEST_LIST)]


@router.get("", dependencies=ANSWER)
def list_campaigns(session: InTransaction) -> list[CampaignOut]:
    return [of_campaign(session, each) for each in campaigns.latest(session)]


@router.get("/{campaign_id}", dependencies=ANSWER)
def read_campaign(campaign_id: UUID, session: InTransaction) -> CampaignOut:
    return of_campaign(session, get(session, Campaign, campaign_id))


@router.post("", dependencies=COORDINATE, status_code=status.HTTP_201_CREATED)
def begin_campaign(new: CampaignIn, session: InTransaction, me: Me) -> CampaignOut:
    """Everybody of the list is called once; nothing is written while a line of it is wrong."""
    made = campaigns.begin(
        session,
        purpose=new.purpose,
        title=new.title,
        by=new.by,
        people=campaign_files.read(session, new.list, me),
        pace=Pace(
            first_at=new.first_at or clock.now(),
            a_minute=new.a_minute,
            within_minutes=new.within_minutes,
        ),
        began_by=me.staff_id,
    )
    return of_campaign(session, made)


@router.post(
    "/{campaign_id}/close", dependencies=COORDINATE, status_code=status.HTTP_204_NO_CONTENT
)
def close_campaign(campaign_id: UUID, session: InTransaction) -> Response:
    campaigns.close(session, locked(session, Campaign, campaign_id))
    return Response(status_code=status.HTTP_204_NO_CONTENT)
