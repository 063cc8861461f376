"""JSON of the registry: people, cases and who I am."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from registry import (
    access_points_api,
    bookings_api,
    case_parts_api,
    cases_api,
    directory_api,
    directory_files_api,
    files_api,
    hooks_api,
    households_api,
    imports_api,
    merges_api,
    people,
    people_api,
    pictures_api,
    requests_api,
    sheet_reports_api,
)
from registry.access import Right
from registry.door import Me, allow
from registry.kit.http import InTransaction
from registry.people_api import Out, PersonOut, tagged

router = APIRouter(tags=["registry"])
router.include_router(merges_api.router)
router.include_router(households_api.router)
router.include_router(imports_api.router)
router.include_router(people_api.router)
router.include_router(files_api.router)
router.include_router(pictures_api.router)
router.include_router(cases_api.router)
router.include_router(case_parts_api.router)
router.include_router(requests_api.router)
router.include_router(access_points_api.router)
router.include_router(directory_api.router)
router.include_router(sheet_reports_api.router)
router.include_router(directory_files_api.router)
router.include_router(hooks_api.router)
router.include_router(bookings_api.router)


class MeOut(Out):
    staff_id: UUID | None
    login: str
    name: str
    roles: list[str]
    rights: list[str]
    team_id: UUID | None
    csrf: str | None = None


@router.get("/me", dependencies=[allow()], response_model=MeOut)
def read_me(me: Me, request: Request) -> dict[str, Any]:
    return {
        **me.__dict__,
        "roles": sorted(me.roles),
        "rights": sorted(me.rights),
        "csrf": getattr(request.state, "csrf", None),
    }


@router.get("/people/{person_id}", dependencies=[allow(Right.READ_PEOPLE)])
def read_person(person_id: UUID, session: InTransaction, me: Me, answer: Response) -> PersonOut:
    """Opening a file is written in the journal."""
    return tagged(answer, people.read(session, person_id, me), me)
