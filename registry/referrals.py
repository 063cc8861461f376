"""A referral: a case, or a part of its work, sent to another office or body.

Four facts, each with who and when: sent, seen, accepted or refused, outcome (REQ 67). To have seen
is not to have accepted, and to have accepted is not to have done; each step is expected by a day.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import access, cases, deadlines, journal
from registry.access import Actor, Right
from registry.cases import Case
from registry.directory import Body
from registry.kit import clock
from registry.kit.db import Base, Id, get, locked
from registry.kit.errors import Invalid
from registry.kit.sealed import Sealed
from registry.kit.states import move
from registry.staff import Office

EXPECTED = "registry.referral_expected"
OUTCOME_WITHIN = timedelta(days=30)


class ReferralState(StrEnum):
    SENT = "sent"
    SEEN = "seen"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    CONCLUDED = "concluded"
    WITHDRAWN = "withdrawn"


STEPS = {
    ReferralState.SENT: {
        ReferralState.SEEN,
        ReferralState.ACCEPTED,
        ReferralState.REFUSED,
        ReferralState.WITHDRAWN,
    },
    ReferralState.SEEN: {
        ReferralState.ACCEPTED,
        ReferralState.REFUSED,
        ReferralState.WITHDRAWN,
    },
    ReferralState.ACCEPTED: {ReferralState.CONCLUDED, ReferralState.WITHDRAWN},
    ReferralState.REFUSED: set[ReferralState](),
    ReferralState.CONCLUDED: set[ReferralState](),
    ReferralState.WITHDRAWN: set[ReferralState](),
}
PENDING = (ReferralState.SENT, ReferralState.SEEN, ReferralState.ACCEPTED)
NEEDS_WORDS = {ReferralState.REFUSED, ReferralState.CONCLUDED, ReferralState.WITHDRAWN}


@dataclass(frozen=True, kw_only=True)
class ReferralMoved(journal.Event):
    referral_id: UUID
    state: str


@dataclass(frozen=True, kw_only=True)
class ReferralOverdue(journal.Event):
    referral_id: UUID
    state: str


class Referral(Base):
    """To an office of ours, or to a body of the directory."""

    __tablename__ = "referrals"
    __table_args__ = (
        CheckConstraint(
            "(to_office_id IS NULL) <> (to_body_id IS NULL)", name="referral_has_one_addressee"
        ),
    )

    id: Mapped[Id]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    from_office_id: Mapped[UUID | None] = mapped_column(ForeignKey("offices.id"))
    to_office_id: Mapped[UUID | None] = mapped_column(ForeignKey("offices.id"), index=True)
    to_body_id: Mapped[UUID | None] = mapped_column(ForeignKey("bodies.id"))
    sealed_reason: Mapped[bytes] = mapped_column("reason", Sealed("referrals.reason"))
    state: Mapped[ReferralState] = mapped_column(default=ReferralState.SENT)
    # By when the next fact is expected; None once nothing is.
    expected_by: Mapped[datetime | None]
    overdue_since: Mapped[datetime | None]

    @property
    def reason(self) -> str:
        return self.sealed_reason.decode()


class ReferralFact(Base):
    """One fact; `told_by` is who said so at another body, when one of ours wrote it down."""

    __tablename__ = "referral_facts"
    __table_args__ = (UniqueConstraint("referral_id", "fact"),)

    id: Mapped[Id]
    referral_id: Mapped[UUID] = mapped_column(ForeignKey("referrals.id"))
    fact: Mapped[ReferralState]
    at: Mapped[datetime] = mapped_column(default=clock.now)
    staff_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))
    sealed_told_by: Mapped[bytes | None] = mapped_column(
        "told_by", Sealed("referral_facts.told_by")
    )
    sealed_words: Mapped[bytes | None] = mapped_column("words", Sealed("referral_facts.words"))

    @property
    def told_by(self) -> str:
        return (self.sealed_told_by or b"").decode()

    @property
    def words(self) -> str:
        return (self.sealed_words or b"").decode()


def send(
    session: Session,
    case: Case,
    actor: Actor,
    *,
    reason: str,
    answer_by: datetime,
    office_id: UUID | None = None,
    body_id: UUID | None = None,
) -> Referral:
    """To an office or to a body; an answer is expected by `answer_by`."""
    cases.must_be_live(case)
    if (office_id is None) == (body_id is None):
        raise Invalid("Choose an office or a body", field="to")
    if office_id is not None:
        get(session, Office, office_id)
    else:
        get(session, Body, body_id)
    if not reason.strip():
        raise Invalid("Write it in a few words", field="reason")
    if answer_by <= clock.now():
        raise Invalid("Choose a day that is still to come", field="answer_by")
    made = Referral(
        case_id=case.id,
        from_office_id=actor.office_id,
        to_office_id=office_id,
        to_body_id=body_id,
        sealed_reason=reason.strip().encode(),
        expected_by=answer_by,
    )
    session.add(made)
    session.flush()
    deadlines.set_(session, EXPECTED, made.id, answer_by)
    _write(session, made, case, ReferralState.SENT, actor)
    return made


def step(
    session: Session,
    referral: Referral,
    actor: Actor,
    to: ReferralState,
    *,
    words: str = "",
    told_by: str = "",
) -> None:
    """The next fact; the caller holds the row. Refusals, outcomes and withdrawals say why.

    Raises NotAllowed for whoever is not of the office it was sent to (or sent it, to withdraw).
    """
    _require(actor, referral, to)
    if to in NEEDS_WORDS and not words.strip():
        raise Invalid("Write it in a few words", field="words")
    skipped = referral.state is ReferralState.SENT and to in {
        ReferralState.ACCEPTED,
        ReferralState.REFUSED,
    }
    move(referral, to, STEPS)
    case = get(session, Case, referral.case_id)
    if skipped:
        # Whoever answers has seen it: both facts are written.
        _write(session, referral, case, ReferralState.SEEN, actor, told_by=told_by)
    _expect(session, referral)
    _write(session, referral, case, to, actor, words=words, told_by=told_by)


def _require(actor: Actor, referral: Referral, to: ReferralState) -> None:
    theirs = referral.from_office_id if to is ReferralState.WITHDRAWN else referral.to_office_id
    outside = referral.to_body_id is not None
    if not (outside or theirs is None or theirs == actor.office_id):
        access.require(actor, Right.COORDINATE)


def _expect(session: Session, referral: Referral) -> None:
    """After a yes an outcome is expected; after a look still the answer; else nothing more."""
    if referral.state is ReferralState.SEEN:
        return
    referral.overdue_since = None
    if referral.state is ReferralState.ACCEPTED:
        referral.expected_by = clock.now() + OUTCOME_WITHIN
        deadlines.set_(session, EXPECTED, referral.id, referral.expected_by)
    else:
        referral.expected_by = None
        deadlines.cancel(session, EXPECTED, referral.id)


def _write(
    session: Session,
    referral: Referral,
    case: Case,
    fact: ReferralState,
    actor: Actor,
    *,
    words: str = "",
    told_by: str = "",
) -> None:
    session.add(
        ReferralFact(
            referral_id=referral.id,
            fact=fact,
            staff_id=actor.staff_id,
            sealed_words=words.strip().encode() or None,
            sealed_told_by=told_by.strip().encode() or None,
        )
    )
    session.flush()
    journal.record(
        session,
        ReferralMoved(
            case_id=case.id, person_id=case.person_id, referral_id=referral.id, state=fact
        ),
    )


def seen(session: Session, referral_id: UUID, actor: Actor) -> None:
    """Somebody of the office it was sent to has opened it."""
    referral = locked(session, Referral, referral_id)
    ours = referral.to_office_id is not None and referral.to_office_id == actor.office_id
    if ours and referral.state is ReferralState.SENT:
        step(session, referral, actor, ReferralState.SEEN)


def overdue(session: Session, referral_id: UUID) -> None:
    """Kept by the sweeper: what was expected has not come."""
    referral = locked(session, Referral, referral_id)
    if referral.state not in PENDING or referral.overdue_since is not None:
        return
    referral.overdue_since = clock.now()
    case = get(session, Case, referral.case_id)
    session.flush()
    journal.record(
        session,
        ReferralOverdue(
            case_id=case.id,
            person_id=case.person_id,
            referral_id=referral.id,
            state=referral.state,
        ),
    )


def facts(session: Session, referral_id: UUID) -> list[ReferralFact]:
    """In the order in which they happened."""
    wanted = select(ReferralFact).where(ReferralFact.referral_id == referral_id)
    return list(session.scalars(wanted.order_by(ReferralFact.at, ReferralFact.id)))


def of_case(session: Session, case_id: UUID) -> list[Referral]:
    """Newest first."""
    wanted = select(Referral).where(Referral.case_id == case_id)
    return list(session.scalars(wanted.order_by(Referral.id.desc())))
