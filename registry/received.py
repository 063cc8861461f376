"""Referrals as the office that got them reads them: what was written to it, and its own answers.

For people of a partner, who open nobody's file and no case: they see what was sent to their own
office, and nothing of where it came from but the office, the area and the number. Whoever reads
cases finds referrals with their case (referral_lists.py), and those of people they may know of.
"""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry import access, journal, referrals
from registry.access import Actor, Right
from registry.cases import Case
from registry.kit.db import get, locked
from registry.kit.errors import NotAllowed, NotFound
from registry.referrals import PENDING, Referral, ReferralState

ANSWERS = (ReferralState.ACCEPTED, ReferralState.REFUSED, ReferralState.CONCLUDED)
# What was taken back, or is not theirs to do, is not theirs to read any more.
NO_LONGER_THEIRS = (ReferralState.WITHDRAWN, ReferralState.REFUSED)


@dataclass(frozen=True, kw_only=True)
class ReferralRead(journal.Event):
    """Somebody of the office it was sent to opened it: it tells of the person."""

    what_for: ClassVar[str] = "referral"

    referral_id: UUID


def find(
    session: Session, actor: Actor, *, ended: bool = False, limit: int = 100
) -> list[tuple[Referral, Case]]:
    """Those sent to the actor's own office, late ones first, then the newest."""
    if not _here(actor):
        return []
    wanted = (
        select(Referral, Case)
        .join(Case, Case.id == Referral.case_id)
        .where(Referral.to_office_id == actor.office_id)
    )
    if not ended:
        wanted = wanted.where(Referral.state.in_(PENDING))
    order = Referral.overdue_since.asc().nulls_last(), Referral.id.desc()
    return [(row[0], row[1]) for row in session.execute(wanted.order_by(*order).limit(limit))]


def read(session: Session, referral_id: UUID, actor: Actor) -> tuple[Referral, Case]:
    """Open it, which counts as seen; NotFound also for what was sent to others."""
    found = _theirs(session, referral_id, actor)
    referrals.seen(session, found.id, actor)
    case = get(session, Case, found.case_id)
    journal.record(
        session, ReferralRead(case_id=case.id, person_id=case.person_id, referral_id=found.id)
    )
    return found, case


def answer(
    session: Session, referral_id: UUID, actor: Actor, to: ReferralState, *, words: str
) -> None:
    """Accept, refuse or conclude. Raises a Problem for whatever else, as `referrals.step` does."""
    found = locked(session, Referral, _theirs(session, referral_id, actor).id)
    if to not in ANSWERS:
        raise NotAllowed("Only whoever sent it takes it back")
    referrals.step(session, found, actor, to, words=words)


def still_theirs(referral: Referral) -> bool:
    """Whether the words that were sent are for the office to read."""
    return referral.state not in NO_LONGER_THEIRS


def _theirs(session: Session, referral_id: UUID, actor: Actor) -> Referral:
    found = session.get(Referral, referral_id)
    if found is None or not _here(actor) or found.to_office_id != actor.office_id:
        raise NotFound("There is no such %(thing)s", thing="referral")
    return found


def _here(actor: Actor) -> bool:
    return actor.office_id is not None and not access.can(actor, Right.READ_CASES)
