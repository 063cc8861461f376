"""Telecare's pages of people: the list of subscribers, and one subscriber's file."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from registry import listed, people, pictures
from registry.access import Right
from registry.door import Me, allow
from registry.kit import clock, i18n
from registry.kit.http import InTransaction
from registry.pictures import Shows
from telecare import absences, alarms, ladder, planned, subscribers
from telecare.absences import Reason
from telecare.ladder import Rung
from telecare.planned import By, Purpose
from telecare.subscribers import WhyIn
from webconsole import board_people, rendering
from webconsole.language_words import LANGUAGES
from webconsole.words import words

router = APIRouter(include_in_schema=False)
LATEST = 8  # alarms shown on a file


@router.get("/teleassistenza", dependencies=[allow(Right.ANSWER_ALARMS)])
def list_subscribers(
    request: Request,
    session: InTransaction,
    me: Me,
    q: Annotated[str, Query(max_length=200)] = "",
    after: Annotated[UUID | None, Query(alias="prima")] = None,
) -> Response:
    wanted = q.replace("\0", "").strip()
    found = subscribers.listed(session, me, words=wanted, after=after)
    ids = [each.id for each in found]
    listed.note(session, "subscribers", ids)
    return rendering.page(
        request,
        "telecare/subscribers.html",
        me=me,
        q=wanted,
        found=found,
        units=subscribers.units(session, ids),
        away=absences.now_away(session, set(ids)),
        where=board_people.where,
        next_before=found[-1].id if len(found) == subscribers.PAGE else None,
    )


@router.get("/teleassistenza/{person_id}", dependencies=[allow(Right.ANSWER_ALARMS)])
def show_subscriber(person_id: UUID, request: Request, session: InTransaction, me: Me) -> Response:
    """The file; that it was opened is written in the journal, as is each look at the way in."""
    person = people.read(session, person_id, me, why="telecare")
    open_alarms = subscribers.open_alarms(session, person.id)
    rungs = ladder.of(session, person)
    return rendering.page(
        request,
        "telecare/subscriber.html",
        me=me,
        person=person,
        file=subscribers.of_person(session, person.id),
        open_alarms=open_alarms,
        way_in=subscribers.way_in(session, person, me) if open_alarms else None,
        reasons=[each for each in WhyIn if each is not WhyIn.ALARM],
        has_door=pictures.of(session, person.id, Shows.DOOR) is not None,
        rungs=rungs,
        moved_up=lambda place: _moved_up(rungs, place),
        every_day=ladder.EVERY_DAY,
        absences=absences.of_person(session, person.id),
        away=absences.now_away(session, {person.id}),
        absence_reasons=list(Reason),
        call_plans=planned.plans_of(session, person.id),
        purposes=list(Purpose),
        callers=list(By),
        units=subscribers.units(session, [person.id]).get(person.id, []),
        latest=alarms.listed(session, person_id=person.id, limit=LATEST),
        languages_known=list(LANGUAGES),
        at=clock.now(),
        words=words(i18n.language_of(request)),
    )


def _moved_up(rungs: list[Rung], place: int) -> str:
    """The ids in order, with the one at `place` called before its predecessor."""
    ids = [str(each.near.id) for each in rungs]
    ids[place - 1], ids[place] = ids[place], ids[place - 1]
    return ",".join(ids)
