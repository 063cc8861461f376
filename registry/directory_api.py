"""JSON of the directory: sheets for the staff, and for everybody in the shape of Open Referral."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response, status
from pydantic import BaseModel, ConfigDict, Field

from registry import directory, directory_search, eligibility, hsds, once, versions
from registry.access import Right
from registry.directory import BodyKind, Service, ServiceArea
from registry.door import Me, allow, public
from registry.eligibility import Fact, Outlook, Verdict
from registry.headers import Key, Wanted, tagged
from registry.kit.http import InTransaction

router = APIRouter(tags=["registry"])
OPEN = "what the services are is for everybody to know; only published sheets are shown"
Line = Annotated[str, Field(max_length=300)]
Text = Annotated[str, Field(max_length=4000)]
Tag = Annotated[str, Field(max_length=12)]
Lines = Annotated[list[Line], Field(max_length=60)]
Number = Annotated[float, Field(ge=0, le=10_000_000, allow_inf_nan=False)]


class RuleIn(BaseModel):
    """`at_least` and `at_most` for numbers, `one_of` for towns, neither for yes or no."""

    fact: Fact
    at_least: Number | None = None
    at_most: Number | None = None
    one_of: Annotated[list[Line], Field(max_length=200)] = []


class Sheet(BaseModel):
    summary: Text | None = None
    eligibility: Text | None = None
    rules: Annotated[list[RuleIn], Field(max_length=20)] | None = None
    documents: Lines | None = None
    steps: Lines | None = None
    times: Text | None = None
    cost: Text | None = None
    appeal: Text | None = None
    hours: Line | None = None
    places: Lines | None = None
    languages: Annotated[list[Tag], Field(max_length=60)] | None = None
    accessibility: Text | None = None
    address: Line | None = None
    phone: Line | None = None
    email: Line | None = None
    website: Line | None = None
    published: bool | None = None
    review_by: date | None = None


class SheetIn(Sheet):
    body: Annotated[str, Field(min_length=1, max_length=200)]
    body_kind: BodyKind = BodyKind.OWN
    name: Annotated[str, Field(min_length=1, max_length=200)]
    area: ServiceArea


class SheetChange(Sheet):
    """Only what is sent is changed."""

    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    area: ServiceArea | None = None


class BodyOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    kind: BodyKind


class SheetOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    version: int
    body: BodyOut
    name: str
    area: ServiceArea
    summary: str
    eligibility: str
    rules: list[dict[str, Any]]
    documents: list[str]
    steps: list[str]
    times: str
    cost: str
    appeal: str
    hours: str
    places: list[str]
    languages: list[str]
    accessibility: str
    address: str
    phone: str
    email: str
    website: str
    published: bool
    review_by: date
    out_of_date: bool


class SheetsFound(BaseModel):
    items: list[SheetOut]
    read_as: dict[str, list[str]] = {}


class FactsIn(BaseModel):
    """What is known; a fact left out is unknown."""

    age: Number | None = None
    isee: Number | None = None
    children: Number | None = None
    town: Line | None = None
    lives_alone: bool | None = None
    disability: bool | None = None
    homeless: bool | None = None
    pregnant: bool | None = None


class FindingOut(BaseModel):
    rule: RuleIn
    verdict: Verdict


class CheckOut(BaseModel):
    outlook: Outlook
    findings: list[FindingOut]


@router.get("/services", dependencies=[allow(Right.READ_CASES)])
def find(
    session: InTransaction,
    q: Annotated[str, Query(max_length=200)] = "",
    area: ServiceArea | None = None,
    out_of_date: bool = False,
    offset: Annotated[int, Query(ge=0, le=100_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> SheetsFound:
    """By words, however misspelt; without words by name, or the overdue ones first.

    `offset` pages through what is found without words.
    """
    if out_of_date or not q.strip():
        areas = [area] if area else []
        listed = directory.listed(
            session, areas=areas, out_of_date=out_of_date, offset=offset, limit=limit
        )
        return SheetsFound(items=[SheetOut.model_validate(each) for each in listed])
    found = directory_search.find(session, q, area=area, limit=limit)
    items = [SheetOut.model_validate(each) for each in found.services]
    return SheetsFound(items=items, read_as=found.read_as)


@router.post(
    "/services",
    dependencies=[allow(Right.MANAGE_DIRECTORY)],
    response_model=SheetOut,
    status_code=status.HTTP_201_CREATED,
)
def add(new: SheetIn, session: InTransaction, me: Me, answer: Response, key: Key = None) -> Service:
    made_id, first = once.made(session, me.login, key, "service")
    if not first:
        return tagged(answer, directory.read(session, made_id))
    facts = new.model_dump(exclude_none=True, exclude={"body", "body_kind"})
    body = directory.body(session, new.body, new.body_kind)
    return tagged(answer, directory.add(session, body, id=made_id, **facts))


@router.get(
    "/services/{service_id}", dependencies=[allow(Right.READ_CASES)], response_model=SheetOut
)
def read(service_id: UUID, session: InTransaction, answer: Response) -> Service:
    return tagged(answer, directory.read(session, service_id))


@router.patch(
    "/services/{service_id}", dependencies=[allow(Right.MANAGE_DIRECTORY)], response_model=SheetOut
)
def change(
    service_id: UUID,
    facts: SheetChange,
    session: InTransaction,
    answer: Response,
    if_match: Wanted,
) -> Service:
    """`If-Match` is the ETag that was read; 412 when somebody has changed it since."""
    service = directory.held(session, service_id)
    versions.check(if_match, service.version)
    directory.change(session, service, **facts.model_dump(exclude_none=True))
    return tagged(answer, service)


@router.post("/services/{service_id}/check", dependencies=[allow(Right.READ_CASES)])
def check(service_id: UUID, known: FactsIn, session: InTransaction) -> CheckOut:
    """A first look at the conditions, rule by rule: no decision. What is asked is not kept."""
    wanted = eligibility.rules(directory.read(session, service_id).rules)
    told = {Fact(name): value for name, value in known.model_dump(exclude_none=True).items()}
    checked = eligibility.check(wanted, told)
    findings = [
        FindingOut(
            rule=RuleIn(
                fact=each.rule.fact,
                at_least=each.rule.at_least,
                at_most=each.rule.at_most,
                one_of=list(each.rule.one_of),
            ),
            verdict=each.verdict,
        )
        for each in checked.findings
    ]
    return CheckOut(outlook=checked.outlook, findings=findings)


@router.get("/hsds", dependencies=[public(OPEN)])
def describe() -> dict[str, str]:
    """Open Referral's own first page: which version and which profile these are."""
    return {
        "version": hsds.VERSION,
        "profile": hsds.PROFILE,
        "openapi_url": "/api/openapi.json",
    }


@router.get("/hsds/services", dependencies=[public(OPEN)])
def list_open(
    session: InTransaction,
    search: Annotated[str, Query(max_length=200)] = "",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
    per_page: Annotated[int, Query(ge=1, le=100)] = 50,
) -> dict[str, Any]:
    if search.strip():
        found = directory_search.find(session, search, public=True, limit=per_page).services
        items = [hsds.service(each) for each in found] if page == 1 else []
        return hsds.page(items, total=len(found), number=page, size=per_page)
    found = directory.listed(session, public=True, offset=(page - 1) * per_page, limit=per_page)
    total = directory.count(session, public=True)
    return hsds.page(
        [hsds.service(each) for each in found], total=total, number=page, size=per_page
    )


@router.get("/hsds/services/{service_id}", dependencies=[public(OPEN)])
def read_open(service_id: UUID, session: InTransaction) -> dict[str, Any]:
    return hsds.service(directory.read(session, service_id, public=True))


@router.get("/hsds/organizations", dependencies=[public(OPEN)])
def list_bodies(session: InTransaction) -> dict[str, Any]:
    items = [hsds.organization(each) for each in directory.bodies(session)]
    return hsds.page(items, total=len(items), number=1, size=max(1, len(items)))
