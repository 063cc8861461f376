"""An alarm in somebody's hands comes back by itself when they are gone."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from callcenter import calls
from callcenter.operators import Operator, OperatorAbsent
from registry import deadlines
from registry.journal import Event
from registry.kit import clock
from registry.kit.db import locked
from telecare import alarms
from telecare.alarms import HELD, LOOK_AGAIN, Alarm, AlarmState

# A reload of the page or a short break of the line must not take an alarm away from whoever is
# speaking with the person; a dead console must not keep it.
GRACE = timedelta(seconds=30)


def still_held(session: Session, alarm_id: UUID) -> None:
    """Look whether the holder is there; if not, the alarm waits for somebody else again."""
    alarm = locked(session, Alarm, alarm_id)
    if alarm.state is not AlarmState.CLAIMED or alarm.operator_id is None:
        return
    if _there(session, alarm.operator_id):
        deadlines.set_(session, HELD, alarm.id, clock.now() + LOOK_AGAIN)
    else:
        alarms.hand_back(session, alarm, because="absent")


def holder_left(session: Session, event: Event) -> None:
    """Their console fell silent: look at what they hold after a short grace."""
    if isinstance(event, OperatorAbsent):
        due = clock.now() + GRACE
        held = alarms.in_hand(session, event.operator_id)
        deadlines.set_many(session, HELD, [(alarm.id, due) for alarm in held])


def _there(session: Session, operator_id: UUID) -> bool:
    """Their console answers, or they are speaking on the telephone."""
    operator = session.get(Operator, operator_id)
    return bool(operator and operator.present) or calls.speaking(session, operator_id)
