"""The call-back campaign of an outage: everybody behind a unit that is down, in one click."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.kit import clock
from registry.kit.errors import Conflict, Invalid
from telecare import absences, campaigns, storms
from telecare.campaigns import Campaign, Pace, Wanted
from telecare.fragility import FRAGILE
from telecare.outages import Outage
from telecare.planned import By, Purpose

A_MINUTE = 30
WITHIN_MINUTES = 60
# Who is neither fragile nor has pressed is rung again after so many minutes, until reached.
AGAIN_MINUTES = 30


def begin(session: Session, outage: Outage, *, began_by: UUID | None) -> Campaign:
    """The system rings all homes of it: a reassurance, a key for "all is well", one for help.

    The fragile and whoever pressed come first, and become an alarm when they are not reached; who
    is away from home is left out unless somebody pressed there. Raises Conflict when it goes on
    already, Invalid when there is nobody to call.
    """
    running = select(Campaign.id).where(
        Campaign.outage_id == outage.id, Campaign.closed_at.is_(None)
    )
    if session.scalar(running) is not None:
        raise Conflict("These homes are being called already")
    people = _homes(session, outage)
    if not people:
        raise Invalid("No home is known behind these units")
    return campaigns.begin(
        session,
        purpose=Purpose.OUTAGE,
        title=outage.name,
        by=By.SYSTEM,
        people=people,
        pace=Pace(first_at=clock.now(), a_minute=A_MINUTE, within_minutes=WITHIN_MINUTES),
        outage_id=outage.id,
        began_by=began_by,
    )


def _homes(session: Session, outage: Outage) -> list[Wanted]:
    """One call for each person, however many units they have."""
    heaviest: dict[UUID, int] = {}
    pressed: set[UUID] = set()
    for each in storms.down(session, outage):
        if each.person_id is None:
            continue
        heaviest[each.person_id] = max(each.weight, heaviest.get(each.person_id, 0))
        if each.pressed_at is not None:
            pressed.add(each.person_id)
    away = absences.now_away(session, set(heaviest)).keys() - pressed
    return [
        Wanted(
            person_id=person_id,
            weight=weight,
            again_minutes=None if weight >= FRAGILE else AGAIN_MINUTES,
        )
        for person_id, weight in heaviest.items()
        if person_id not in away
    ]
