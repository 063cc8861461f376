"""JSON of the access points: the doors of the network, with their hours and what they serve."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response, status
from pydantic import BaseModel, Field

from registry import access_points, once, versions
from registry.access import Right
from registry.access_points import AccessPoint, PointKind
from registry.door import Me, allow
from registry.headers import Key, Wanted, tagged
from registry.kit.db import get
from registry.kit.http import InTransaction
from registry.people_api import Out

router = APIRouter(prefix="/access-points", tags=["registry"])
READS, KEEPS = [allow(Right.READ_CASES)], [allow(Right.COORDINATE)]
Name = Annotated[str, Field(min_length=1, max_length=120)]
Line = Annotated[str, Field(max_length=200)]
Hours = Annotated[str, Field(max_length=300)]
Areas = Annotated[list[Annotated[str, Field(max_length=120)]], Field(max_length=200)]


class AccessPointIn(BaseModel):
    name: Name
    kind: PointKind
    address: Line = ""
    phone: Annotated[str, Field(max_length=40)] = ""
    hours: Hours = ""
    areas: Areas = []


class AccessPointChange(BaseModel):
    """Only what is sent is changed; without `active` nobody asks there any more."""

    name: Name | None = None
    kind: PointKind | None = None
    address: Line | None = None
    phone: Annotated[str, Field(max_length=40)] | None = None
    hours: Hours | None = None
    areas: Areas | None = None
    active: bool | None = None


class AccessPointOut(Out):
    id: UUID
    name: str
    kind: PointKind
    address: str
    phone: str
    hours: str
    areas: list[str]
    active: bool
    version: int


@router.get("", dependencies=READS)
def list_points(
    session: InTransaction, closed: Annotated[bool, Query(description="Closed ones, too")] = False
) -> dict[str, list[AccessPointOut]]:
    found = access_points.all_(session) if closed else access_points.active(session)
    return {"items": [AccessPointOut.model_validate(each) for each in found]}


@router.post(
    "", dependencies=KEEPS, response_model=AccessPointOut, status_code=status.HTTP_201_CREATED
)
def add_point(
    new: AccessPointIn, session: InTransaction, me: Me, answer: Response, key: Key = None
) -> AccessPoint:
    made_id, first = once.made(session, me.login, key, "access_point")
    if not first:
        return tagged(answer, get(session, AccessPoint, made_id))
    return tagged(answer, access_points.add(session, id=made_id, **new.model_dump()))


@router.get("/{point_id}", dependencies=READS, response_model=AccessPointOut)
def read_point(point_id: UUID, session: InTransaction, answer: Response) -> AccessPoint:
    return tagged(answer, get(session, AccessPoint, point_id))


@router.patch("/{point_id}", dependencies=KEEPS, response_model=AccessPointOut)
def change_point(
    point_id: UUID,
    facts: AccessPointChange,
    session: InTransaction,
    answer: Response,
    if_match: Wanted,
) -> AccessPoint:
    """`If-Match` is the ETag that was read; 412 when somebody has changed it since."""
    point = access_points.held(session, point_id)
    versions.check(if_match, point.version)
    access_points.change(session, point, **facts.model_dump(exclude_none=True))
    return tagged(answer, point)
