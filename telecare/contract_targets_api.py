"""JSON of one's own contract targets: what is promised, and how it is kept."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response, status
from pydantic import BaseModel, ConfigDict, Field

from registry.access import Right
from registry.door import Me, allow
from registry.kit.db import locked
from registry.kit.http import InTransaction
from telecare import contract_targets
from telecare.contract_targets import Clock, ContractTarget

router = APIRouter(prefix="/contract-targets")
COORDINATE = [allow(Right.COORDINATE)]


class TargetIn(BaseModel):
    name: Annotated[str, Field(max_length=200)]
    clock: Clock
    within: Annotated[int, Field(ge=1, le=10_000_000)]
    unit: Annotated[int, Field(description="Seconds of one unit: 1, 60, 3600")] = 1
    percent: Annotated[float, Field(gt=0, le=100)]


class TargetOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    by: Clock
    within_s: int
    percent: float
    since: datetime
    ended_at: datetime | None


@router.post("", dependencies=COORDINATE, status_code=status.HTTP_201_CREATED)
def write_target(new: TargetIn, session: InTransaction, me: Me) -> TargetOut:
    made = contract_targets.write(
        session,
        name=new.name,
        by=new.clock,
        within_s=new.within * new.unit,
        percent=new.percent,
        written_by=me.staff_id,
    )
    return TargetOut.model_validate(made)


@router.post("/{target_id}/end", dependencies=COORDINATE, status_code=status.HTTP_204_NO_CONTENT)
def end_target(target_id: UUID, session: InTransaction) -> Response:
    """No longer promised; the figures of the days before keep it."""
    contract_targets.end(session, locked(session, ContractTarget, target_id))
    return Response(status_code=status.HTTP_204_NO_CONTENT)
