"""Files that may be of one person: pairs to judge, two side by side, made one, parted again."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from registry import candidates, cases, duplicates, identifiers, merges, names, not_same, search
from registry import people as files
from registry.access import Actor, Right
from registry.door import Me, allow
from registry.kit import i18n
from registry.kit.db import get
from registry.kit.errors import Problem
from registry.kit.http import InTransaction
from registry.merges import CHOSEN, Merge
from registry.people import Person
from webconsole import board_people, desk_words, person_words, rendering
from webconsole.pages import forms
from webconsole.words import words

router = APIRouter(include_in_schema=False)
SEE_OTHER = 303
MERGES = [allow(Right.MERGE_PEOPLE)]
Take = Annotated[list[str], Form(max_length=len(CHOSEN))]


@router.get("/doppioni", dependencies=MERGES)
def list_candidates(request: Request, session: InTransaction, me: Me) -> Response:
    found = candidates.open_(session, me)
    ids = {each for pair in found for each in (pair.one_id, pair.other_id)}
    return rendering.page(
        request,
        "people/candidates.html",
        me=me,
        found=found,
        people=board_people.listed(session, ids, me, "duplicates"),
        desk=desk_words,
        words=words(i18n.language_of(request)),
    )


@router.post("/doppioni/diverse", dependencies=MERGES)
def tell_apart(
    session: InTransaction, me: Me, one: Annotated[UUID, Form()], other: Annotated[UUID, Form()]
) -> Response:
    """Two people with nearly the same name: never proposed again."""
    here, there = (files.read(session, each, me, why="duplicates") for each in (one, other))
    not_same.tell_apart(session, here.id, there.id)
    return RedirectResponse("/doppioni", SEE_OTHER)


@router.get("/unione", dependencies=MERGES)
def compare(
    request: Request,
    session: InTransaction,
    me: Me,
    una: UUID,
    altra: UUID | None = None,
    q: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Side by side; without the second one, who it may be."""
    here = files.read(session, una, me, why="merge")
    if altra is None:
        return _choose(request, session, me, here, forms.whole(q))
    return _compare(request, session, me, here, files.read(session, altra, me, why="merge"))


def _choose(request: Request, session: Session, me: Actor, here: Person, q: str) -> Response:
    hits = search.find(session, q, me).people if q else duplicates.of(session, here, me)
    return rendering.page(
        request,
        "people/choose.html",
        me=me,
        person=here,
        q=q,
        hits=[hit for hit in hits if hit.person.id != here.id],
        desk=desk_words,
        words=words(i18n.language_of(request)),
    )


def _compare(
    request: Request,
    session: Session,
    me: Actor,
    here: Person,
    there: Person,
    problem: Problem | None = None,
) -> Response:
    both = (here, there)
    return forms.page(
        request,
        "people/merge.html",
        me=me,
        problem=problem,
        both=both,
        names=[names.of(session, each.id) for each in both],
        codes=[identifiers.of(session, each.id) for each in both],
        cases=[len(cases.of_person(session, each.id)) for each in both],
        said=person_words,
        words=words(i18n.language_of(request)),
    )


@router.post("/unione", dependencies=MERGES)
def merge(
    request: Request,
    session: InTransaction,
    me: Me,
    stays: Annotated[UUID, Form()],
    gone: Annotated[UUID, Form()],
    take: Take = [],  # noqa: B006 - FastAPI copies it
) -> Response:
    try:
        merges.merge(session, me, stays, gone, take=frozenset(take))
    except Problem as problem:
        here, there = (files.read(session, each, me, why="merge") for each in (stays, gone))
        return _compare(request, session, me, here, there, problem)
    return RedirectResponse(f"/persone/{stays}", SEE_OTHER)


@router.post("/unioni/{merge_id}/annulla", dependencies=MERGES)
def undo(merge_id: UUID, session: InTransaction, me: Me) -> Response:
    """Both files as they were; the one that had gone is opened."""
    gone = get(session, Merge, merge_id).gone_id
    merges.undo(session, me, merge_id)
    return RedirectResponse(f"/persone/{gone}", SEE_OTHER)
