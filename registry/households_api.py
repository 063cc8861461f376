"""JSON of households: who lives with whom, from when until when."""

from datetime import date
from typing import Self
from uuid import UUID

from fastapi import APIRouter, status
from pydantic import BaseModel

from registry import households, once, people
from registry.access import Right
from registry.door import Me, allow
from registry.files_api import Ending
from registry.headers import Key
from registry.households import Place, Stay
from registry.kit import clock
from registry.kit.db import get
from registry.kit.errors import NotFound
from registry.kit.http import InTransaction
from registry.people import Person
from registry.people_api import Out, held

router = APIRouter(tags=["registry"])


class StayIn(BaseModel):
    """`other_id` lives with the person, as their `place` in the household says."""

    other_id: UUID
    place: Place
    since: date | None = None


class StayOut(Out):
    id: UUID
    household_id: UUID
    person_id: UUID
    place: Place
    valid_from: date | None
    valid_to: date | None
    name: str = ""

    @classmethod
    def of(cls, stay: Stay, person: Person) -> Self:
        shown = cls.model_validate(stay)
        shown.name = person.name
        return shown


@router.get("/people/{person_id}/household", dependencies=[allow(Right.READ_PEOPLE)])
def list_household(
    person_id: UUID, session: InTransaction, me: Me, past: bool = False
) -> dict[str, list[StayOut]]:
    """Who lives there now, themselves too; with `past` also who once did."""
    person = people.read(session, person_id, me)
    found = households.together(session, person.id, me, past=past)
    return {"items": [StayOut.of(stay, other) for stay, other in found]}


@router.post(
    "/people/{person_id}/household",
    dependencies=[allow(Right.WRITE_PEOPLE)],
    status_code=status.HTTP_201_CREATED,
)
def join(person_id: UUID, new: StayIn, session: InTransaction, me: Me, key: Key = None) -> StayOut:
    """409 while the other one lives elsewhere."""
    person = held(session, person_id, me)
    other = people.read(session, new.other_id, me, why="household")
    made_id, first = once.made(session, me.login, key, f"stay {person_id}")
    if not first:
        return StayOut.of(get(session, Stay, made_id), other)
    stay = households.join(session, person, other, place=new.place, since=new.since, id_=made_id)
    return StayOut.of(stay, other)


@router.post(
    "/people/{person_id}/household/{stay_id}/end", dependencies=[allow(Right.WRITE_PEOPLE)]
)
def leave(person_id: UUID, stay_id: UUID, when: Ending, session: InTransaction, me: Me) -> StayOut:
    """Today, unless another day is said."""
    person = people.read(session, person_id, me, why="household")
    there = {stay.id: other for stay, other in households.together(session, person.id, me)}
    if stay_id not in there:
        raise NotFound("There is no such %(thing)s", thing="household")
    stay = households.leave(session, stay_id, me, on=when.on or clock.now().date())
    return StayOut.of(stay, there[stay_id])
