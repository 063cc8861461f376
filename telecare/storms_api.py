"""JSON of a storm: what is down together, who is behind it, and the click that calls them back."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, status
from pydantic import BaseModel, ConfigDict

from registry import listed, people
from registry.access import Right
from registry.door import Me, allow
from registry.kit.db import get, locked
from registry.kit.http import InTransaction
from telecare import call_backs, campaigns, outages, storms
from telecare.campaigns import Campaign
from telecare.fragility import Why
from telecare.outages import By, Outage
from telecare.planned import Purpose
from telecare.protocols.base import Kind

router = APIRouter(prefix="/storms", tags=["telecare"])
ANSWER = [allow(Right.ANSWER_ALARMS)]
MOST = 500


class Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class StormLine(Out):
    """One outage. `pressed`: homes in which somebody pressed while it lasted."""

    id: UUID
    cause: Kind
    by: By
    name: str
    began_at: datetime
    ended_at: datetime | None
    devices: int
    most: int
    units: int
    pressed: int = 0
    campaign_id: UUID | None = None


class DownOut(Out):
    """A unit in it; without a person when the asker may not know of them."""

    device_id: UUID
    account: str
    person_id: UUID | None
    pressed_at: datetime | None
    alarm_open: bool
    silent: bool
    back: bool
    why: list[Why]
    weight: int


class CampaignOut(Out):
    id: UUID
    purpose: Purpose
    title: str
    began_at: datetime
    closed_at: datetime | None
    calls: int
    over: int
    percent: int


@router.get("", dependencies=ANSWER)
def list_outages(session: InTransaction) -> list[StormLine]:
    found = storms.lines(session)
    pressed = storms.pressed(session, found)
    begun = campaigns.of_outages(session, [each.id for each in found])
    return [
        StormLine.model_validate(each).model_copy(
            update={
                "pressed": pressed[each.id],
                "campaign_id": begun[each.id].id if each.id in begun else None,
            }
        )
        for each in found
    ]


@router.get("/{outage_id}/down", dependencies=ANSWER)
def list_down(outage_id: UUID, session: InTransaction, me: Me) -> list[DownOut]:
    """The most fragile first, at most 500."""
    found = storms.down(session, get(session, outages.Outage, outage_id))[:MOST]
    ids = {each.person_id for each in found if each.person_id is not None}
    known = {each.id for each in people.known(session, ids, me)}
    listed.note(session, "outage_homes", known)
    return [_shown(each, known) for each in found]


def _shown(each: storms.Down, known: set[UUID]) -> DownOut:
    shown = DownOut.model_validate(each)
    if each.person_id in known or each.person_id is None:
        return shown
    plain = [why for why in each.why if why in {Why.PRESSED, Why.SILENT}]
    return shown.model_copy(update={"person_id": None, "why": plain, "weight": 0})


@router.post("/{outage_id}/call-back", dependencies=ANSWER, status_code=status.HTTP_201_CREATED)
def call_back(outage_id: UUID, session: InTransaction, me: Me) -> CampaignOut:
    """The system calls every home behind it, the most fragile first."""
    outage = locked(session, Outage, outage_id)
    return of_campaign(session, call_backs.begin(session, outage, began_by=me.staff_id))


def of_campaign(session: InTransaction, campaign: Campaign) -> CampaignOut:
    told = campaigns.progress(session, [campaign.id])[campaign.id]
    return CampaignOut(
        id=campaign.id,
        purpose=campaign.purpose,
        title=campaign.title,
        began_at=campaign.began_at,
        closed_at=campaign.closed_at,
        calls=told.calls,
        over=told.over,
        percent=told.percent,
    )
