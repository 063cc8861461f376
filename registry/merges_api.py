"""JSON of files that are of one person: merged, parted again, pairs to judge."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, status
from pydantic import BaseModel, Field

from registry import candidates, listed, merges
from registry.access import Right
from registry.door import Me, allow
from registry.kit.http import InTransaction
from registry.merges import Merge
from registry.people_api import Out

router = APIRouter(tags=["registry"])
MERGES = [allow(Right.MERGE_PEOPLE)]


class MergeIn(BaseModel):
    """`take`: the facts in which the file that goes is right."""

    gone_id: UUID
    take: Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=10)] = []


class MergeOut(Out):
    """`left`: rows that were on both files; those of the file that went wait for an undoing."""

    id: UUID
    stays_id: UUID
    gone_id: UUID
    merged_at: datetime
    undone_at: datetime | None
    left: int


class CandidateOut(Out):
    one_id: UUID
    other_id: UUID
    score: float
    why: list[str]
    found_at: datetime


@router.post(
    "/people/{person_id}/merge",
    dependencies=MERGES,
    response_model=MergeOut,
    status_code=status.HTTP_201_CREATED,
)
def merge(person_id: UUID, wish: MergeIn, session: InTransaction, me: Me) -> Merge:
    """The other file becomes part of this one; 404 unless the asker may know of both."""
    return merges.merge(session, me, person_id, wish.gone_id, take=frozenset(wish.take))


@router.post("/merges/{merge_id}/undo", dependencies=MERGES, response_model=MergeOut)
def undo(merge_id: UUID, session: InTransaction, me: Me) -> Merge:
    """Both files as they were; 409 while a later merge has to be undone first."""
    return merges.undo(session, me, merge_id)


@router.get("/people/candidates", dependencies=MERGES)
def list_candidates(session: InTransaction, me: Me) -> dict[str, list[CandidateOut]]:
    """Pairs that the night found and nobody has judged, surest first."""
    found = candidates.open_(session, me)
    listed.note(
        session, "duplicates", (each for pair in found for each in (pair.one_id, pair.other_id))
    )
    return {"items": [CandidateOut.model_validate(each) for each in found]}
