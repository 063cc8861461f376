"""People: the search, and one person's file with everything on one timeline."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from registry import (
    access,
    asked,
    bookings,
    cases,
    codes,
    identifiers,
    merges,
    names,
    network,
    no_texts,
    openings,
    people,
    pictures,
    requests,
    search,
    unknown,
)
from registry.access import Right
from registry.calendars import Slot
from registry.codes import CodeList
from registry.door import Me, allow
from registry.kit import i18n
from registry.kit.db import get
from registry.kit.errors import NotFound
from registry.kit.http import InTransaction
from registry.pictures import Shows
from telecare import subscribers
from telecare.subscribers import WhyIn
from webconsole import board_people, case_story, desk_words, networks, person_words, rendering
from webconsole.pages import older, reserved
from webconsole.staff_words import COMPARTMENTS
from webconsole.words import words

router = APIRouter(include_in_schema=False)
LINES = 60


@router.get("/persone", dependencies=[allow(Right.READ_PEOPLE)])
def list_people(
    request: Request,
    session: InTransaction,
    me: Me,
    q: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    wanted = q.replace("\0", "").strip()
    found = search.find(session, wanted, me) if wanted else search.Found(people=[])
    return rendering.page(
        request,
        "people.html",
        me=me,
        q=wanted,
        found=found,
        slip=None if found.people else asked.slip(wanted),
        most=search.SHOWN,
        unidentified=[] if wanted else unknown.listed(session, me),
        desk=desk_words,
        words=words(i18n.language_of(request)),
    )


@router.get("/persone/{person_id}", dependencies=[allow(Right.READ_PEOPLE)])
def show_person(
    person_id: UUID,
    request: Request,
    session: InTransaction,
    me: Me,
    service: Annotated[str, Query(alias="servizio", max_length=20)] = "",
    before: older.Line = None,
) -> Response:
    """The whole file; that it was opened is written in the journal.

    The timeline tells of all services, or of the one in the address, a page at a time.

    One that does not exist and one that is reserved are answered with the same page.
    """
    try:
        person = people.read(session, person_id, me)
    except NotFound:
        if access.can(me, Right.BREAK_GLASS):
            return reserved.closed(request, me, person_id)
        raise
    reads = access.can(me, Right.READ_CASES)
    spoken = words(i18n.language_of(request))
    alarming = access.can(me, Right.ANSWER_ALARMS) and subscribers.open_alarms(session, person.id)
    begin = person_words.SERVICES.get(service, ("",))
    entries = board_people.journal_of(session, person.id, me, LINES, begin, before)
    around = networks.around(session, person, me, spoken)
    return rendering.page(
        request,
        "person.html",
        me=me,
        person=person,
        texts_wanted=no_texts.wants(session, person.id),
        picture=pictures.of(session, person.id, Shows.FACE),
        words=spoken,
        entries=entries,
        next_before=case_story.older_than(entries, LINES),
        from_here=before,
        service=service if service in person_words.SERVICES else "",
        network=around,
        nodes=network.drawn(around),
        merged=merges.of(session, person.id) if access.can(me, Right.MERGE_PEOPLE) else [],
        names=names.of(session, person.id),
        codes=identifiers.of(session, person.id),
        barriers=codes.labels(session, CodeList.BARRIER, i18n.language_of(request)),
        said=person_words,
        has_way_in=subscribers.has_way_in(session, person),
        way_in=subscribers.way_in(session, person, me) if alarming else None,
        reasons=[each for each in WhyIn if each is not WhyIn.ALARM],
        cases=cases.of_person(session, person.id) if reads else [],
        requests=requests.listed(session, me, person_id=person.id, limit=20) if reads else [],
        booked=[
            (each, get(session, Slot, each.slot_id))
            for each in (bookings.of_person(session, person.id, me) if reads else [])
        ],
        closed_cases=cases.closed_to(session, person.id, me),
        compartments=COMPARTMENTS,
        opening=openings.current(session, me.staff_id, person.id) if person.restricted else None,
    )
