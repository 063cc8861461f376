"""What an operator reads out to 118 or prints for it: one sheet for one alarm."""

from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from registry import people
from registry.access import Right
from registry.door import Me, allow
from registry.kit import i18n
from registry.kit.db import get
from registry.kit.errors import NotFound
from registry.kit.http import InTransaction
from telecare import ladder, rounds, subscribers, taken
from telecare.alarms import Alarm, AlarmState
from webconsole import rendering
from webconsole.words import words

router = APIRouter(include_in_schema=False)


@router.get("/allarmi/{alarm_id}/118", dependencies=[allow(Right.ANSWER_ALARMS)])
def show_sheet(alarm_id: UUID, request: Request, session: InTransaction, me: Me) -> Response:
    """Opening it is written in the journal; the way in stands on it while the alarm is open."""
    alarm = get(session, Alarm, alarm_id)
    if alarm.person_id is None:
        raise NotFound("There is no such %(thing)s", thing="person")
    person = people.read(session, alarm.person_id, me, why="emergency_sheet")
    is_open = alarm.state is not AlarmState.CLOSED
    return rendering.page(
        request,
        "telecare/sheet_118.html",
        me=me,
        alarm=alarm,
        person=person,
        file=subscribers.of_person(session, person.id),
        way_in=subscribers.way_in(session, person, me) if is_open else None,
        rungs=ladder.of(session, person),
        done=taken.of_alarm(session, alarm.id),
        tries=[
            each
            for made in rounds.of_alarm(session, alarm.id)
            for each in rounds.tries(session, made.id)
        ],
        words=words(i18n.language_of(request)),
    )
