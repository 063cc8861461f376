"""Alarms on the board: rows that wait, and the one in hand with its plan step by step."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch import interventions
from registry import cases
from registry.access import Actor
from registry.people import Person
from telecare import absences, alarms, response, said, same_home
from telecare.alarms import Alarm
from telecare.signals import Signal
from telecare.subscribers import Home
from webconsole import (
    board_calls,
    board_people,
    board_plan,
    board_said,
    board_teams,
    board_voice,
)
from webconsole.words import ALARM_OUTCOMES, Words

TARGET = 60  # seconds to an answer; see telecare/escalation.py


def waiting(session: Session, me: Actor, words: Words) -> list[dict[str, Any]]:
    found = alarms.waiting(session)
    people = board_people.known(session, (each.person_id for each in found), me)
    heard = _heard(session, found)
    held = same_home.holders(session, found)
    return [
        row(each, people.get(each.person_id) if each.person_id else None, words)
        | {
            "repeats": 1 + heard.get(each.signal_id, 0),
            "takeable": True,
            "sound": "alarm",
            "with": held.get(each.device_id, "") if each.device_id else "",
        }
        for each in found
    ]


def _heard(session: Session, found: Iterable[Alarm]) -> dict[UUID, int]:
    """How often each alarm's signal was sent again."""
    these = board_people.one_of(each.signal_id for each in found)
    rows = session.execute(select(Signal.id, Signal.repeats).where(Signal.id == these))
    return {key: value for key, value in rows}  # noqa: C416 - rows are typed, dict() loses it


def row(alarm: Alarm, person: Person | None, words: Words) -> dict[str, Any]:
    """What every view of an alarm begins with."""
    who = person.name if person else words.say("unit %(account)s", account=alarm.account)
    if person is None and alarm.person_id is not None:
        who = words.say("reserved person")
    return {
        "kind": "alarm",
        "id": alarm.id,
        "priority": alarm.lane.letter,
        "title": words.kind(alarm.kind),
        "who": who,
        "where": board_people.where(person.home if person else None),
        "account": alarm.account,
        "person_id": person.id if person else None,
        "case_id": alarm.case_id,
        "since": alarm.raised_at,
        "target_s": TARGET,
        "state": alarm.state,
        "called_off": alarm.called_off_at is not None,
        "mine": False,
    }


def in_hand(session: Session, me: Actor, words: Words) -> list[dict[str, Any]]:
    """The alarms I hold, each with the calls made for it."""
    if me.staff_id is None:
        return []
    return [_held(session, each, me, words) for each in alarms.in_hand(session, me.staff_id)]


def _held(session: Session, alarm: Alarm, me: Actor, words: Words) -> dict[str, Any]:
    home = response.home_of(session, alarm, me)
    jobs = interventions.for_case(session, alarm.case_id) if alarm.case_id else []
    job = jobs[0] if jobs and jobs[0].requested_at >= alarm.raised_at else None
    made = board_calls.for_alarm(session, alarm.id)
    # What the system rings by itself is not on the operator's line.
    mine = (call for call in made if call.operator_id == me.staff_id)
    on_the_line = next((call for call in mine if not call.over), None)
    entries = cases.timeline(session, alarm.case_id, limit=8) if alarm.case_id else []
    return row(alarm, home.person, words) | {
        "mine": True,
        "where": board_people.where(home.address),
        "place": None if home.hidden else board_said.place(alarm, home.address, words),
        "state_text": words.say("taken over")
        if alarm.called_off_at is None
        else words.say("the unit took the alarm back: make sure all the same"),
        "hidden": home.hidden,
        "note": alarm.note,
        "job": board_teams.still_open(job, words) if job else None,
        **board_plan.plan(session, alarm, home, made, job, words),
        "told": _told(session, alarm, home, words),
        "sheet": f"/allarmi/{alarm.id}/118" if home.person else None,
        "file": f"/teleassistenza/{home.person.id}" if home.person else None,
        **board_voice.of(session, alarm, on_the_line, words),
        "others": _others(session, alarm, words),
        "outcomes": [
            {"code": outcome, "label": words.of(ALARM_OUTCOMES, outcome)}
            for outcome in alarms.Outcome
        ],
        "story": board_people.story(entries, words),
    }


def _others(session: Session, alarm: Alarm, words: Words) -> list[dict[str, Any]]:
    """What else the same unit has said that nobody holds."""
    return [
        {"id": each.id, "title": words.kind(each.kind), "since": each.raised_at}
        for each in same_home.waiting(session, alarm)
    ]


def _told(session: Session, alarm: Alarm, home: Home, words: Words) -> list[dict[str, str]]:
    """What the unit said besides, and that the person was said to be away: it hides nothing."""
    if home.hidden:
        return []
    told = board_said.lines(alarm, said.of_alarm(session, alarm), home.address, words)
    away = absences.now_away(session, {home.person.id}) if home.person else {}
    if away:
        text = words.say("Said to be away from home. The alarm counts all the same")
        told.insert(0, {"icon": "leave", "tone": "notice warn", "text": text})
    return told
