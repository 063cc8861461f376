"""Administration: the staff, what each may do, where they sit, and their way in."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from dispatch import teams
from registry import (
    administration,
    codes,
    factors,
    invitations,
    qualifications,
    sessions,
    staff,
    tokens,
)
from registry.access import Compartment, Holder, Right, Role
from registry.codes import CodeList
from registry.door import Me, allow, fresh
from registry.kit import clock, i18n
from registry.kit.db import get, locked
from registry.kit.errors import Conflict, Invalid, Problem
from registry.kit.http import InTransaction, sentence, status_of
from registry.staff import Office, Staff
from webconsole import rendering
from webconsole.pages import forms
from webconsole.staff_words import COMPARTMENTS, HOLDERS, HOLDERS_MEAN, MEANINGS, ROLES
from webconsole.words import words

router = APIRouter(include_in_schema=False, prefix="/amministrazione")
ADMINISTRATION = [allow(Right.MANAGE_STAFF)]
HOME = "/amministrazione/personale"
OFFICES = "/amministrazione/uffici"
SEE_OTHER = 303
Short = Annotated[str, Field(max_length=120)]
Text = Annotated[str, Form(max_length=120)]


class Written(BaseModel):
    """What somebody wrote in the form of one of the staff."""

    login: Short = ""
    name: Short = ""
    roles: list[Short] = []
    office: Short = ""
    team: Short = ""
    compartments: list[Short] = []

    def facts(self) -> dict[str, Any]:
        if set(self.roles) - set(Role):
            raise Invalid("Choose at least one role", field="roles")
        return {
            "name": self.name.replace("\0", ""),
            "roles": {Role(each) for each in self.roles},
            "office_id": UUID(self.office) if self.office else None,
            "team_id": UUID(self.team) if self.team else None,
            "compartments": {Compartment(each) for each in self.compartments},
        }

    @classmethod
    def of(cls, person: Staff) -> "Written":
        return cls(
            login=person.login,
            name=person.name,
            roles=list(person.roles),
            office=str(person.office_id or ""),
            team=str(person.team_id or ""),
            compartments=list(person.compartments),
        )


@router.get("", dependencies=ADMINISTRATION)
def home() -> Response:
    return RedirectResponse(HOME, SEE_OTHER)


@router.get("/personale", dependencies=ADMINISTRATION)
def list_staff(request: Request, session: InTransaction, me: Me, tutti: bool = False) -> Response:
    found = staff.all_(session, gone=tutti)
    return rendering.page(
        request,
        "administration/staff.html",
        me=me,
        found=found,
        ending=qualifications.ending(session, [each.id for each in found if each.active]),
        today=clock.now().date(),
        qualified=codes.labels(session, CodeList.QUALIFICATION, i18n.language_of(request)),
        everybody=tutti,
        offices={each.id: each.name for each in staff.offices(session)},
        roles=ROLES,
        words=words(i18n.language_of(request)),
    )


@router.get("/personale/nuovo", dependencies=ADMINISTRATION)
def show_new(request: Request, session: InTransaction, me: Me) -> Response:
    return form_of(request, session, me, None, Written())


@router.post("/personale/nuovo", dependencies=ADMINISTRATION)
def take_on(
    request: Request, session: InTransaction, me: Me, written: Annotated[Written, Form()]
) -> Response:
    try:
        with session.begin_nested():
            person, code = administration.take_on(
                session, login=written.login.replace("\0", ""), **written.facts()
            )
    except (Problem, ValueError) as problem:
        return form_of(request, session, me, None, written, problem=problem)
    return form_of(request, session, me, person, Written.of(person), code=code)


@router.get("/personale/{staff_id}", dependencies=ADMINISTRATION)
def show_one(staff_id: UUID, request: Request, session: InTransaction, me: Me) -> Response:
    person = get(session, Staff, staff_id)
    return form_of(request, session, me, person, Written.of(person))


@router.post("/personale/{staff_id}", dependencies=ADMINISTRATION)
def change(
    staff_id: UUID,
    request: Request,
    session: InTransaction,
    me: Me,
    written: Annotated[Written, Form()],
) -> Response:
    person = locked(session, Staff, staff_id)
    try:
        with session.begin_nested():
            administration.change(session, person, me, **written.facts())
    except (Problem, ValueError) as problem:
        return form_of(request, session, me, person, written, problem=problem)
    return form_of(request, session, me, person, Written.of(person), saved=True)


@router.post("/personale/{staff_id}/chiusura", dependencies=ADMINISTRATION)
def let_go(staff_id: UUID, request: Request, session: InTransaction, me: Me) -> Response:
    person = locked(session, Staff, staff_id)
    try:
        with session.begin_nested():
            administration.let_go(session, person, me)
    except Problem as problem:
        return form_of(request, session, me, person, Written.of(person), problem=problem)
    return RedirectResponse(f"{HOME}/{staff_id}", SEE_OTHER)


@router.post("/personale/{staff_id}/rientro", dependencies=ADMINISTRATION)
def let_back(staff_id: UUID, request: Request, session: InTransaction, me: Me) -> Response:
    person = locked(session, Staff, staff_id)
    code = administration.let_back(session, person)
    return form_of(request, session, me, person, Written.of(person), code=code)


@router.post("/personale/{staff_id}/codice", dependencies=ADMINISTRATION)
def invite(staff_id: UUID, request: Request, session: InTransaction, me: Me) -> Response:
    """A code for one use; the answer is the only place that ever shows it."""
    person = locked(session, Staff, staff_id)
    code = invitations.make(session, person)
    return form_of(request, session, me, person, Written.of(person), code=code)


@router.post("/personale/{staff_id}/fattori/fine", dependencies=[*ADMINISTRATION, fresh()])
def forget_factors(staff_id: UUID, request: Request, session: InTransaction, me: Me) -> Response:
    person = locked(session, Staff, staff_id)
    try:
        with session.begin_nested():
            administration.forget_factors(session, person, me)
    except Problem as problem:
        return form_of(request, session, me, person, Written.of(person), problem=problem)
    return RedirectResponse(f"{HOME}/{staff_id}", SEE_OTHER)


@router.post("/personale/{staff_id}/sessioni/fine", dependencies=ADMINISTRATION)
def end_sessions(staff_id: UUID, session: InTransaction) -> Response:
    sessions.end_all(session, staff_id)
    return RedirectResponse(f"{HOME}/{staff_id}", SEE_OTHER)


@router.get("/uffici", dependencies=ADMINISTRATION)
def listoffices_page(request: Request, session: InTransaction, me: Me) -> Response:
    return offices_page(request, session, me)


@router.post("/uffici", dependencies=ADMINISTRATION)
def open_office(
    request: Request,
    session: InTransaction,
    me: Me,
    name: Text = "",
    kind: Text = "",
    holder: Annotated[Holder, Form()] = Holder.BODY,
) -> Response:
    name, kind = name.replace("\0", "").strip(), kind.replace("\0", "").strip()
    if not name:
        problem = Invalid("Write a name", field="name")
        return offices_page(request, session, me, problem=problem, kind=kind)
    staff.office(session, name, kind, holder)
    return RedirectResponse(OFFICES, SEE_OTHER)


@router.post("/uffici/{office_id}", dependencies=ADMINISTRATION)
def give_office(
    office_id: UUID,
    request: Request,
    session: InTransaction,
    me: Me,
    holder: Annotated[Holder, Form()],
) -> Response:
    """Whose it is. Nobody takes the rules of the house away from themselves."""
    office = locked(session, Office, office_id)
    if office.id == me.office_id and holder is not Holder.BODY:
        problem = Conflict("You sit in this office yourself: ask another administrator")
        return offices_page(request, session, me, problem=problem)
    staff.give_office(session, office, holder)
    return RedirectResponse(OFFICES, SEE_OTHER)


def form_of(
    request: Request,
    session: Session,
    me: Me,
    person: Staff | None,
    written: Written,
    *,
    problem: Exception | None = None,
    code: str = "",
    saved: bool = False,
    typed: object = None,
) -> Response:
    """The page of one of the staff, or of somebody new; `code` is shown this once.

    `typed` is what was written in the form of a qualification that could not be recorded.
    """
    said = problem if isinstance(problem, Problem) else Invalid("Some fields cannot be accepted")
    return rendering.page(
        request,
        "administration/one.html",
        me=me,
        status=status_of(said) if problem else 200,
        person=person,
        written=written,
        code=code,
        saved=saved,
        error=sentence(request, said) if problem else "",
        wrong=said.field if problem else "",
        offices=staff.offices(session),
        teams=teams.active(session),
        roles=ROLES,
        meanings=MEANINGS,
        compartments=COMPARTMENTS,
        learnt=qualifications.of(session, person.id) if person else [],
        qualified=codes.labels(session, CodeList.QUALIFICATION, i18n.language_of(request)),
        typed=typed,
        kinds=forms.choices(session, request, CodeList.QUALIFICATION),
        today=clock.now().date(),
        ways=factors.ways(session, person.id) if person else frozenset(),
        open_sessions=sessions.open_of(session, person.id) if person else [],
        programs=tokens.of(session, person.id) if person else [],
        words=words(i18n.language_of(request)),
    )


def offices_page(
    request: Request, session: Session, me: Me, *, problem: Problem | None = None, kind: str = ""
) -> Response:
    people = staff.all_(session)
    offices = staff.offices(session)
    return rendering.page(
        request,
        "administration/offices.html",
        me=me,
        status=status_of(problem) if problem else 200,
        error=sentence(request, problem) if problem else "",
        kind=kind,
        found=offices,
        holders=HOLDERS,
        holders_mean=HOLDERS_MEAN,
        words=words(i18n.language_of(request)),
        seated={
            each.id: sum(1 for person in people if person.office_id == each.id) for each in offices
        },
    )
