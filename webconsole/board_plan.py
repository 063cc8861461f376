"""The plan of an alarm in hand, step by step, and the round of calls that the system makes."""

from typing import Any

from sqlalchemy.orm import Session

from callcenter.calls import Call
from dispatch.interventions import Intervention, InterventionState
from registry.kit import clock
from registry.people import NearPerson
from telecare import ladder, plans, rounds, taken
from telecare.alarms import Alarm
from telecare.ladder import Rung
from telecare.plans import Holding, Step, What
from telecare.rounds import Round, RoundState, Whom
from telecare.subscribers import Home
from telecare.taken import How, Taken
from webconsole.words import JOB_STATES, Words

OVER = {How.DONE, How.NOT_NEEDED}


def plan(
    session: Session,
    alarm: Alarm,
    home: Home,
    calls: list[Call],
    job: Intervention | None,
    words: Words,
) -> dict[str, Any]:
    """What the operator's screen shows of the plan: `plan`, `steps`, `ladder`."""
    holding = plans.for_alarm(session, alarm.kind, home.person.id if home.person else None)
    done = taken.of_alarm(session, alarm.id)
    rungs = ladder.of(session, home.person) if home.person else []
    steps = []
    for position, step in enumerate(holding.steps):
        steps += _step(position, step, home, rungs, calls, job, done, words)
    under_way = next((each for each in steps if each["state"] == "now"), None)
    undone = next((each for each in steps if each["state"] == "todo"), None)
    if under_way is None and undone is not None:
        undone["state"] = "now"
    return {
        "plan": _title(holding, alarm, words),
        "steps": steps,
        "ladder": _ladder(session, alarm, rungs, words),
    }


def _title(holding: Holding, alarm: Alarm, words: Words) -> str:
    what = words.kind(alarm.kind).lower()
    if holding.personal:
        return words.say("Plan of this person: %(what)s", what=what)
    return words.say("Plan: %(what)s", what=what)


def _step(
    position: int,
    step: Step,
    home: Home,
    rungs: list[Rung],
    calls: list[Call],
    job: Intervention | None,
    done: list[Taken],
    words: Words,
) -> list[dict[str, Any]]:
    """One step of the plan as rows of the screen: the contacts are a row each."""
    if step.what is What.TALK_HOME:
        label = words.say("Speak with the home")
        rows = [_call_step("call_home", label, calls, None, words)] if home.phone else []
    elif step.what is What.CALL_CONTACTS:
        rows = [_contact(each, calls, done, words) for each in rungs]
    elif step.what is What.ASK_TEAM:
        rows = [_team_step(job, words)]
    else:
        rows = [_tick_step(position, step, done, words)]
    for row in rows:
        row["position"] = position
        row.setdefault("does", row["label"])
        row["says"] = step.says
    return rows


def _contact(rung: Rung, calls: list[Call], done: list[Taken], words: Words) -> dict[str, Any]:
    near = rung.near
    label = words.say("Call %(who)s", who=_named(near))
    row = _call_step("call_contact", label, calls, near, words)
    if not rung.reachable(clock.now()):
        row["detail"] = row["detail"] or words.say("not at this hour")
    tried = [each for each in done if each.near_id == near.id]
    if tried and row["state"] == "todo":
        row |= {
            "state": "done",
            "done_at": tried[-1].at,
            "detail": words.step_outcome(tried[-1].how),
            "vain": tried[-1].how is How.NOT_REACHED,
        }
    return row


def _named(near: NearPerson) -> str:
    return f"{near.name}, {near.relation}" if near.relation else near.name


def _call_step(
    verb: str, label: str, calls: list[Call], near: NearPerson | None, words: Words
) -> dict[str, Any]:
    wanted = taken.HOME if near is None else taken.CONTACT
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
        "holds_keys": near is not None and near.holds_keys,
        "label": label,
        "icon": "phone",
        "button": words.say("Call again") if last else words.say("Call"),
        "state": "todo" if last is None else "done" if last.over else "now",
        "done_at": last.arrived_at if last else None,
        "detail": _went(last, words) if last else "",
        "vain": last is not None and last.over and not (last.talking_at or last.reply),
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
        "href": f"/interventi/{job.id}" if job else None,
        "vain": job is not None and job.state is InterventionState.ESCALATED,
    }


def _tick_step(position: int, step: Step, done: list[Taken], words: Words) -> dict[str, Any]:
    """112 and 118, a call to be made again, something to check: the operator says it is done."""
    mine = [
        each
        for each in done
        if each.position == position or (each.position is None and each.what == step.what)
    ]
    last = mine[-1] if mine else None
    labels = {
        What.EMERGENCY: words.say("Call 112 or 118"),
        What.CALL_AGAIN: words.say("Call again after %(n)s minutes", n=step.minutes),
        What.CHECK: step.says,
    }
    does = {
        What.EMERGENCY: words.say("I have called 112 or 118"),
        What.CALL_AGAIN: words.say("Remind me in %(n)s minutes", n=step.minutes),
        What.CHECK: words.say("Checked: %(what)s", what=step.says),
    }
    waits = last is not None and last.how is How.WAITING
    over = last is not None and last.how in OVER
    return {
        "key": f"tick:{position}",
        "verb": None if over or waits else "tick",
        "contact_id": None,
        "label": labels[step.what],
        "does": does[step.what],
        "icon": "clock" if step.what is What.CALL_AGAIN else "check",
        "button": words.say("Remind me")
        if step.what is What.CALL_AGAIN and not (last and last.how is How.DUE)
        else words.say("Done"),
        "state": "done" if over else "waits" if waits else "now" if last else "todo",
        "done_at": last.due_at if waits and last else last.at if last and over else None,
        "detail": words.step_outcome(last.how) if last else "",
    }


def _ladder(session: Session, alarm: Alarm, rungs: list[Rung], words: Words) -> dict[str, Any]:
    """Whom the system rings, or has rung; `able`: how many it could ring now."""
    made = rounds.of_alarm(session, alarm.id)
    live = next((each for each in made if each.state is RoundState.CALLING), None)
    last = live or (made[-1] if made else None)
    return {
        "able": 0 if live else len(ladder.callable_now(rungs, clock.now())),
        "round": _round(session, last, words) if last else None,
    }


def _round(session: Session, last: Round, words: Words) -> dict[str, Any]:
    return {
        "live": last.state is RoundState.CALLING,
        "stoppable": last.state is RoundState.CALLING and last.whom == Whom.CONTACTS,
        "whom": words.round_whom(last.whom),
        "state": last.state,
        "state_text": words.round_state(last.state),
        "cycle": last.cycle,
        "tries": [
            {
                "id": each.id,
                "name": each.name,
                "at": each.at,
                "went": each.went,
                "text": words.went(each.went) if each.went else words.say("ringing now"),
            }
            for each in rounds.tries(session, last.id)
        ],
    }
