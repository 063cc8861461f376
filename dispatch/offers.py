"""An offer: one team is asked to go, and has until a certain moment to answer."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from dispatch.teams import Team
from dispatch.travel import Travel
from registry import deadlines, journal
from registry.kit import clock
from registry.kit.db import Base, Id, locked
from registry.kit.errors import WrongState
from registry.kit.states import move

UNANSWERED = "dispatch.offer_unanswered"
FIND_TEAM = "dispatch.find_team"

# By priority. No national figure exists: our defaults.
ANSWER_WITHIN = {
    "A": timedelta(minutes=2),
    "B": timedelta(minutes=5),
    "C": timedelta(minutes=15),
    "D": timedelta(minutes=15),
}


class OfferState(StrEnum):
    OFFERED = "offered"
    DELIVERED = "delivered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


LIVE = frozenset({OfferState.OFFERED, OfferState.DELIVERED})
ANSWERS = {OfferState.ACCEPTED, OfferState.DECLINED, OfferState.EXPIRED, OfferState.WITHDRAWN}

STEPS = {
    OfferState.OFFERED: {OfferState.DELIVERED} | ANSWERS,
    OfferState.DELIVERED: ANSWERS,
    # An accepted job may be given back.
    OfferState.ACCEPTED: {OfferState.DECLINED},
    OfferState.DECLINED: set[OfferState](),
    # A late yes counts only while nobody else goes: see `response.accept`.
    OfferState.EXPIRED: {OfferState.ACCEPTED},
    OfferState.WITHDRAWN: set[OfferState](),
}


class Decline(StrEnum):
    """Why a team cannot go."""

    BUSY = "busy"
    TOO_FAR = "too_far"
    NOT_SUITED = "not_suited"
    NOT_SAFE = "not_safe"
    VEHICLE = "vehicle"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True)
class TeamOffered(journal.Event):
    intervention_id: UUID
    offer_id: UUID
    team_id: UUID


@dataclass(frozen=True, kw_only=True)
class OfferDelivered(journal.Event):
    intervention_id: UUID
    offer_id: UUID
    team_id: UUID


@dataclass(frozen=True, kw_only=True)
class OfferDeclined(journal.Event):
    intervention_id: UUID
    offer_id: UUID
    team_id: UUID
    reason: str


@dataclass(frozen=True, kw_only=True)
class OfferExpired(journal.Event):
    intervention_id: UUID
    offer_id: UUID
    team_id: UUID


@dataclass(frozen=True, kw_only=True)
class OfferWithdrawn(journal.Event):
    intervention_id: UUID
    offer_id: UUID
    team_id: UUID


class Offer(Base):
    """The question put to one team, its answer, and why this team was asked."""

    __tablename__ = "team_offers"
    __table_args__ = (
        Index(
            "ux_team_offers_team_asked",
            "team_id",
            unique=True,
            postgresql_where=text("state IN ('offered', 'delivered')"),
        ),
        Index(
            "ux_team_offers_intervention_asked",
            "intervention_id",
            unique=True,
            postgresql_where=text("state IN ('offered', 'delivered')"),
        ),
        Index("ix_team_offers_intervention", "intervention_id"),
    )

    id: Mapped[Id]
    intervention_id: Mapped[UUID] = mapped_column(ForeignKey("interventions.id"))
    case_id: Mapped[UUID]
    team_id: Mapped[UUID] = mapped_column(ForeignKey("teams.id"))
    state: Mapped[OfferState] = mapped_column(default=OfferState.OFFERED)
    round: Mapped[int]
    way_seconds: Mapped[int | None]
    way_source: Mapped[str | None]
    # What was known when this team was chosen: who could go, who not, and who chose.
    evidence: Mapped[dict[str, Any]]
    offered_at: Mapped[datetime] = mapped_column(default=clock.now)
    answer_by: Mapped[datetime]
    delivered_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    decline: Mapped[Decline | None]

    team: Mapped[Team] = relationship(lazy="selectin")


def make(
    session: Session,
    team: Team,
    *,
    intervention_id: UUID,
    case_id: UUID,
    priority: str,
    round_: int,
    way: Travel | None,
    evidence: dict[str, Any],
) -> Offer:
    """Take the team and ask it. The caller holds the team and has found it free."""
    now = clock.now()
    offer = Offer(
        intervention_id=intervention_id,
        case_id=case_id,
        team_id=team.id,
        team=team,
        round=round_,
        way_seconds=round(way.time.total_seconds()) if way else None,
        way_source=way.source if way else None,
        evidence=evidence,
        offered_at=now,
        answer_by=now + ANSWER_WITHIN[priority],
    )
    session.add(offer)
    session.flush()
    deadlines.set_(session, UNANSWERED, offer.id, offer.answer_by)
    journal.record(session, TeamOffered(**facts(offer)))
    return offer


def deliver(session: Session, offer: Offer) -> None:
    """The team's phone has shown it. Saying so twice, or too late, changes nothing."""
    if offer.state is not OfferState.OFFERED:
        return
    move(offer, OfferState.DELIVERED, STEPS)
    offer.delivered_at = clock.now()
    journal.record(session, OfferDelivered(**facts(offer)))


def decline(session: Session, offer: Offer, reason: Decline) -> None:
    """The team cannot go: the next one is asked.

    Raises WrongState for a job that it said yes to: that is given back, or is over.
    """
    if offer.state is OfferState.ACCEPTED:
        raise WrongState("You said yes to this job: give it back if you cannot go")
    give_up(session, offer, reason)


def give_up(session: Session, offer: Offer, reason: Decline) -> None:
    """No more theirs, asked or accepted: another team is looked for."""
    move(offer, OfferState.DECLINED, STEPS)
    offer.answered_at = clock.now()
    offer.decline = reason
    journal.record(session, OfferDeclined(**facts(offer), reason=reason))
    _ask_the_next(session, offer)


def unanswered(session: Session, offer_id: UUID) -> None:
    """Kept deadline: no answer came in time, so the next team is asked."""
    offer = locked(session, Offer, offer_id)
    if offer.state not in LIVE:
        return
    move(offer, OfferState.EXPIRED, STEPS)
    journal.record(session, OfferExpired(**facts(offer)))
    _ask_the_next(session, offer)


def withdraw(session: Session, offer: Offer) -> None:
    """The room takes the question back."""
    move(offer, OfferState.WITHDRAWN, STEPS)
    offer.answered_at = clock.now()
    deadlines.cancel(session, UNANSWERED, offer.id)
    journal.record(session, OfferWithdrawn(**facts(offer)))


def _ask_the_next(session: Session, offer: Offer) -> None:
    deadlines.cancel(session, UNANSWERED, offer.id)
    deadlines.set_(session, FIND_TEAM, offer.intervention_id, clock.now())


def facts(offer: Offer) -> dict[str, UUID]:
    """The ids every event about an offer carries."""
    return {
        "case_id": offer.case_id,
        "intervention_id": offer.intervention_id,
        "offer_id": offer.id,
        "team_id": offer.team_id,
    }


def live(session: Session, intervention_ids: Iterable[UUID] | None = None) -> dict[UUID, Offer]:
    """The questions that wait for an answer, by intervention."""
    wanted = select(Offer).where(Offer.state.in_(LIVE))
    if intervention_ids is not None:
        wanted = wanted.where(Offer.intervention_id.in_(list(intervention_ids)))
    return {offer.intervention_id: offer for offer in session.scalars(wanted)}


def of_intervention(session: Session, intervention_id: UUID) -> list[Offer]:
    """Everybody who was asked, in order."""
    return list(
        session.scalars(
            select(Offer)
            .where(Offer.intervention_id == intervention_id)
            .order_by(Offer.offered_at, Offer.id)
        )
    )
