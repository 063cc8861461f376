"""Referrals as an office looks for them: those it got, those it sent, those that are late."""

from enum import StrEnum

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from registry import cases
from registry.access import Actor
from registry.cases import Case
from registry.kit.errors import NotFound
from registry.referrals import PENDING, Referral


class Box(StrEnum):
    RECEIVED = "received"
    SENT = "sent"
    OVERDUE = "overdue"
    ALL = "all"


def find(
    session: Session, actor: Actor, *, box: Box = Box.ALL, ended: bool = False, limit: int = 100
) -> list[tuple[Referral, Case]]:
    """With their cases, late ones first, then the newest; ended ones only when asked for."""
    wanted = select(Referral, Case).join(Case, Case.id == Referral.case_id)
    wanted = wanted.where(Case.id.in_(cases.visible(actor).with_only_columns(Case.id)))
    if not ended:
        wanted = wanted.where(Referral.state.in_(PENDING))
    if box is Box.RECEIVED:
        wanted = wanted.where(Referral.to_office_id == actor.office_id)
    if box is Box.SENT:
        wanted = wanted.where(Referral.from_office_id == actor.office_id)
    if box is Box.OVERDUE:
        wanted = wanted.where(Referral.overdue_since.is_not(None))
    order = Referral.overdue_since.asc().nulls_last(), Referral.id.desc()
    return [(each, case) for each, case in session.execute(wanted.order_by(*order).limit(limit))]


def read(session: Session, referral_id: object, actor: Actor) -> tuple[Referral, Case]:
    """NotFound also when its case is about somebody whom the actor may not know of."""
    wanted = select(Referral, Case).join(Case, Case.id == Referral.case_id)
    known = cases.visible(actor).with_only_columns(Case.id)
    found = session.execute(
        wanted.where(Referral.id == referral_id, Case.id.in_(known))
    ).one_or_none()
    if found is None:
        raise NotFound("There is no such %(thing)s", thing="referral")
    return found[0], found[1]


def waiting(session: Session, actor: Actor) -> int:
    """How many the actor's office has not answered yet, late ones of its own included."""
    mine = or_(
        Referral.to_office_id == actor.office_id,
        Referral.overdue_since.is_not(None) & (Referral.from_office_id == actor.office_id),
    )
    return len(list(session.scalars(select(Referral.id).where(Referral.state.in_(PENDING), mine))))
