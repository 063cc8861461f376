"""A call that the system makes by itself: it says a sentence and asks for a key."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy.orm import Session

from callcenter import calls, lines, turns
from callcenter.call_events import CallPlaced
from callcenter.call_states import STEPS, CallState, Direction
from callcenter.calls import Call
from registry import deadlines, journal
from registry.kit import clock, i18n
from registry.kit.phone import e164
from registry.kit.states import move


class Reply(StrEnum):
    """What the key said. A voicemail presses none, so silence is never a yes."""

    AGREED = "agreed"
    DECLINED = "declined"


KEYS = {"1": Reply.AGREED, "2": Reply.DECLINED}


@dataclass(frozen=True, kw_only=True)
class CallReplied(journal.Event):
    call_id: UUID
    reply: str
    alarm_id: UUID | None = None


def place(
    session: Session,
    *,
    to: str,
    purpose: str,
    sentence: str,
    language: str = i18n.LANGUAGES[0],
    case_id: UUID | None = None,
    person_id: UUID | None = None,
    alarm_id: UUID | None = None,
) -> Call:
    """Write the wish with the decision; a worker dials, once, and nobody has to be at a desk.

    `language` is that of the sentence: one of i18n.LANGUAGES.
    """
    number = e164(to, field="to")
    turns.take(session)
    line = lines.default(session)
    call = Call(
        direction=Direction.OUTGOING,
        state=CallState.WANTED,
        line_id=line.id if line else None,
        number=number,
        purpose=purpose,
        sentence=sentence,
        language=language,
        case_id=case_id,
        person_id=person_id,
        alarm_id=alarm_id,
        arrived_at=clock.now(),
    )
    session.add(call)
    session.flush()
    deadlines.set_(session, calls.PLACE, call.id, call.arrived_at)
    happened = CallPlaced(
        call_id=call.id, purpose=purpose, alarm_id=alarm_id, case_id=case_id, person_id=person_id
    )
    journal.record(session, happened)
    return call


def answered(call: Call) -> None:
    """Somebody, or their voicemail, has picked up and hears the sentence."""
    call.answered_at = call.answered_at or clock.now()
    if CallState.ANSWERED in STEPS[call.state]:
        move(call, CallState.ANSWERED, STEPS)


def replied(session: Session, call: Call, key: str) -> Reply | None:
    """A key was pressed; the first one that means something counts, other keys say nothing."""
    reply = KEYS.get(key)
    if reply is None or call.reply:
        return reply
    call.reply = reply
    journal.record(
        session,
        CallReplied(
            call_id=call.id,
            reply=reply,
            alarm_id=call.alarm_id,
            case_id=call.case_id,
            person_id=call.person_id,
        ),
    )
    return reply
