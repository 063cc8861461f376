"""The snapshot that the live board draws: `GET /api/v1/board`, fetched again at each event.

    at            the server's clock
    me            status, state, paused_by_rule
    line          mode (`simulated` or `twilio`), ready
    waiting       rows in one order (priority, then how long): kind (alarm or call), id, priority,
                  title, who, where, since, target_s, repeats, takeable, sound (or null), person_id
    hand          what I hold: the row plus `mine`, note, outcomes, place, story, and
                  alarms: plan, steps (verb, label, state done/now/todo …), voice (the line up,
                  with the commands its unit knows), rings (the home's call that waits),
                  strangers (calls that may be the home's)
                  calls: stage (offered, calling, talking, wrap_up), candidates, offered_until …
    interventions open ones: id, priority, title, team, state_text, since, eta_at
    teams         on duty: id, name, state_text, latitude, longitude
    storm         many units in the same trouble as one line: title, where, since, devices,
                  pressed, href; null in calm weather
    doors         where our own test does not come through: door, name, since
    counts        waiting, oldest_since, operators, service_today (per cent or null), target_s

`GET /api/v1/board/people/{id}` is the first page of a file; each opening is written in the journal.
"""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session

from callcenter import operators
from callcenter.operators import Operator, State, Status
from registry import access, people
from registry.access import Actor, Right
from registry.door import Me, allow
from registry.kit import clock, i18n
from registry.kit.http import InTransaction
from registry.kit.settings import settings
from telecare import door_tests
from webconsole import (
    board_alarms,
    board_calls,
    board_figures,
    board_people,
    board_storm,
    board_teams,
    board_verbs,
)
from webconsole.words import Words, words

router = APIRouter(tags=["board"])
router.include_router(board_verbs.router)
ROOM = (Right.ANSWER_CALLS, Right.ANSWER_ALARMS)

# Names of protocols: the same in every language.
DOORS = {
    "dc09-tcp": "SIA DC-09 TCP",
    "dc09-udp": "SIA DC-09 UDP",
    "sip-udp": "SCAIP UDP",
    "sip-tcp": "SCAIP TCP",
    "sip-tls": "SCAIP TLS",
    "receiver-lines": "Sur-Gard",
    "sos-access": "SOS Access",
    "sos-access-tls": "SOS Access TLS",
    "http": "HTTP",
    "websocket": "WebSocket",
    "mqtt": "MQTT",
}


@router.get("/board", dependencies=[allow(*ROOM)])
def read_board(request: Request, session: InTransaction, me: Me) -> dict[str, Any]:
    return snapshot(session, me, words(i18n.language_of(request)))


@router.get("/board/people/{person_id}", dependencies=[allow(Right.READ_PEOPLE)])
def read_first_page(
    person_id: UUID, request: Request, session: InTransaction, me: Me
) -> dict[str, Any]:
    person = people.read(session, person_id, me, why="board")
    return board_people.summary(session, person, me, words(i18n.language_of(request)))


def snapshot(session: Session, me: Actor, said: Words) -> dict[str, Any]:
    """Everything this person may see of the room now."""
    waiting = _waiting(session, me, said)
    held = board_alarms.in_hand(session, me, said)
    mine = {each["id"] for each in held}
    teams = access.can(me, Right.REQUEST_TEAM)
    return {
        "at": clock.now(),
        "me": _me(session, me),
        "line": {"mode": settings().carrier, "ready": True},
        "waiting": waiting,
        "hand": [*held, *board_calls.in_hand(session, me, said, alarms=mine)],
        "interventions": board_teams.jobs(session, me, said) if teams else [],
        "teams": board_teams.teams(session, said) if teams else [],
        "counts": board_figures.counts(session, [row["since"] for row in waiting]),
        "storm": board_storm.line(session, said) if _answers(me) else None,
        "doors": _doors(session),
    }


def _answers(me: Actor) -> bool:
    return access.can(me, Right.ANSWER_ALARMS)


def _doors(session: Session) -> list[dict[str, Any]]:
    """The doors through which no test comes: units knock in vain there."""
    return [
        {"door": each.door, "name": DOORS.get(each.door, each.door), "since": each.deaf_since}
        for each in door_tests.broken(session)
    ]


def _waiting(session: Session, me: Actor, said: Words) -> list[dict[str, Any]]:
    """Alarms and calls in one order: the gravest first, then who has waited longest."""
    rows: list[dict[str, Any]] = []
    if _answers(me):
        rows += board_alarms.waiting(session, me, said)
    if access.can(me, Right.ANSWER_CALLS):
        rows += board_calls.waiting(session, me, said)
    return sorted(rows, key=lambda row: (row["priority"], row["since"]))


def _me(session: Session, me: Actor) -> dict[str, Any]:
    mine = session.get(Operator, me.staff_id) if me.staff_id else None
    if mine is None:
        return {
            "id": me.staff_id,
            "status": Status.AWAY,
            "state": State.IDLE,
            "paused_by_rule": False,
        }
    return {
        "id": me.staff_id,
        "status": mine.status,
        "state": mine.state,
        "paused_by_rule": operators.paused_by_rule(mine),
    }
