"""Alarms on the board: rows that wait, and the one in hand with its plan step by step."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.calls import Call
from dispatch import interventions
from dispatch.interventions import Intervention
from registry import cases
from registry.access import Actor
from registry.people import NearPerson, Person
from telecare import alarms, response
from telecare.alarms import Alarm
from telecare.signals import Signal
from telecare.subscribers import Home
from webconsole import board_calls, board_people
from webconsole.words import ALARM_OUTCOMES, JOB_STATES, Words

TARGET = 60  # seconds to an answer; see telecare/escalation.py
LADDER = 3  # near people who become steps of the plan


def waiting(session: Session, me: Actor, words: Words) -> list[dict[str, Any]]:
    found = alarms.waiting(session)
    people = board_people.known(session, (each.person_id for each in found), me)
    heard = _heard(session, found)
    return [
        row(each, people.get(each.person_id) if each.person_id else None, words)
        | {"repeats": 1 + heard.get(each.signal_id, 0), "takeable": True, "sound": "alarm"}
        for each in found
    ]


def _heard(session: Session, found: Iterable[Alarm]) -> dict[UUID, int]:
    """How often each alarm's signal was sent again."""
    ids = [each.signal_id for each in found]
    rows = session.execute(select(Signal.id, Signal.repeats).where(Signal.id.in_(ids)))
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
    on_the_line = next((call for call in made if not call.over), None)
    entries = cases.timeline(session, alarm.case_id, limit=8) if alarm.case_id else []
    return row(alarm, home.person, words) | {
        "mine": True,
        "where": board_people.where(home.address),
        "place": board_people.place(home.address),
        "state_text": words.say("taken over")
        if alarm.called_off_at is None
        else words.say("the unit took the alarm back: make sure all the same"),
        "hidden": home.hidden,
        "note": alarm.note,
        "plan": words.say("Plan: %(what)s", what=words.kind(alarm.kind).lower()),
        "steps": steps(home, made, job, words),
        "voice": board_calls.voice(on_the_line, words) if on_the_line else None,
        "outcomes": [
            {"code": outcome, "label": words.of(ALARM_OUTCOMES, outcome)}
            for outcome in alarms.Outcome
        ],
        "story": board_people.story(entries, words),
    }


def steps(
    home: Home, calls: list[Call], job: Intervention | None, words: Words
) -> list[dict[str, Any]]:
    """The plan: speak with the home, call who is near, send a team; the first not done is now."""
    plan = []
    if home.phone:
        plan.append(_call_step("call_home", words.say("Speak with the home"), calls, None, words))
    for near in home.ladder[:LADDER]:
        label = words.say("Call %(who)s", who=_named(near))
        plan.append(_call_step("call_contact", label, calls, near, words))
    plan.append(_team_step(job, words))
    under_way = next((step for step in plan if step["state"] == "now"), None)
    undone = next((step for step in plan if step["state"] != "done"), None)
    if under_way is None and undone is not None:
        undone["state"] = "now"
    return plan


def _named(near: NearPerson) -> str:
    keys = " ⚿" if near.holds_keys else ""
    return f"{near.name}, {near.relation}{keys}" if near.relation else f"{near.name}{keys}"


def _call_step(
    verb: str, label: str, calls: list[Call], near: NearPerson | None, words: Words
) -> dict[str, Any]:
    wanted = "alarm_home" if near is None else "alarm_contact"
    made = [
        call
        for call in calls
        if call.purpose == wanted and (near is None or call.number == near.phone)
    ]
    last = made[-1] if made else None
    return {
        "key": f"{verb}:{near.id}" if near else verb,
        "verb": verb,
        "contact_id": near.id if near else None,
        "label": label,
        "icon": "phone",
        "button": words.say("Call again") if last else words.say("Call"),
        "state": "todo" if last is None else "done" if last.over else "now",
        "done_at": last.arrived_at if last else None,
        "detail": _went(last, words) if last else "",
    }


def _went(call: Call, words: Words) -> str:
    """How a call went: its outcome once it is over."""
    return words.call_outcome(call.outcome).lower() if call.outcome else words.state(call.state)


def _team_step(job: Intervention | None, words: Words) -> dict[str, Any]:
    detail = ""
    if job is not None:
        team = job.team.name if job.team else ""
        detail = " · ".join(
            part for part in (team, words.of(JOB_STATES, job.state).lower()) if part
        )
    return {
        "key": "ask_for_team",
        "verb": None if job else "ask_for_team",
        "contact_id": None,
        "label": words.say("Send a team"),
        "icon": "team",
        "button": words.say("Send"),
        "state": "done" if job else "todo",
        "done_at": job.requested_at if job else None,
        "detail": detail,
    }
