"""Whether a team has been asked for already: shown while somebody asks, never decided for them."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch import interventions
from dispatch.interventions import Intervention, InterventionState
from dispatch.travel import Point, metres_between
from registry.access import Actor
from registry.kit import clock
from registry.places import Place

SIMILAR_WITHIN = timedelta(hours=24)
SAME_PLACE_M = 200.0


def similar(
    session: Session,
    actor: Actor,
    *,
    place: Place,
    case_id: UUID | None = None,
    person_id: UUID | None = None,
) -> list[Intervention]:
    """Recent interventions that may be the same: same case, person or place. Newest first."""
    wanted = select(Intervention).where(
        Intervention.requested_at > clock.now() - SIMILAR_WITHIN,
        Intervention.state != InterventionState.CANCELLED,
    )
    recent = session.scalars(
        interventions.visible_to(wanted, actor).order_by(Intervention.requested_at.desc())
    )
    return [
        each
        for each in recent
        if (case_id and each.case_id == case_id)
        or (person_id and each.person_id == person_id)
        or _same_place(each, place)
    ]


def _same_place(known: Intervention, place: Place) -> bool:
    if known.point and place.latitude is not None and place.longitude is not None:
        here = Point(place.latitude, place.longitude)
        return metres_between(known.point, here) <= SAME_PLACE_M
    return bool(place.text.strip()) and known.place_text.casefold() == place.text.casefold()
