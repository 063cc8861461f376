"""Who is around a person: the household, those near, and how to add them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from registry import households, network, people, search
from registry.access import Right
from registry.door import Me, allow
from registry.households import Place
from registry.kit import i18n
from registry.kit.http import InTransaction
from webconsole import networks, person_words, rendering
from webconsole.pages import forms
from webconsole.words import words

router = APIRouter(include_in_schema=False)


@router.get("/persone/{person_id}/rete", dependencies=[allow(Right.WRITE_PEOPLE)])
def show_network(
    person_id: UUID,
    request: Request,
    session: InTransaction,
    me: Me,
    q: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """`q` looks for somebody who has a file and lives there, too."""
    person = people.read(session, person_id, me, why="change")
    spoken = words(i18n.language_of(request))
    around = networks.around(session, person, me, spoken)
    wanted = forms.whole(q)
    hits = search.find(session, wanted, me).people if wanted else []
    return rendering.page(
        request,
        "people/household.html",
        me=me,
        person=person,
        network=around,
        nodes=network.drawn(around),
        stays=households.together(session, person.id, me, past=True),
        q=wanted,
        hits=[hit for hit in hits if hit.person.id != person.id],
        places=[each for each in Place if each is not Place.REFERENCE],
        said=person_words,
        words=spoken,
    )
