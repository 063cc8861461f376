"""What is done with a case on its page: notes, stage, end, who follows it, groups, legal hold."""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from registry import case_holds, case_managers, case_notes, case_targets, cases, versions
from registry.access import Actor, Compartment, Right, Role
from registry.case_managers import Part
from registry.cases import Case
from registry.circles import Circle
from registry.door import Me, allow
from registry.kit.errors import Invalid, NotAllowed, NotFound, Problem
from registry.kit.http import InTransaction, status_of
from webconsole.pages import cases as shown
from webconsole.pages import forms

router = APIRouter(include_in_schema=False, prefix="/casi/{case_id}")
WRITE = [allow(Right.WRITE_CASES)]
SEE_OTHER = 303
Text = Annotated[str, Form(max_length=case_notes.LONGEST)]
Short = Annotated[str, Form(max_length=80)]
Many = Annotated[list[str], Form(max_length=40)]


def readers(circle: str, role: str, part: str) -> dict[str, Any]:
    """Who reads it, as a form says it: the role counts for its own circle only."""
    try:
        chosen = Circle(circle or Circle.EVERYONE)
        return {
            "circle": chosen,
            "role": Role(role) if chosen is Circle.ROLE and role else None,
            "compartment": Compartment(part) if part else None,
        }
    except ValueError:
        raise Invalid("A value cannot be stored as it was written") from None


def done(
    request: Request,
    session: Session,
    me: Actor,
    case_id: UUID,
    work: Callable[[Case], object],
    *,
    version: str = "",
    **typed: Any,
) -> Response:
    """Do it with the case held; what is refused comes back with all that was typed."""
    case = cases.read(session, case_id, me)
    try:
        with session.begin_nested():
            case = cases.held(session, case_id, me)
            versions.check(version or None, case.version)
            work(case)
    except (NotAllowed, NotFound):
        raise
    except Problem as problem:
        session.refresh(case)
        trouble = forms.trouble(request, problem)
        return shown.record(
            request, session, me, case, typed=typed, trouble=trouble, status=status_of(problem)
        )
    return RedirectResponse(f"/casi/{case_id}", SEE_OTHER)


@router.post("/note", dependencies=WRITE)
def write_note(
    case_id: UUID,
    request: Request,
    session: InTransaction,
    me: Me,
    text: Text = "",
    circle: Short = "",
    role: Short = "",
    compartment: Short = "",
) -> Response:
    def work(case: Case) -> None:
        case_notes.write(session, case, me, text=text, **readers(circle, role, compartment))

    typed = {"text": text, "circle": circle, "role": role, "form": "note"}
    return done(request, session, me, case_id, work, **typed)


@router.post("/fase", dependencies=WRITE)
def set_stage(
    case_id: UUID,
    request: Request,
    session: InTransaction,
    me: Me,
    stage: Short = "",
    reason: Text = "",
    version: Short = "",
) -> Response:
    def work(case: Case) -> None:
        cases.set_stage(session, case, stage, reason=forms.whole(reason))

    typed = {"version": version, "reason": reason, "form": "stage"}
    return done(request, session, me, case_id, work, **typed)


@router.post("/sospensione", dependencies=WRITE)
def suspend(
    case_id: UUID,
    request: Request,
    session: InTransaction,
    me: Me,
    reason: Text = "",
    version: Short = "",
) -> Response:
    def work(case: Case) -> None:
        cases.suspend(session, case, reason=forms.whole(reason))

    typed = {"version": version, "reason": reason, "form": "suspend"}
    return done(request, session, me, case_id, work, **typed)


@router.post("/chiusura", dependencies=WRITE)
def close(
    case_id: UUID,
    request: Request,
    session: InTransaction,
    me: Me,
    outcome: Short = "",
    reason: Text = "",
    version: Short = "",
) -> Response:
    def work(case: Case) -> None:
        if not outcome:
            raise Invalid("Choose how it ended", field="case_outcome")
        cases.close(session, case, reason=forms.whole(reason), outcome=outcome)

    typed = {"version": version, "reason": reason, "form": "close"}
    return done(request, session, me, case_id, work, **typed)


@router.post("/riapertura", dependencies=WRITE)
def reopen(
    case_id: UUID,
    request: Request,
    session: InTransaction,
    me: Me,
    reason: Text = "",
    version: Short = "",
) -> Response:
    def work(case: Case) -> None:
        cases.reopen(session, case, reason=forms.whole(reason))

    typed = {"version": version, "reason": reason, "form": "reopen"}
    return done(request, session, me, case_id, work, **typed)


@router.post("/gruppi", dependencies=WRITE)
def set_targets(
    case_id: UUID,
    request: Request,
    session: InTransaction,
    me: Me,
    targets: Many = [],  # noqa: B006 - FastAPI copies it
    version: Short = "",
) -> Response:
    def work(case: Case) -> None:
        case_targets.set_(session, case, me, targets)

    return done(request, session, me, case_id, work, version=version, form="targets")


@router.post("/assegnazione", dependencies=WRITE)
def assign(
    case_id: UUID,
    request: Request,
    session: InTransaction,
    me: Me,
    part: Annotated[Part, Form()] = Part.MANAGER,
    staff_id: Short = "",
    note: Text = "",
    version: Short = "",
) -> Response:
    """Nobody chosen as deputy: the case manager goes on alone."""

    def work(case: Case) -> None:
        chosen = forms.id_or_none(staff_id)
        if chosen is not None:
            case_managers.assign(session, case, me, chosen, part=part, note=forms.whole(note))
        elif part is Part.DEPUTY:
            case_managers.dismiss_deputy(session, case, me)
        else:
            raise Invalid("Choose a colleague", field="staff_id")

    typed = {"version": version, "note": note, "form": part.value}
    return done(request, session, me, case_id, work, **typed)


@router.post("/vincolo", dependencies=[allow(Right.COORDINATE)])
def hold(
    case_id: UUID, request: Request, session: InTransaction, me: Me, reason: Text = ""
) -> Response:
    def work(case: Case) -> None:
        case_holds.hold(session, case, me, reason=forms.whole(reason))

    return done(request, session, me, case_id, work, reason=reason, form="hold")


@router.post("/vincolo/fine", dependencies=[allow(Right.COORDINATE)])
def release(case_id: UUID, request: Request, session: InTransaction, me: Me) -> Response:
    def work(case: Case) -> None:
        case_holds.release(session, case, me)

    return done(request, session, me, case_id, work, form="hold")
