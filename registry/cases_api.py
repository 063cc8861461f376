"""JSON of cases: what they are about, how far they have come, who follows them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response, status
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from registry import (
    access,
    case_holds,
    case_lists,
    case_managers,
    case_states,
    case_targets,
    cases,
    contacts,
    journal,
    listed,
    people,
    versions,
)
from registry.access import Actor, Compartment, Right
from registry.case_lists import Scope
from registry.case_managers import Part
from registry.case_states import CaseState
from registry.cases import Area, Case
from registry.contacts import Channel, Contact
from registry.door import Me, allow
from registry.headers import Match, tagged
from registry.kit.http import InTransaction
from registry.people_api import Name, Out

# ruff: noqa: FAST003 - the dependency that holds the case takes it from the address
router = APIRouter(tags=["registry"])
Text = Annotated[str, Field(max_length=4000)]
Words = Annotated[str, Field(min_length=1, max_length=4000)]
Word = Annotated[str, Field(max_length=40)]
READ, WRITE = [allow(Right.READ_CASES)], [allow(Right.WRITE_CASES)]


class CaseOut(Out):
    """Of a case in a compartment that is not the asker's there is no title and no timeline."""

    id: UUID
    number: int
    person_id: UUID | None
    title: str
    area: Area
    state: CaseState
    stage: str | None
    targets: list[str] = Field(default_factory=list)
    manager_id: UUID | None = None
    deputy_id: UUID | None = None
    held: bool = False
    version: int
    opened_at: datetime
    closed_at: datetime | None
    compartment: Compartment | None

    @classmethod
    def of(cls, session: Session, case: Case, me: Actor) -> Self:
        (one,) = cls.of_many(session, [case], me)
        one.held = case_holds.current(session, case.id) is not None
        return one

    @classmethod
    def of_many(cls, session: Session, found: Iterable[Case], me: Actor) -> list[Self]:
        shown = [cls.model_validate(each) for each in found]
        ids = [each.id for each in shown]
        followers = case_managers.of_many(session, ids)
        targets = case_targets.of_many(session, ids)
        for each in shown:
            parts = followers.get(each.id, {})
            each.manager_id = parts[Part.MANAGER].staff_id if Part.MANAGER in parts else None
            each.deputy_id = parts[Part.DEPUTY].staff_id if Part.DEPUTY in parts else None
            if access.sees(me, each.compartment):
                each.targets = targets.get(each.id, [])
            else:
                each.title, each.stage = "", None
        return shown


class CaseIn(BaseModel):
    area: Area
    person_id: UUID | None = None
    title: Name = ""
    compartment: Compartment | None = None
    reason: Text = ""


class ContactIn(BaseModel):
    channel: Channel
    outcome: Annotated[str, Field(min_length=1, max_length=40)]
    note: Text = ""


class ContactOut(Out):
    id: UUID
    case_id: UUID | None
    channel: Channel
    outcome: str
    note: str
    at: datetime


class EntryOut(Out):
    at: datetime
    kind: str
    actor_id: UUID | None
    facts: dict[str, Any]


class TimelineOut(BaseModel):
    """A page of it; `next` is what the page after is asked with as `before`."""

    items: list[EntryOut]
    next: int | None


class Reason(BaseModel):
    reason: Words


class Ending(Reason):
    """`outcome` is a code of the list `case_outcome`."""

    outcome: Word | None = None


class Stage(Reason):
    """`stage` is a code of the list `case_stage`."""

    stage: Word


class Targets(BaseModel):
    targets: Annotated[list[Word], Field(max_length=20)]


class Given(BaseModel):
    staff_id: UUID
    part: Part = Part.MANAGER
    note: Text = ""


class AssignmentOut(Out):
    staff_id: UUID
    part: Part
    since: datetime
    until: datetime | None
    given_by: UUID | None
    note: str
    seen_at: datetime | None


class StatusOut(Out):
    state: CaseState
    code: str | None
    reason: str
    staff_id: UUID | None
    at: datetime


@router.get("/cases", dependencies=READ)
def list_cases(
    session: InTransaction,
    me: Me,
    person_id: UUID | None = None,
    scope: Scope | None = None,
    after: Annotated[int, Query(ge=0, le=2**31 - 1)] | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> dict[str, Any]:
    """Newest first; `after` is the number of the last one seen; `scope` gives live ones only."""
    if scope is None:
        found = cases.listed(session, me, person_id=person_id, after=after, limit=limit)
    else:
        found = case_lists.find(session, me, scope=scope, after=after, limit=limit)
    listed.note(session, "cases", (each.person_id for each in found))
    return {
        "items": CaseOut.of_many(session, found, me),
        "next": found[-1].number if len(found) == limit else None,
    }


@router.post("/cases", dependencies=WRITE, status_code=status.HTTP_201_CREATED)
def open_case(new: CaseIn, session: InTransaction, me: Me) -> CaseOut:
    if new.person_id is not None:
        people.read(session, new.person_id, me, why="case")
    return CaseOut.of(session, cases.open_(session, **new.model_dump()), me)


@router.get("/cases/{case_id}", dependencies=READ)
def read_case(case_id: UUID, session: InTransaction, me: Me, answer: Response) -> CaseOut:
    return _tagged(session, answer, _opened(session, case_id, me), me)


@router.get("/cases/{case_id}/timeline", dependencies=READ)
def read_timeline(
    case_id: UUID,
    session: InTransaction,
    me: Me,
    before: Annotated[int | None, Query(ge=0, le=2**63 - 1)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 200,
) -> TimelineOut:
    """What happened, newest first; `before` is what the page before gave as `next`."""
    case = _opened(session, case_id, me)
    seen = access.sees(me, case.compartment)
    entries: list[journal.Entry] = []
    if seen:
        entries = cases.timeline(session, case_id, limit=limit, before=before)
    following = entries[-1].id if len(entries) == limit else None
    return TimelineOut(items=[EntryOut.model_validate(each) for each in entries], next=following)


@router.get("/cases/{case_id}/history", dependencies=READ)
def read_history(
    case_id: UUID, session: InTransaction, me: Me
) -> dict[str, list[StatusOut] | list[AssignmentOut]]:
    """Every change of state with author, time and reason; everybody who followed the case."""
    case = _opened(session, case_id, me)
    if not access.sees(me, case.compartment):
        return {"states": list[StatusOut](), "followers": list[AssignmentOut]()}
    return {
        "states": [StatusOut.model_validate(each) for each in case_states.of(session, case_id)],
        "followers": [
            AssignmentOut.model_validate(each) for each in case_managers.history(session, case_id)
        ],
    }


@router.post(
    "/cases/{case_id}/contacts",
    dependencies=WRITE,
    response_model=ContactOut,
    status_code=status.HTTP_201_CREATED,
)
def record_contact(case_id: UUID, new: ContactIn, session: InTransaction, me: Me) -> Contact:
    case = cases.read(session, case_id, me)
    return contacts.record(
        session,
        case_id=case.id,
        person_id=case.person_id,
        staff_id=me.staff_id,
        **new.model_dump(),
    )


def _opened(session: Session, case_id: UUID, me: Actor) -> Case:
    """The case; that its person's file was looked at is written down."""
    case = cases.read(session, case_id, me)
    if case.person_id is not None:
        people.read(session, case.person_id, me, why="case")
    return case


def _tagged(session: Session, answer: Response, case: Case, me: Actor) -> CaseOut:
    return CaseOut.of(session, tagged(answer, case), me)


@dataclass(frozen=True, kw_only=True)
class Changing:
    """A case held for a change, as whoever asked knew it, and the answer to them."""

    session: Session
    case: Case
    me: Actor
    answer: Response

    def told(self) -> CaseOut:
        """The case as it is now, with its version as the ETag."""
        return _tagged(self.session, self.answer, self.case, self.me)


def _changing(
    case_id: UUID, session: InTransaction, me: Me, answer: Response, if_match: Match = None
) -> Changing:
    case = cases.held(session, case_id, me)
    versions.check(if_match, case.version)
    return Changing(session=session, case=case, me=me, answer=answer)


Held = Annotated[Changing, Depends(_changing)]


@router.post("/cases/{case_id}/stage", dependencies=WRITE)
def set_stage(told: Stage, held: Held) -> CaseOut:
    cases.set_stage(held.session, held.case, told.stage, reason=told.reason)
    return held.told()


@router.post("/cases/{case_id}/suspend", dependencies=WRITE)
def suspend_case(why: Reason, held: Held) -> CaseOut:
    cases.suspend(held.session, held.case, reason=why.reason)
    return held.told()


@router.post("/cases/{case_id}/close", dependencies=WRITE)
def close_case(why: Ending, held: Held) -> CaseOut:
    cases.close(held.session, held.case, reason=why.reason, outcome=why.outcome)
    return held.told()


@router.post("/cases/{case_id}/reopen", dependencies=WRITE)
def reopen_case(why: Reason, held: Held) -> CaseOut:
    cases.reopen(held.session, held.case, reason=why.reason)
    return held.told()


@router.put("/cases/{case_id}/targets", dependencies=WRITE)
def set_targets(told: Targets, held: Held) -> CaseOut:
    """Codes of the list `target`, in force today."""
    case_targets.set_(held.session, held.case, held.me, told.targets)
    return held.told()


@router.post("/cases/{case_id}/assign", dependencies=WRITE)
def assign_case(told: Given, held: Held) -> CaseOut:
    """A manager or a deputy; whoever replaces a manager gets a note."""
    case_managers.assign(held.session, held.case, held.me, **told.model_dump())
    return held.told()


@router.post("/cases/{case_id}/dismiss-deputy", dependencies=WRITE)
def dismiss_deputy(held: Held) -> CaseOut:
    """The case manager goes on alone."""
    case_managers.dismiss_deputy(held.session, held.case, held.me)
    return held.told()


@router.post("/cases/{case_id}/hold", dependencies=[allow(Right.COORDINATE)])
def hold_case(why: Reason, held: Held) -> CaseOut:
    """Nothing of it is thrown away until it is released."""
    case_holds.hold(held.session, held.case, held.me, reason=why.reason)
    return held.told()


@router.post("/cases/{case_id}/release", dependencies=[allow(Right.COORDINATE)])
def release_case(held: Held) -> CaseOut:
    case_holds.release(held.session, held.case, held.me)
    return held.told()
