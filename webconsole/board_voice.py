"""The home on the line, on the board: its call that waits, its unit's commands, who it may be."""

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from callcenter import tones
from callcenter.calls import Call
from registry.kit.phone import spoken
from telecare import taken, unit_calls, unit_lines
from telecare.alarms import Alarm
from telecare.voice_profiles import BUTTONS
from webconsole import board_calls
from webconsole.telecare_words import COMMANDS, TONES_STATES
from webconsole.words import Words


def of(session: Session, alarm: Alarm, up: Call | None, words: Words) -> dict[str, Any]:
    """`voice`, `rings` and `strangers` of an alarm in hand; `up` is the operator's own line."""
    rings = unit_calls.waiting(session, alarm.id)
    choose = [] if up or rings else unit_calls.candidates(session, alarm)
    return {
        "voice": _voice(session, alarm, up, words) if up else None,
        "rings": {"id": rings.id, "since": rings.arrived_at} if rings else None,
        "strangers": [_stranger(each, words) for each in choose],
    }


def _voice(session: Session, alarm: Alarm, up: Call, words: Words) -> dict[str, Any]:
    shown = board_calls.voice(up, words)
    keys = unit_lines.keys(session, alarm.device_id) if _a_unit(up) else {}
    last = _last(session, up.id, words)
    known = [each for each in BUTTONS if each in keys]
    return shown | {
        "commands": [{"code": each, "label": words.of(COMMANDS, each)} for each in known],
        "told": last,
    }


def _a_unit(call: Call) -> bool:
    """Keys are for a unit: one that rang us, or whose own number we have dialled."""
    return call.purpose == taken.HOME and (call.direction == "incoming" or bool(call.last_tones))


def _last(session: Session, call_id: UUID, words: Words) -> str:
    """The last command and what came of it."""
    found = tones.of_call(session, call_id)
    if not found:
        return ""
    what, state = words.of(COMMANDS, found[-1].what), words.of(TONES_STATES, found[-1].state)
    return f"{what}: {state}"


def _stranger(call: Call, words: Words) -> dict[str, Any]:
    number = spoken(call.number) if call.number else words.say("hidden number")
    return {"id": call.id, "number": number, "since": call.arrived_at}
