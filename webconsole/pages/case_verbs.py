"""What is done with a case on its page: notes, stage, end, who follows it, groups, legal hold."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request
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


@dataclass(frozen=True, kw_only=True)
class OnCase:
    """Somebody at the page of a case, about to do something with it."""

    request: Request
    session: Session
    me: Actor
    case_id: UUID
    version: str

    def do(self, work: Callable[[Case], object], **typed: Any) -> Response:
        """Do it with the case held; what is refused comes back with all that was typed."""
        session, me = self.session, self.me
        case = cases.read(session, self.case_id, me)
        try:
            with session.begin_nested():
                case = cases.held(session, self.case_id, me)
                versions.check(self.version or None, case.version)
                work(case)
        except (NotAllowed, NotFound):
            raise
        except Problem as problem:
            session.refresh(case)
            wrong, status = forms.trouble(self.request, problem), status_of(problem)
            return shown.record(
                self.request, session, me, case, typed=typed, trouble=wrong, status=status
            )
        return RedirectResponse(f"/casi/{self.case_id}", SEE_OTHER)


def _on_case(
    case_id: UUID, request: Request, session: InTransaction, me: Me, version: Short = ""
) -> OnCase:
    return OnCase(request=request, session=session, me=me, case_id=case_id, version=version)


# The case of the address, and the version that the form was written on.
Here = Annotated[OnCase, Depends(_on_case)]


@router.post("/note", dependencies=WRITE)
def write_note(
    on: Here, text: Text = "", circle: Short = "", role: Short = "", compartment: Short = ""
) -> Response:
    def work(case: Case) -> None:
        chosen = readers(circle, role, compartment)
        case_notes.write(on.session, case, on.me, text=text, **chosen)

    return on.do(work, form="note", text=text, circle=circle, role=role)


@router.post("/fase", dependencies=WRITE)
def set_stage(on: Here, stage: Short = "", reason: Text = "") -> Response:
    why = forms.whole(reason)
    return on.do(
        lambda case: cases.set_stage(on.session, case, stage, reason=why),
        form="stage",
        reason=reason,
    )


@router.post("/sospensione", dependencies=WRITE)
def suspend(on: Here, reason: Text = "") -> Response:
    why = forms.whole(reason)
    return on.do(
        lambda case: cases.suspend(on.session, case, reason=why), form="suspend", reason=reason
    )


@router.post("/chiusura", dependencies=WRITE)
def close(on: Here, outcome: Short = "", reason: Text = "") -> Response:
    def work(case: Case) -> None:
        if not outcome:
            raise Invalid("Choose how it ended", field="case_outcome")
        cases.close(on.session, case, reason=forms.whole(reason), outcome=outcome)

    return on.do(work, form="close", reason=reason)


@router.post("/riapertura", dependencies=WRITE)
def reopen(on: Here, reason: Text = "") -> Response:
    why = forms.whole(reason)
    return on.do(
        lambda case: cases.reopen(on.session, case, reason=why), form="reopen", reason=reason
    )


@router.post("/gruppi", dependencies=WRITE)
def set_targets(
    on: Here,
    targets: Many = [],  # noqa: B006 - FastAPI copies it
) -> Response:
    return on.do(lambda case: case_targets.set_(on.session, case, on.me, targets), form="targets")


@router.post("/assegnazione", dependencies=WRITE)
def assign(
    on: Here,
    part: Annotated[Part, Form()] = Part.MANAGER,
    staff_id: Short = "",
    note: Text = "",
) -> Response:
    """Nobody chosen as deputy: the case manager goes on alone."""

    def work(case: Case) -> None:
        chosen, words = forms.id_or_none(staff_id), forms.whole(note)
        if chosen is not None:
            case_managers.assign(on.session, case, on.me, chosen, part=part, note=words)
        elif part is Part.DEPUTY:
            case_managers.dismiss_deputy(on.session, case, on.me)
        else:
            raise Invalid("Choose a colleague", field="staff_id")

    return on.do(work, form=part.value, note=note)


@router.post("/vincolo", dependencies=[allow(Right.COORDINATE)])
def hold(on: Here, reason: Text = "") -> Response:
    why = forms.whole(reason)
    return on.do(
        lambda case: case_holds.hold(on.session, case, on.me, reason=why),
        form="hold",
        reason=reason,
    )


@router.post("/vincolo/fine", dependencies=[allow(Right.COORDINATE)])
def release(on: Here) -> Response:
    return on.do(lambda case: case_holds.release(on.session, case, on.me), form="hold")
