"""An alarm: someone at home pressed the button, fell, or their home asks for help."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, case, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from callcenter import queues
from registry import cases, contacts, deadlines, journal
from registry.cases import Area, Case
from registry.contacts import Channel
from registry.kit import clock
from registry.kit.db import Base, Id, get
from registry.kit.errors import Invalid, WrongState
from registry.kit.sealed import SealedText
from registry.kit.states import move
from registry.staff import Staff
from telecare.devices import Device
from telecare.protocols.base import Kind
from telecare.signals import Signal
from telecare.triage import Lane, lane_of

# The first step of the escalation ladder (escalation.py): UK code of practice and EN 50518
# category II want nearly all alarms answered within 60 s, so the house asks again at 30 s.
ANSWER_WITHIN = timedelta(seconds=30)
UNANSWERED = "telecare.alarm_unanswered"
# While somebody holds it: when to look whether they are still there (holding.py).
HELD = "telecare.alarm_held"
LOOK_AGAIN = timedelta(seconds=60)
SHORTEST_NOTE = 3
# On a board: more are never shown at once, and a storm of presses stays below it.
MOST_WAITING = 1000


class AlarmState(StrEnum):
    WAITING = "waiting"
    CLAIMED = "claimed"
    ESCALATED = "escalated"
    CLOSED = "closed"


STEPS = {
    AlarmState.WAITING: {AlarmState.CLAIMED, AlarmState.ESCALATED},
    AlarmState.CLAIMED: {AlarmState.WAITING, AlarmState.ESCALATED, AlarmState.CLOSED},
    AlarmState.ESCALATED: {AlarmState.CLAIMED, AlarmState.CLOSED},
    AlarmState.CLOSED: set[AlarmState](),
}
TO_ANSWER = (AlarmState.WAITING, AlarmState.ESCALATED)


class Outcome(StrEnum):
    """How it ended; one must be chosen to close an alarm."""

    HELPED_BY_VOICE = "helped_by_voice"
    PRESSED_BY_MISTAKE = "pressed_by_mistake"
    WANTED_COMPANY = "wanted_company"
    NEAR_PERSON_WENT = "near_person_went"
    TEAM_SENT = "team_sent"
    AMBULANCE_CALLED = "ambulance_called"
    FIRE_OR_POLICE_CALLED = "fire_or_police_called"
    NOBODY_ANSWERED = "nobody_answered"
    TECHNICAL = "technical"
    TEST = "test"


@dataclass(frozen=True, kw_only=True)
class AlarmRaised(journal.Event):
    alarm_id: UUID
    alarm_kind: str
    lane: str


@dataclass(frozen=True, kw_only=True)
class AlarmClaimed(journal.Event):
    alarm_id: UUID
    operator_id: UUID


@dataclass(frozen=True, kw_only=True)
class AlarmHandedBack(journal.Event):
    """`because` is "asked" when the operator did it, "absent" when their console fell silent."""

    alarm_id: UUID
    operator_id: UUID
    because: str


@dataclass(frozen=True, kw_only=True)
class AlarmEscalated(journal.Event):
    alarm_id: UUID
    level: int
    to: str


@dataclass(frozen=True, kw_only=True)
class AlarmCalledOff(journal.Event):
    """The unit said cancel or restore: the alarm stays until a person has looked."""

    alarm_id: UUID
    signal_id: UUID


@dataclass(frozen=True, kw_only=True)
class AlarmClosed(journal.Event):
    alarm_id: UUID
    outcome: str


class Alarm(Base):
    """One press, one fall, one silence. Each press is an alarm of its own."""

    __tablename__ = "alarms"
    __table_args__ = (
        UniqueConstraint("signal_id", "position"),
        Index(
            "ix_alarms_open",
            "account",
            postgresql_where=text("state <> 'closed'"),
        ),
        Index("ix_alarms_person", "person_id", postgresql_where=text("person_id IS NOT NULL")),
        Index("ix_alarms_raised", "raised_at"),
        Index("ix_alarms_case", "case_id", postgresql_where=text("case_id IS NOT NULL")),
    )

    id: Mapped[Id]
    # The frame that raised it, and which of the frame's reports; the signal counts repeats.
    signal_id: Mapped[UUID]
    position: Mapped[int]
    account: Mapped[str]
    # Taken from the devices table at the same moment. No foreign keys: each alarm would lock the
    # unit's and the person's rows, behind whoever is editing them; neither is ever deleted.
    device_id: Mapped[UUID | None]
    person_id: Mapped[UUID | None]
    # Opened or found when somebody claims the alarm.
    case_id: Mapped[UUID | None] = mapped_column(ForeignKey(Case.id))
    kind: Mapped[Kind]
    lane: Mapped[Lane]
    code: Mapped[str]
    zone: Mapped[str]
    # The channel was encrypted with the unit's own key; else anybody may have sent it.
    trusted: Mapped[bool]
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    state: Mapped[AlarmState] = mapped_column(default=AlarmState.WAITING)
    raised_at: Mapped[datetime] = mapped_column(default=clock.now)
    # Steps of the escalation ladder taken so far; it begins anew when handed back.
    level: Mapped[int] = mapped_column(default=0)
    operator_id: Mapped[UUID | None] = mapped_column(ForeignKey(Staff.id))
    claimed_at: Mapped[datetime | None]
    # First claim ever: what the answering time is measured by.
    answered_at: Mapped[datetime | None]
    called_off_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(SealedText("alarms.note"), default="")
    outcome: Mapped[Outcome | None]
    closed_at: Mapped[datetime | None]


def raise_(
    session: Session,
    *,
    signal_id: UUID,
    position: int,
    account: str,
    device_id: UUID | None,
    person_id: UUID | None,
    kind: Kind,
    code: str,
) -> Alarm:
    """One alarm with its first deadline; frames raise theirs by the hundred in batch.py."""
    alarm = Alarm(
        signal_id=signal_id,
        position=position,
        account=account,
        device_id=device_id,
        person_id=person_id,
        kind=kind,
        lane=lane_of(kind),
        code=code,
        zone="",
        trusted=False,
    )
    session.add(alarm)
    session.flush()
    deadlines.set_(session, UNANSWERED, alarm.id, alarm.raised_at + ANSWER_WITHIN)
    journal.record(
        session,
        AlarmRaised(alarm_id=alarm.id, alarm_kind=kind, lane=alarm.lane, person_id=person_id),
    )
    return alarm


def claim(session: Session, alarm: Alarm, operator_id: UUID) -> None:
    """Give the alarm to the operator who is about to speak with the person.

    Claiming what one already holds does nothing; what another holds raises WrongState and says
    who has it, and since when.
    """
    if alarm.state is AlarmState.CLAIMED:
        if alarm.operator_id == operator_id:
            return
        raise _held(session, alarm)
    move(alarm, AlarmState.CLAIMED, STEPS)
    now = clock.now()
    alarm.operator_id = operator_id
    alarm.claimed_at = now
    alarm.answered_at = alarm.answered_at or now
    put_on_a_case(session, alarm)
    deadlines.cancel(session, UNANSWERED, alarm.id)
    deadlines.set_(session, HELD, alarm.id, now + LOOK_AGAIN)
    journal.record(
        session, AlarmClaimed(alarm_id=alarm.id, operator_id=operator_id, **_common(alarm))
    )
    _settle_hands(session, operator_id)


def _settle_hands(session: Session, operator_id: UUID) -> None:
    """Whoever holds an alarm is offered no call: it follows from what they hold, so never sticks.

    Asked last, as the call centre's turn is taken after the alarm is held, never before.
    """
    session.flush()
    queues.occupy(session, operator_id, occupied=bool(in_hand(session, operator_id)))


def _held(session: Session, alarm: Alarm) -> WrongState:
    holder = session.get(Staff, alarm.operator_id)
    since = clock.now() - (alarm.claimed_at or clock.now())
    return WrongState(
        "The alarm has been with %(name)s for %(seconds)s s",
        name=holder.name if holder else "?",
        seconds=max(0, round(since.total_seconds())),
    )


def put_on_a_case(session: Session, alarm: Alarm) -> None:
    """The person's telecare case, or one of nobody until it is known whose home it is."""
    if alarm.person_id is None and alarm.device_id is not None:
        alarm.person_id = get(session, Device, alarm.device_id).person_id
    if alarm.case_id is not None:
        return
    if alarm.person_id is not None:
        opened = cases.for_person(session, alarm.person_id, area=Area.TELECARE)
    else:
        opened = cases.open_(session, area=Area.TELECARE)
    alarm.case_id = opened.id


def held_by(session: Session, alarm: Alarm, operator_id: UUID) -> None:
    """Raise WrongState unless this operator holds the alarm."""
    if alarm.state is not AlarmState.CLAIMED:
        raise WrongState("Take the alarm first")
    if alarm.operator_id != operator_id:
        raise _held(session, alarm)


def hand_back(session: Session, alarm: Alarm, *, because: str = "asked") -> None:
    """Let somebody else answer: the ladder begins again at once."""
    had_it = alarm.operator_id
    move(alarm, AlarmState.WAITING, STEPS)
    alarm.operator_id = None
    alarm.claimed_at = None
    alarm.level = 0
    deadlines.cancel(session, HELD, alarm.id)
    deadlines.set_(session, UNANSWERED, alarm.id, clock.now() + ANSWER_WITHIN)
    if had_it is not None:
        journal.record(
            session,
            AlarmHandedBack(
                alarm_id=alarm.id, operator_id=had_it, because=because, **_common(alarm)
            ),
        )
        _settle_hands(session, had_it)


def write_note(alarm: Alarm, note: str) -> None:
    """Keep what is being typed, as it is typed; a closed alarm's note stays as it was."""
    if alarm.state is AlarmState.CLOSED:
        raise WrongState("The alarm is closed, so its note stays as it is")
    alarm.note = note


def close(session: Session, alarm: Alarm, *, outcome: Outcome, note: str) -> None:
    """It is over: how it ended and a few words are needed."""
    note = note.strip()
    if len(note) < SHORTEST_NOTE:
        raise Invalid("Write in a few words what happened", field="note")
    move(alarm, AlarmState.CLOSED, STEPS)
    put_on_a_case(session, alarm)
    alarm.outcome = outcome
    alarm.note = note
    alarm.closed_at = clock.now()
    deadlines.cancel(session, HELD, alarm.id)
    deadlines.cancel(session, UNANSWERED, alarm.id)
    contacts.record(
        session,
        channel=Channel.TELECARE,
        outcome=outcome,
        case_id=alarm.case_id,
        person_id=alarm.person_id,
        staff_id=alarm.operator_id,
        note=note,
    )
    journal.record(session, AlarmClosed(alarm_id=alarm.id, outcome=outcome, **_common(alarm)))
    if alarm.operator_id is not None:
        _settle_hands(session, alarm.operator_id)


def call_off(session: Session, signal: Signal, kinds: Sequence[Kind]) -> list[Alarm]:
    """Mark the unit's open alarms (of `kinds`; none means all): `signal` took them back.

    Nothing is closed or hidden: an operator sees the press and the cancel. Two protocols may use
    the same account for two homes, so the alarm must have come by the protocol of the signal.
    """
    raised_by = select(Signal.protocol).where(Signal.id == Alarm.signal_id).scalar_subquery()
    wanted = select(Alarm).where(
        Alarm.account == signal.account,
        Alarm.state != AlarmState.CLOSED,
        Alarm.called_off_at.is_(None),
        raised_by == signal.protocol,
    )
    if kinds:
        wanted = wanted.where(Alarm.kind.in_(kinds))
    marked = list(session.scalars(wanted.order_by(Alarm.id).with_for_update()))
    for alarm in marked:
        alarm.called_off_at = clock.now()
        journal.record(
            session, AlarmCalledOff(alarm_id=alarm.id, signal_id=signal.id, **_common(alarm))
        )
    return marked


def _common(alarm: Alarm) -> dict[str, UUID | None]:
    return {"case_id": alarm.case_id, "person_id": alarm.person_id}


_BY_LANE = case({lane.value: lane.letter for lane in Lane}, value=Alarm.lane)


def waiting(session: Session, *, limit: int = MOST_WAITING) -> list[Alarm]:
    """Who has nobody yet: the gravest lane first, then the oldest."""
    return list(
        session.scalars(
            select(Alarm)
            .where(Alarm.state.in_(TO_ANSWER))
            .order_by(_BY_LANE, Alarm.raised_at, Alarm.id)
            .limit(limit)
        )
    )


def in_hand(session: Session, operator_id: UUID) -> list[Alarm]:
    """What the operator holds, longest held first."""
    return list(
        session.scalars(
            select(Alarm)
            .where(Alarm.state == AlarmState.CLAIMED, Alarm.operator_id == operator_id)
            .order_by(Alarm.claimed_at)
        )
    )


def listed(
    session: Session,
    *,
    state: AlarmState | None = None,
    account: str | None = None,
    person_id: UUID | None = None,
    before: UUID | None = None,
    limit: int = 50,
) -> list[Alarm]:
    """Newest first; `before` is the last id of the page before."""
    wanted = select(Alarm)
    if state is not None:
        wanted = wanted.where(Alarm.state == state)
    if account is not None:
        wanted = wanted.where(Alarm.account == account.strip().upper())
    if person_id is not None:
        wanted = wanted.where(Alarm.person_id == person_id)
    if before is not None:
        wanted = wanted.where(Alarm.id < before)
    return list(session.scalars(wanted.order_by(Alarm.id.desc()).limit(limit)))
