"""A phone call: somebody rings us, or we ring somebody."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ForeignKey, Index, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from callcenter import lines, offers, operators, turns
from callcenter.call_events import (
    CallAbandoned,
    CallArrived,
    CallClosed,
    CallEnded,
    CallerNamed,
    CallPlaced,
)
from callcenter.call_states import (
    HELD,
    ON_THE_LINE,
    OVER,
    QUEUED,
    STEPS,
    CallState,
    Direction,
    Outcome,
)
from callcenter.lines import Line
from callcenter.offers import OfferState
from callcenter.operators import State
from registry import access, cases, contacts, deadlines, journal, people, safe_contacts
from registry.cases import Area, Case
from registry.contacts import Channel
from registry.kit import clock
from registry.kit.db import Base, Id, get
from registry.kit.errors import Conflict, Invalid, WrongState
from registry.kit.phone import e164, e164_or_none
from registry.kit.sealed import SealedText
from registry.kit.states import move
from registry.people import Person

# Told to others together with the noun they belong to.
__all__ = ["Call", "CallState", "Direction", "Outcome"]

# Kinds of deadlines; their functions are bound in webconsole/wiring.py.
WAITS = "callcenter.call_waits"
CHECK = "callcenter.check_call"
PLACE = "callcenter.place_call"
HANG_UP = "callcenter.hang_up"
SOFTPHONE = "callcenter.softphone"
WRAP_UP = "callcenter.wrap_up"
CALL_BACK = "callcenter.call_back"

LOOK_AFTER = timedelta(seconds=30)  # then the carrier is asked what became of a live call
WAIT_STEP = timedelta(seconds=10)
WRAP_UP_WITHIN = timedelta(minutes=3)
SHORT_WAIT = timedelta(seconds=5)  # who hangs up sooner may have dialled wrongly
CALL_BACK_WITHIN = timedelta(minutes=15)


class Call(Base):
    """One call from its first ring to its outcome."""

    __tablename__ = "calls"
    __table_args__ = (
        Index(
            "ix_calls_live",
            "state",
            postgresql_where=text("state NOT IN ('abandoned', 'ended', 'closed')"),
        ),
        Index("ix_calls_arrived", "arrived_at", "id"),
        Index("ix_calls_number", "number", "arrived_at"),
    )

    id: Mapped[Id]
    direction: Mapped[Direction]
    state: Mapped[CallState]
    line_id: Mapped[UUID | None] = mapped_column(ForeignKey("lines.id"))
    number: Mapped[str | None]  # of the other side, in E.164; none when it was withheld
    priority: Mapped[str] = mapped_column(default="B")
    purpose: Mapped[str] = mapped_column(default="")
    # What the system says when it calls by itself, and the key's meaning: see announced.py.
    sentence: Mapped[str] = mapped_column(SealedText("calls.sentence"), default="")
    reply: Mapped[str] = mapped_column(default="", server_default="")
    language: Mapped[str] = mapped_column(default="it", server_default="it")  # the system's own
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"), index=True)
    case_id: Mapped[UUID | None] = mapped_column(ForeignKey("cases.id"), index=True)
    # Keys pressed before the line is cut: a home unit without its clear-down would dial again.
    last_tones: Mapped[str] = mapped_column(default="", server_default="")
    farewell_at: Mapped[datetime | None]
    cleared_at: Mapped[datetime | None]
    for_operator: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))
    alarm_id: Mapped[UUID | None] = mapped_column(index=True)
    operator_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"), index=True)
    offered_to: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))
    offered_at: Mapped[datetime | None]
    offered_until: Mapped[datetime | None]
    sid: Mapped[str | None] = mapped_column(unique=True)
    queue_sid: Mapped[str | None]
    conference_sid: Mapped[str | None]
    arrived_at: Mapped[datetime] = mapped_column(default=clock.now)
    placing_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    talking_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    wrap_up_until: Mapped[datetime | None]
    long_wait_at: Mapped[datetime | None]
    ended_because: Mapped[str] = mapped_column(default="")
    call_back: Mapped[bool] = mapped_column(default=False)  # abandoned, and should be rung
    outcome: Mapped[Outcome | None]
    note: Mapped[str] = mapped_column(SealedText("calls.note"), default="")

    @property
    def over(self) -> bool:
        return self.state in OVER

    @property
    def final(self) -> bool:
        """Nothing is to be done about it any more."""
        return self.state is CallState.CLOSED or (
            self.state is CallState.ABANDONED and not self.call_back
        )


def arrive(session: Session, *, sid: str, number: str, line: Line) -> Call:
    """Somebody rings: the file of whoever has this number opens in the same transaction."""
    known = e164_or_none(number)
    call = Call(
        direction=Direction.INCOMING,
        state=CallState.RINGING,
        line_id=line.id,
        number=known,
        priority=line.priority,
        person_id=_only_one(session, known),
        sid=sid,
        arrived_at=clock.now(),
    )
    session.add(call)
    session.flush()
    deadlines.set_(session, WAITS, call.id, call.arrived_at + WAIT_STEP)
    deadlines.set_(session, CHECK, call.id, call.arrived_at + LOOK_AFTER)
    journal.record(session, CallArrived(call_id=call.id, line_id=line.id, person_id=call.person_id))
    return call


def place(
    session: Session,
    *,
    to: str,
    purpose: str,
    case_id: UUID | None,
    person_id: UUID | None,
    operator_id: UUID,
    alarm_id: UUID | None = None,
    last_tones: str = "",
) -> Call:
    """We want to ring somebody: the wish is written with the decision, a worker dials."""
    number = e164(to, field="to")
    turns.take(session)
    operators.of(session, operator_id)
    if speaking(session, operator_id):
        raise Conflict("You are already on the phone. Hang up first")
    offered = offers.live_of_operator(session, operator_id)
    if offered is not None:
        unoffer(session, get_call(session, offered.call_id), OfferState.WITHDRAWN)
    line = lines.default(session)
    call = Call(
        direction=Direction.OUTGOING,
        state=CallState.WANTED,
        line_id=line.id if line else None,
        number=number,
        purpose=purpose,
        case_id=case_id,
        person_id=person_id,
        operator_id=operator_id,
        alarm_id=alarm_id,
        last_tones=last_tones,
        arrived_at=clock.now(),
    )
    session.add(call)
    session.flush()
    deadlines.set_(session, PLACE, call.id, call.arrived_at)
    deadlines.set_(session, SOFTPHONE, call.id, call.arrived_at)
    happened = CallPlaced(
        call_id=call.id, purpose=purpose, alarm_id=alarm_id, case_id=case_id, person_id=person_id
    )
    journal.record(session, happened)
    settle_operator(session, operator_id)
    return call


def hang_up(session: Session, call: Call) -> None:
    """The operator ends it. What the carrier has to do follows; the outcome is still missing."""
    turns.take(session)
    end(session, call, because="operator_hung_up")


def end(session: Session, call: Call, *, because: str, at: datetime | None = None) -> None:
    """The line is down. Whoever had the call writes what came of it within a lease."""
    offer = offers.end(session, call.id, OfferState.KEPT)
    move(call, CallState.ENDED, STEPS)
    call.ended_at = at or clock.now()
    call.ended_because = because
    call.call_back = False
    call.wrap_up_until = clock.now() + WRAP_UP_WITHIN
    no_longer_offered(call)
    deadlines.set_(session, HANG_UP, call.id, clock.now())
    deadlines.set_(session, WRAP_UP, call.id, call.wrap_up_until)
    journal.record(
        session,
        CallEnded(
            call_id=call.id,
            because=because,
            operator_id=call.operator_id,
            alarm_id=call.alarm_id,
            case_id=call.case_id,
            person_id=call.person_id,
        ),
    )
    if call.alarm_id is not None or call.sentence:
        # Its outcome is that of what it was made for; here only whether somebody was reached.
        reached = Outcome.REACHED if call.talking_at or call.reply else Outcome.NOT_REACHED
        close(session, call, outcome=reached, note=call.note)
    # Whoever had it writes now; whoever was being asked for it meanwhile is free again.
    for operator_id in {call.operator_id, offer.operator_id if offer else None}:
        if operator_id is not None:
            settle_operator(session, operator_id)


def abandon(
    session: Session,
    call: Call,
    *,
    at: datetime | None = None,
    hang_up_in: timedelta = timedelta(0),
) -> None:
    """The caller gave up before anybody spoke with them; who can be called back, should be."""
    offered_to = call.offered_to or call.operator_id
    offers.end(session, call.id, OfferState.WITHDRAWN)
    move(call, CallState.ABANDONED, STEPS)
    call.ended_at = at or clock.now()
    call.ended_because = "caller_hung_up"
    call.operator_id = None
    # A call of an alarm is called back for the alarm, which stays open.
    known = call.alarm_id is None and safe_contacts.may_be_called_back(session, call.number)
    call.call_back = known and call.ended_at - call.arrived_at > SHORT_WAIT
    no_longer_offered(call)
    deadlines.set_(session, HANG_UP, call.id, clock.now() + hang_up_in)
    if call.call_back:
        deadlines.set_(session, CALL_BACK, call.id, clock.now() + CALL_BACK_WITHIN)
    told = {"case_id": call.case_id, "person_id": call.person_id}
    journal.record(session, CallAbandoned(call_id=call.id, call_back=call.call_back, **told))
    if offered_to is not None:
        settle_operator(session, offered_to)


def close(session: Session, call: Call, *, outcome: Outcome | str | None, note: str) -> None:
    """Write what came of it. Raises Invalid without an outcome, WrongState while it is live."""
    turns.take(session)
    try:
        call.outcome = Outcome(outcome or "")
    except ValueError:
        raise Invalid("Choose the outcome of the call", field="outcome") from None
    move(call, CallState.CLOSED, STEPS)
    call.closed_at = clock.now()
    call.note = note
    contacts.record(
        session,
        channel=Channel.PHONE,
        outcome=call.outcome,
        case_id=call.case_id,
        person_id=call.person_id,
        staff_id=call.operator_id,
        note=note,
    )
    happened = CallClosed(
        call_id=call.id,
        outcome=call.outcome,
        alarm_id=call.alarm_id,
        case_id=call.case_id,
        person_id=call.person_id,
    )
    journal.record(session, happened)
    if call.operator_id is not None:
        settle_operator(session, call.operator_id)


def write_note(call: Call, note: str) -> None:
    """Kept as it is typed; what was closed is no longer changed."""
    if call.state is CallState.CLOSED:
        raise WrongState("The call is closed, so its note can no longer be changed")
    call.note = note


def name_caller(session: Session, call: Call, person_id: UUID) -> None:
    """Now we know who it is; a case opened for nobody becomes theirs."""
    person = get(session, Person, person_id)
    call.person_id = person.id
    case = get(session, Case, call.case_id) if call.case_id else None
    if case is not None and case.person_id is None:
        cases.name_person(session, case, person)
    journal.record(session, CallerNamed(call_id=call.id, person_id=person.id, case_id=call.case_id))


def open_case(session: Session, call: Call) -> None:
    """The thread on which the call, a team and whatever follows will hang."""
    if call.case_id is None and call.person_id is not None:
        case = cases.for_person(session, call.person_id, area=Area.HELPLINE)
        call.case_id = case.id
    elif call.case_id is None:
        call.case_id = cases.open_(session, area=Area.HELPLINE).id


def unoffer(session: Session, call: Call, how: OfferState) -> None:
    """The offer of a waiting call ends, and the caller waits for the next operator."""
    offer = offers.end(session, call.id, how)
    if offer is None:
        return
    if call.state in {CallState.OFFERED, CallState.ANSWERED}:
        move(call, CallState.WAITING, STEPS)
    call.operator_id = None
    call.answered_at = None
    no_longer_offered(call)
    settle_operator(session, offer.operator_id)


def no_longer_offered(call: Call) -> None:
    """Nobody is being asked for it."""
    call.offered_to = None
    call.offered_at = None
    call.offered_until = None


def settle_operator(session: Session, operator_id: UUID) -> None:
    """The operator's state follows from what they have in hand, so it can never get stuck."""
    session.flush()
    operator = operators.of(session, operator_id)
    offer = offers.live_of_operator(session, operator_id)
    state = State.IDLE
    if speaking(session, operator_id) or (offer and offer.state is OfferState.ACCEPTED):
        state = State.TALKING
    elif offer is not None:
        state = State.OFFERED
    elif writing(session, operator_id):
        state = State.WRAP_UP
    operators.become(operator, state)


def speaking(session: Session, operator_id: UUID) -> bool:
    """Whether a line of theirs is up."""
    wanted = select(Call.id).where(Call.operator_id == operator_id, Call.state.in_(ON_THE_LINE))
    return session.scalar(wanted.limit(1)) is not None


def writing(session: Session, operator_id: UUID) -> bool:
    """Whether they are still given time to write the outcome of their last call."""
    wanted = select(Call.id).where(
        Call.operator_id == operator_id,
        Call.state == CallState.ENDED,
        Call.wrap_up_until > clock.now(),
    )
    return session.scalar(wanted.limit(1)) is not None


def get_call(session: Session, call_id: UUID) -> Call:
    """The call, held; only for whoever has the turn."""
    wanted = select(Call).where(Call.id == call_id).with_for_update()
    return session.scalars(wanted.execution_options(populate_existing=True)).one()


def by_sid(session: Session, sid: str) -> Call | None:
    return session.scalar(select(Call).where(Call.sid == sid))


def waiting(session: Session) -> list[Call]:
    """Callers who are not yet with an operator, gravest first, then the longest wait."""
    wanted = select(Call).where(Call.state.in_(QUEUED))
    return list(session.scalars(wanted.order_by(Call.priority, Call.arrived_at, Call.id)))


def in_hand(session: Session, operator_id: UUID) -> list[Call]:
    """What is offered to the operator, what they are on, and what they have yet to close."""
    wanted = select(Call).where(
        ((Call.operator_id == operator_id) & Call.state.in_(HELD))
        | ((Call.offered_to == operator_id) & (Call.state == CallState.OFFERED))
    )
    return list(session.scalars(wanted.order_by(Call.arrived_at, Call.id)))


def to_call_back(session: Session) -> list[Call]:
    """Callers who gave up and whom nobody has called back yet, oldest first."""
    wanted = select(Call).where(Call.state == CallState.ABANDONED, Call.call_back)
    return list(session.scalars(wanted.order_by(Call.arrived_at, Call.id)))


def _only_one(session: Session, number: str | None) -> UUID | None:
    """Whose number it is; when several share it the operator asks."""
    found = people.by_phone(session, number, access.HOUSE)
    return found[0].id if len(found) == 1 else None
