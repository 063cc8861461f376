"""JSON of the code book: what unknown codes mean, said by a supervisor."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, status
from pydantic import BaseModel, ConfigDict, Field

from registry.access import Right
from registry.door import Me, allow
from registry.kit.http import InTransaction
from telecare import code_book
from telecare.protocols.base import Kind

router = APIRouter(prefix="/code-meanings")


class MeaningIn(BaseModel):
    protocol: Annotated[str, Field(min_length=1, max_length=40)]
    code: Annotated[str, Field(max_length=80)]
    kind: Kind


class MeaningOut(MeaningIn):
    model_config = ConfigDict(from_attributes=True)

    id: UUID


@router.post("", dependencies=[allow(Right.COORDINATE)], status_code=status.HTTP_201_CREATED)
def classify_code(new: MeaningIn, session: InTransaction, me: Me) -> MeaningOut:
    """From now on signals with this code are of this kind."""
    made = code_book.classify(
        session, protocol=new.protocol, code=new.code, kind=new.kind, said_by=me.staff_id
    )
    return MeaningOut.model_validate(made)
