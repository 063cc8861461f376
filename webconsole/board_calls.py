"""Calls on the board: callers who wait, the call offered to me, and the one I am on."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter import calls, lines
from callcenter.call_states import CallState, Direction, Outcome
from callcenter.calls import Call
from registry import cases, people
from registry.access import Actor
from registry.kit.phone import spoken
from registry.people import Person
from webconsole import board_people
from webconsole.words import CALL_OUTCOMES, Words

TARGET = 60  # seconds to an answer
# What the operator's screen does, whatever the carrier calls it.
STAGES = {
    CallState.OFFERED: "offered",
    CallState.WANTED: "calling",
    CallState.PLACING: "calling",
    CallState.UNCERTAIN: "calling",
    CallState.RINGING: "calling",
    CallState.ANSWERED: "calling",
    CallState.TALKING: "talking",
    CallState.ENDED: "wrap_up",
}


def waiting(session: Session, me: Actor, words: Words) -> list[dict[str, Any]]:
    """Callers nobody speaks with yet; who is not being offered to a colleague may be taken."""
    found = [each for each in calls.waiting(session) if each.offered_to != me.staff_id]
    known = board_people.known(session, (each.person_id for each in found), me)
    named = _lines(session)
    return [
        row(each, known.get(each.person_id) if each.person_id else None, named, words)
        | {"takeable": each.state is CallState.WAITING, "repeats": 1, "sound": None}
        for each in found
    ]


def in_hand(
    session: Session, me: Actor, words: Words, *, alarms: Collection[UUID] = ()
) -> list[dict[str, Any]]:
    """What is offered to me, what I am on, what I have yet to close.

    The calls of `alarms`, which I hold, are shown with them, save those I am being asked for.
    """
    if me.staff_id is None:
        return []
    found = [
        each
        for each in calls.in_hand(session, me.staff_id)
        if each.alarm_id not in alarms or each.state is CallState.OFFERED
    ]
    known = board_people.known(session, (each.person_id for each in found), me)
    named = _lines(session)
    return [
        row(each, known.get(each.person_id) if each.person_id else None, named, words)
        | _held(session, each, known.get(each.person_id) if each.person_id else None, me, words)
        for each in found
    ]


def for_alarm(session: Session, alarm_id: UUID) -> list[Call]:
    """The calls made for an alarm, oldest first."""
    wanted = select(Call).where(Call.alarm_id == alarm_id)
    return list(session.scalars(wanted.order_by(Call.arrived_at, Call.id)))


def voice(call: Call, words: Words) -> dict[str, Any]:
    """The line that is up, whatever it belongs to."""
    return {
        "id": call.id,
        "stage": STAGES.get(call.state, "calling"),
        "state_text": words.state(call.state),
        "number": spoken(call.number) if call.number else "",
        "since": call.talking_at or call.arrived_at,
    }


def row(call: Call, person: Person | None, named: dict[UUID, str], words: Words) -> dict[str, Any]:
    """What every view of a call begins with."""
    number = spoken(call.number) if call.number else words.say("hidden number")
    out = call.direction is Direction.OUTGOING
    line = named.get(call.line_id, "") if call.line_id else ""
    return {
        "kind": "call",
        "id": call.id,
        "priority": call.priority,
        "title": words.say("Call going out") if out else words.say("Phone call"),
        "who": person.name if person else number,
        "where": line,
        "number": number,
        "phone": call.number,
        "person_id": person.id if person else None,
        "case_id": call.case_id,
        "since": call.arrived_at,
        "target_s": 0 if out else TARGET,
        "mine": False,
    }


def _held(
    session: Session, call: Call, person: Person | None, me: Actor, words: Words
) -> dict[str, Any]:
    """What only its operator sees of a call."""
    entries = cases.timeline(session, call.case_id, limit=8) if call.case_id else []
    return {
        "mine": True,
        "stage": STAGES.get(call.state, "calling"),
        "outgoing": call.direction is Direction.OUTGOING,
        "state_text": words.state(call.state),
        "offered_at": call.offered_at,
        "offered_until": call.offered_until,
        "answered_at": call.talking_at,
        "wrap_up_until": call.wrap_up_until,
        "note": call.note,
        "place": board_people.place(person.home if person else None),
        "candidates": [] if person else _candidates(session, call, me),
        "outcomes": [
            {"code": outcome, "label": words.of(CALL_OUTCOMES, outcome)} for outcome in Outcome
        ],
        "story": board_people.story(entries, words),
    }


def _candidates(session: Session, call: Call, me: Actor) -> list[dict[str, Any]]:
    """Those who share the number, when it is not one person's."""
    found = people.by_phone(session, call.number, me)
    return [{"id": each.id, "name": each.name, "age": each.age} for each in found]


def _lines(session: Session) -> dict[UUID, str]:
    return {line.id: line.name for line in lines.all_(session)}
