"""An alarm nobody answers goes on by itself: louder, to the coordinator, to who is on call."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from registry import deadlines, journal
from registry.kit import clock
from registry.kit.db import get, locked
from registry.kit.states import move
from telecare import alarms, emergency, same_home
from telecare.alarms import ANSWER_WITHIN, TO_ANSWER, UNANSWERED, Alarm, AlarmEscalated, AlarmState
from telecare.protocols.base import Kind, Phase
from telecare.signals import Signal

CALLED_OFF = "telecare.signal_called_off"


@dataclass(frozen=True, kw_only=True)
class Step:
    """After how long without an answer, counted from the alarm, and who is asked then."""

    after: timedelta
    to: str


# 60 s and 180 s are the two limits of the UK code of practice (97.5 % and 99 %); beyond 180 s
# every case is investigated, so the alarm changes its state and stays marked.
LADDER: Sequence[Step] = (
    Step(after=ANSWER_WITHIN, to="all_operators"),
    Step(after=timedelta(seconds=60), to="coordinator"),
    Step(after=timedelta(seconds=180), to="on_call"),
)
# After the ladder it is said again and again until a person takes it.
AGAIN = timedelta(seconds=60)


def unanswered(session: Session, alarm_id: UUID) -> None:
    """Take the next step of the ladder for an alarm that still waits, and set the one after."""
    alarm = locked(session, Alarm, alarm_id)
    if alarm.state not in TO_ANSWER:
        return
    alarm.level += 1
    step = LADDER[min(alarm.level, len(LADDER)) - 1]
    if alarm.level >= len(LADDER) and alarm.state is AlarmState.WAITING:
        move(alarm, AlarmState.ESCALATED, alarms.STEPS)
    # Counted from the deadline just kept, so that a late sweeper does not stretch the ladder.
    deadlines.set_(session, UNANSWERED, alarm.id, _due(session, alarm.id) + wait(alarm.level))
    journal.record(
        session,
        AlarmEscalated(
            alarm_id=alarm.id,
            level=alarm.level,
            to=step.to,
            case_id=alarm.case_id,
            person_id=alarm.person_id,
        ),
    )
    if alarm.level >= len(LADDER) and not same_home.is_cared_for(session, alarm):
        emergency.begin(session, alarm)


def _due(session: Session, alarm_id: UUID) -> datetime:
    """When the step just taken was due; a ladder set up anew counts from now."""
    found = [each.due_at for each in deadlines.of(session, alarm_id) if each.kind == UNANSWERED]
    return found[0] if found else clock.now()


def wait(level: int) -> timedelta:
    """From step number `level` to the one after it."""
    if level >= len(LADDER):
        return AGAIN
    return LADDER[level].after - LADDER[level - 1].after


def called_off(session: Session, signal_id: UUID) -> None:
    """A unit said cancel or restore: mark what it took back."""
    signal = get(session, Signal, signal_id)
    kinds: list[Kind] = []
    for report in signal.decoded["reports"]:
        if report["kind"] == Kind.CANCEL:
            kinds = []
            break
        if report["phase"] == Phase.OVER:
            kinds.append(Kind(report["kind"]))
    alarms.call_off(session, signal, kinds)
