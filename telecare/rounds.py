"""A round of calls: the system rings a home's contacts, or who is on call, one after the other.

Each try is a row written in one transaction with the call it makes: a kill at any moment leaves
either both or neither, and the carrier is never asked twice for the same try (callcenter/tasks.py).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from callcenter import turns
from registry import deadlines, journal
from registry.kit import clock, i18n
from registry.kit.db import Base, Id, get, locked
from registry.kit.errors import Conflict, Invalid
from registry.kit.states import move
from registry.people import Person
from registry.staff import Staff
from telecare import ladder, on_call
from telecare.alarms import Alarm

NEXT = "telecare.round_next"
CYCLES = 2  # how often the whole list is rung before the round gives up


class Whom(StrEnum):
    CONTACTS = "contacts"
    ON_CALL = "on_call"


class RoundState(StrEnum):
    CALLING = "calling"
    ACCEPTED = "accepted"
    EXHAUSTED = "exhausted"
    STOPPED = "stopped"


STEPS = {
    RoundState.CALLING: {RoundState.ACCEPTED, RoundState.EXHAUSTED, RoundState.STOPPED},
    # Whoever presses the key late is heard all the same.
    RoundState.EXHAUSTED: {RoundState.ACCEPTED},
    RoundState.ACCEPTED: set[RoundState](),
    RoundState.STOPPED: set[RoundState](),
}


class Went(StrEnum):
    """What came of one try."""

    ACCEPTED = "accepted"
    DECLINED = "declined"
    # Answered, and no key: a voicemail, or somebody who did not understand.
    SILENT = "silent"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    STOPPED = "stopped"


@dataclass(frozen=True, kw_only=True)
class RoundBegan(journal.Event):
    round_id: UUID
    alarm_id: UUID
    whom: str


@dataclass(frozen=True, kw_only=True)
class RoundTried(journal.Event):
    round_id: UUID
    alarm_id: UUID
    whom: str
    outcome: str


@dataclass(frozen=True, kw_only=True)
class RoundAccepted(journal.Event):
    round_id: UUID
    alarm_id: UUID
    whom: str


@dataclass(frozen=True, kw_only=True)
class RoundExhausted(journal.Event):
    """Everybody was rung in vain: the next step is somebody else's."""

    round_id: UUID
    alarm_id: UUID
    whom: str


class Round(Base):
    """Of one alarm; of those on call only one at a time in the whole house."""

    __tablename__ = "call_rounds"
    __table_args__ = (
        Index("ix_call_rounds_alarm", "alarm_id"),
        Index(
            "ux_call_rounds_on_call",
            "whom",
            unique=True,
            postgresql_where=text("whom = 'on_call' AND state = 'calling'"),
        ),
        Index(
            "ux_call_rounds_contacts",
            "person_id",
            unique=True,
            postgresql_where=text("whom = 'contacts' AND state = 'calling'"),
        ),
    )

    id: Mapped[Id]
    alarm_id: Mapped[UUID] = mapped_column(ForeignKey(Alarm.id))
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey(Person.id))
    whom: Mapped[Whom]
    state: Mapped[RoundState] = mapped_column(default=RoundState.CALLING)
    cycle: Mapped[int] = mapped_column(default=1)
    began_at: Mapped[datetime] = mapped_column(default=clock.now)
    # None: the house itself, because nobody had taken the alarm.
    began_by: Mapped[UUID | None] = mapped_column(ForeignKey(Staff.id))
    ended_at: Mapped[datetime | None]


class Try(Base):
    """One call of a round."""

    __tablename__ = "call_tries"
    __table_args__ = (
        # In one cycle everybody is rung at most once, whatever is killed meanwhile.
        UniqueConstraint("round_id", "cycle", "who_id"),
    )

    id: Mapped[Id]
    round_id: Mapped[UUID] = mapped_column(ForeignKey(Round.id))
    cycle: Mapped[int]
    # The contact's id, or the duty's.
    who_id: Mapped[UUID]
    name: Mapped[str]
    call_id: Mapped[UUID] = mapped_column(ForeignKey("calls.id"), unique=True)
    went: Mapped[Went | None]
    at: Mapped[datetime] = mapped_column(default=clock.now)
    ended_at: Mapped[datetime | None]


@dataclass(frozen=True, kw_only=True)
class Callee:
    """Somebody whom this round may ring."""

    id: UUID
    name: str
    number: str
    # What the system says to them is said in this one.
    language: str = i18n.LANGUAGES[0]


def begin(
    session: Session, alarm: Alarm, whom: Whom, *, began_by: UUID | None = None
) -> Round | None:
    """Start ringing; None when there is nobody to ring. The alarm is held by the caller.

    Raises Conflict while one is under way: of the same person's contacts, or of who is on call.
    """
    if not callees(session, alarm, whom):
        return None
    # Two sweepers with two alarms must not both ring who is on call.
    turns.take(session)
    if live(session, alarm, whom) is not None:
        raise Conflict("They are being called already")
    made = Round(alarm_id=alarm.id, person_id=alarm.person_id, whom=whom, began_by=began_by)
    session.add(made)
    session.flush()
    deadlines.set_(session, NEXT, made.id, made.began_at)
    journal.record(
        session, RoundBegan(round_id=made.id, alarm_id=alarm.id, whom=whom, **_common(alarm))
    )
    return made


def by_operator(session: Session, alarm: Alarm, staff_id: UUID) -> Round:
    """The operator keeps the home on the line while the contacts are rung in turn."""
    made = begin(session, alarm, Whom.CONTACTS, began_by=staff_id)
    if made is None:
        raise Invalid("No contact can be called by the system at this hour", field="contacts")
    return made


def callees(session: Session, alarm: Alarm, whom: Whom) -> list[Callee]:
    """Whom the round may ring at this moment, in order: hours are looked at before each try."""
    now = clock.now()
    if whom is Whom.ON_CALL:
        return [
            Callee(id=each.id, name=each.name, number=each.number)
            for each in on_call.at(session, now)
        ]
    if alarm.person_id is None:
        return []
    person = get(session, Person, alarm.person_id)
    return [
        Callee(
            id=each.near.id,
            name=each.near.name,
            number=each.near.phone,
            language=i18n.spoken(each.language),
        )
        for each in ladder.callable_now(ladder.of(session, person), now)
    ]


def next_up(session: Session, alarm: Alarm, round_: Round) -> Callee | None:
    """Who is rung next; None when every cycle is through."""
    able = callees(session, alarm, Whom(round_.whom))
    while round_.cycle <= CYCLES:
        wanted = select(Try.who_id).where(Try.round_id == round_.id, Try.cycle == round_.cycle)
        rung = set(session.scalars(wanted))
        for each in able:
            if each.id not in rung:
                return each
        if round_.cycle == CYCLES:
            return None
        round_.cycle += 1
    return None


def accept(session: Session, alarm: Alarm, round_: Round) -> None:
    """Somebody pressed the key: they go, or they take it on."""
    move(round_, RoundState.ACCEPTED, STEPS)
    _over(session, round_)
    journal.record(
        session,
        RoundAccepted(round_id=round_.id, alarm_id=alarm.id, whom=round_.whom, **_common(alarm)),
    )


def exhaust(session: Session, alarm: Alarm, round_: Round) -> None:
    move(round_, RoundState.EXHAUSTED, STEPS)
    _over(session, round_)
    journal.record(
        session,
        RoundExhausted(round_id=round_.id, alarm_id=alarm.id, whom=round_.whom, **_common(alarm)),
    )


def stop(session: Session, round_: Round) -> None:
    """Nobody else is rung; whoever calls this hangs up what still rings (ringing.py)."""
    move(round_, RoundState.STOPPED, STEPS)
    _over(session, round_)


def tried(session: Session, alarm: Alarm, round_: Round, try_: Try, went: Went) -> None:
    """What came of a try, once."""
    try_.went, try_.ended_at = went, clock.now()
    journal.record(
        session,
        RoundTried(
            round_id=round_.id,
            alarm_id=alarm.id,
            whom=round_.whom,
            outcome=went,
            **_common(alarm),
        ),
    )


def live(session: Session, alarm: Alarm, whom: Whom) -> Round | None:
    """The round under way that stands for this alarm: another press of the same person's too."""
    wanted = select(Round).where(Round.whom == whom, Round.state == RoundState.CALLING)
    if whom is Whom.CONTACTS:
        wanted = wanted.where(
            Round.person_id == alarm.person_id
            if alarm.person_id is not None
            else Round.alarm_id == alarm.id
        )
    return session.scalar(wanted.limit(1))


def last(session: Session, alarm: Alarm, whom: Whom) -> Round | None:
    """The last round that came to an end: this alarm's, or anybody's for those on call."""
    wanted = select(Round).where(
        Round.whom == whom, Round.state.in_([RoundState.ACCEPTED, RoundState.EXHAUSTED])
    )
    if whom is Whom.CONTACTS:
        wanted = wanted.where(Round.alarm_id == alarm.id)
    return session.scalar(wanted.order_by(Round.id.desc()).limit(1))


def of_alarm(session: Session, alarm_id: UUID) -> list[Round]:
    """Oldest first."""
    return list(session.scalars(select(Round).where(Round.alarm_id == alarm_id).order_by(Round.id)))


def tries(session: Session, round_id: UUID) -> list[Try]:
    return list(session.scalars(select(Try).where(Try.round_id == round_id).order_by(Try.id)))


def held(session: Session, round_id: UUID) -> tuple[Alarm, Round]:
    """The alarm and its round, held in this order everywhere."""
    alarm_id = get(session, Round, round_id).alarm_id
    return locked(session, Alarm, alarm_id), locked(session, Round, round_id)


def _over(session: Session, round_: Round) -> None:
    round_.ended_at = clock.now()
    deadlines.cancel(session, NEXT, round_.id)


def _common(alarm: Alarm) -> dict[str, UUID | None]:
    return {"case_id": alarm.case_id, "person_id": alarm.person_id}
