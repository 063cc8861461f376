"""JSON of what is wrong with a sheet, and of reading one through again."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response, status
from pydantic import BaseModel, Field

from registry import directory, sheet_reports, versions
from registry.access import Right
from registry.directory import Service
from registry.directory_api import SheetOut
from registry.door import Me, allow
from registry.headers import Wanted, tagged
from registry.kit.http import InTransaction
from registry.people_api import Out
from registry.sheet_reports import LONGEST, SheetReport

router = APIRouter(prefix="/services/{service_id}", tags=["registry"])


class ReportIn(BaseModel):
    words: Annotated[str, Field(min_length=1, max_length=LONGEST)]


class ReportOut(Out):
    """`staff_id` is empty where a visitor of the public page wrote it."""

    id: UUID
    words: str
    staff_id: UUID | None
    at: datetime


@router.get("/reports", dependencies=[allow(Right.READ_CASES)])
def list_reports(service_id: UUID, session: InTransaction) -> dict[str, list[ReportOut]]:
    """Those that nobody has looked at, oldest first."""
    found = sheet_reports.open_of(session, directory.read(session, service_id).id)
    return {"items": [ReportOut.model_validate(each) for each in found]}


@router.post(
    "/reports",
    dependencies=[allow(Right.READ_CASES)],
    response_model=ReportOut,
    status_code=status.HTTP_201_CREATED,
)
def add_report(service_id: UUID, new: ReportIn, session: InTransaction, me: Me) -> SheetReport:
    """Something on the sheet is no longer right."""
    service = directory.held(session, service_id)
    return sheet_reports.report(session, service.id, new.words, me)


@router.post("/reviewed", dependencies=[allow(Right.MANAGE_DIRECTORY)], response_model=SheetOut)
def reviewed(
    service_id: UUID, session: InTransaction, me: Me, answer: Response, if_match: Wanted
) -> Service:
    """Read through and found right, or mended: what was reported is settled."""
    service = directory.held(session, service_id)
    versions.check(if_match, service.version)
    directory.reviewed(session, service)
    sheet_reports.settle(session, service.id, me)
    return tagged(answer, service)
