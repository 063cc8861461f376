"""An offer: one operator is asked for one call, and has 15 seconds to say yes.

The two partial unique indexes are the fence: whatever goes wrong elsewhere, the database never
holds two live offers for one call or for one operator.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import deadlines
from registry.kit import clock
from registry.kit.db import Base, Id
from registry.kit.states import move

ANSWER_WITHIN = timedelta(seconds=15)
JOIN_WITHIN = timedelta(seconds=15)
DUE = "callcenter.offer_due"
JOINS = "callcenter.operator_joins"


class OfferState(StrEnum):
    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    # The operator did join: the offer has led to a conversation.
    KEPT = "kept"
    # They accepted and never joined, or their line broke.
    LOST = "lost"


STEPS = {
    OfferState.OFFERED: {
        OfferState.ACCEPTED,
        OfferState.DECLINED,
        OfferState.EXPIRED,
        OfferState.WITHDRAWN,
    },
    OfferState.ACCEPTED: {OfferState.KEPT, OfferState.LOST, OfferState.WITHDRAWN},
    OfferState.DECLINED: set[OfferState](),
    OfferState.EXPIRED: set[OfferState](),
    OfferState.WITHDRAWN: set[OfferState](),
    OfferState.KEPT: set[OfferState](),
    OfferState.LOST: set[OfferState](),
}
LIVE = (OfferState.OFFERED, OfferState.ACCEPTED)
ONLY_LIVE = text("state IN ('offered', 'accepted')")


class CallOffer(Base):
    """Who was asked for which call, and what they said."""

    __tablename__ = "call_offers"
    __table_args__ = (
        Index("ux_call_offers_call", "call_id", unique=True, postgresql_where=ONLY_LIVE),
        Index("ux_call_offers_operator", "operator_id", unique=True, postgresql_where=ONLY_LIVE),
        Index("ix_call_offers_of_call", "call_id"),
    )

    id: Mapped[Id]
    call_id: Mapped[UUID] = mapped_column(ForeignKey("calls.id"))
    operator_id: Mapped[UUID] = mapped_column(ForeignKey("staff.id"))
    state: Mapped[OfferState] = mapped_column(default=OfferState.OFFERED)
    made_at: Mapped[datetime] = mapped_column(default=clock.now)
    answered_at: Mapped[datetime | None]


def make(session: Session, call_id: UUID, operator_id: UUID) -> CallOffer:
    offer = CallOffer(call_id=call_id, operator_id=operator_id)
    session.add(offer)
    session.flush()
    deadlines.set_(session, DUE, offer.id, offer.made_at + ANSWER_WITHIN)
    return offer


def accept(session: Session, offer: CallOffer) -> None:
    """From here the operator's browser has to join within JOIN_WITHIN."""
    move(offer, OfferState.ACCEPTED, STEPS)
    offer.answered_at = clock.now()
    deadlines.set_(session, JOINS, offer.id, offer.answered_at + JOIN_WITHIN)


def end(session: Session, call_id: UUID, how: OfferState) -> CallOffer | None:
    """Whatever offer of the call is still live ends like this."""
    offer = live(session, call_id)
    if offer is not None:
        if how not in STEPS[offer.state]:
            how = OfferState.WITHDRAWN
        move(offer, how, STEPS)
        offer.answered_at = offer.answered_at or clock.now()
        session.flush()
    return offer


def live(session: Session, call_id: UUID) -> CallOffer | None:
    wanted = select(CallOffer).where(CallOffer.call_id == call_id, CallOffer.state.in_(LIVE))
    return session.scalar(wanted)


def live_of_operator(session: Session, operator_id: UUID) -> CallOffer | None:
    wanted = select(CallOffer).where(
        CallOffer.operator_id == operator_id, CallOffer.state.in_(LIVE)
    )
    return session.scalar(wanted)


def asked(session: Session, call_ids: Iterable[UUID]) -> dict[UUID, dict[UUID, datetime]]:
    """When each operator was last asked for each of the calls."""
    wanted = (
        select(CallOffer.call_id, CallOffer.operator_id, func.max(CallOffer.made_at))
        .where(CallOffer.call_id.in_(list(call_ids)))
        .group_by(CallOffer.call_id, CallOffer.operator_id)
    )
    found: dict[UUID, dict[UUID, datetime]] = {}
    for call_id, operator_id, when in session.execute(wanted):
        found.setdefault(call_id, {})[operator_id] = when
    return found
