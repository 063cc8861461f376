"""The parts of a person's file: names, codes, phones and how to ring them, addresses, alerts."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from registry import identifiers, names, no_texts, people, pictures
from registry.access import Actor, Compartment, Right
from registry.audiences import Audience
from registry.door import Me, allow
from registry.identifiers import IdentifierKind
from registry.kit import clock, i18n
from registry.kit.http import InTransaction
from registry.kit.settings import settings
from registry.names import NameKind
from registry.people import Person
from registry.pictures import Shows
from registry.places import AddressKind
from webconsole import person_words, rendering
from webconsole.pages import forms
from webconsole.pages.forms import Trouble
from webconsole.staff_words import COMPARTMENTS
from webconsole.words import words

router = APIRouter(include_in_schema=False)
SEE_OTHER = 303


@router.get("/persone/{person_id}/scheda", dependencies=[allow(Right.WRITE_PEOPLE)])
def show_parts(person_id: UUID, request: Request, session: InTransaction, me: Me) -> Response:
    """Each part is added, ended and taken off through the API, which says what does not fit."""
    return page(request, session, me, people.read(session, person_id, me, why="change"))


@router.post("/persone/{person_id}/messaggi", dependencies=[allow(Right.WRITE_PEOPLE)])
def choose_texts(
    person_id: UUID, session: InTransaction, me: Me, wanted: Annotated[bool, Form()]
) -> Response:
    """What the person said about texts: `wanted` is yes or no."""
    person = people.read(session, person_id, me, why="change")
    no_texts.choose(session, person, me, wanted=wanted)
    return RedirectResponse(f"/persone/{person.id}/scheda", SEE_OTHER)


def page(
    request: Request,
    session: Session,
    me: Actor,
    person: Person,
    trouble: Trouble = forms.NONE,
    status: int = 200,
) -> Response:
    """`trouble` is that of the photo, the one part that does not go through the API."""
    told = (person.given_name, person.family_name, person.birth_date)
    return rendering.page(
        request,
        "people/parts.html",
        me=me,
        status=status,
        trouble=trouble,
        texts_wanted=no_texts.wants(session, person.id),
        picture=pictures.of(session, person.id, Shows.FACE),
        most=settings().attachment_megabytes,
        person=person,
        names=names.of(session, person.id),
        codes=[
            (each, identifiers.doubts(each, *told)) for each in identifiers.of(session, person.id)
        ],
        today=clock.now().date(),
        name_kinds=list(NameKind),
        code_kinds=list(IdentifierKind),
        address_kinds=list(AddressKind),
        audiences=list(Audience),
        compartments=list(Compartment),
        compartment_words=COMPARTMENTS,
        said=person_words,
        words=words(i18n.language_of(request)),
    )
