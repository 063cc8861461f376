"""Access points for the coordinator: where people ask, when somebody is there, whom they serve."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from registry import access_points, versions
from registry.access import Actor, Right
from registry.access_points import AccessPoint, PointKind
from registry.door import Me, allow
from registry.kit import i18n
from registry.kit.db import get
from registry.kit.errors import Invalid, Problem
from registry.kit.http import InTransaction
from webconsole import desk_words
from webconsole.pages import forms
from webconsole.words import words

router = APIRouter(include_in_schema=False, prefix="/amministrazione/punti")
KEEPS = [allow(Right.COORDINATE)]
SEE_OTHER = 303
HERE = "/amministrazione/punti"
Short = Annotated[str, Form(max_length=300)]
Long = Annotated[str, Form(max_length=4000)]
BLANK = {"name": "", "kind": "desk", "address": "", "phone": "", "hours": "", "areas": ""}


@router.get("", dependencies=KEEPS)
def list_points(request: Request, session: InTransaction, me: Me) -> Response:
    return _list(request, session, me, BLANK)


def _list(
    request: Request,
    session: Session,
    me: Actor,
    typed: dict[str, Any],
    problem: Problem | None = None,
) -> Response:
    found = access_points.all_(session)
    return forms.page(
        request,
        "administration/points.html",
        me=me,
        problem=problem,
        found=found,
        open_now={each.id: access_points.open_now(each) for each in found if each.active},
        typed=typed,
        **_common(request),
    )


def _common(request: Request) -> dict[str, Any]:
    return {"kinds": desk_words.POINT_KINDS, "words": words(i18n.language_of(request))}


@router.get("/{point_id}", dependencies=KEEPS)
def show(point_id: UUID, request: Request, session: InTransaction, me: Me) -> Response:
    return _one(request, me, get(session, AccessPoint, point_id))


def _one(
    request: Request,
    me: Actor,
    point: AccessPoint,
    typed: dict[str, Any] | None = None,
    problem: Problem | None = None,
) -> Response:
    kept = {name: getattr(point, name) for name in (*BLANK, "active", "version")}
    kept["areas"] = "\n".join(point.areas)
    return forms.page(
        request,
        "administration/point.html",
        me=me,
        problem=problem,
        point=point,
        typed=kept | (typed or {}),
        **_common(request),
    )


@router.post("", dependencies=KEEPS)
@router.post("/{point_id}", dependencies=KEEPS)
def save(
    request: Request,
    session: InTransaction,
    me: Me,
    point_id: UUID | None = None,
    name: Short = "",
    kind: Short = "",
    address: Short = "",
    phone: Short = "",
    hours: Short = "",
    areas: Long = "",
    active: Short = "",
    version: Short = "",
) -> Response:
    """The second of two is told, with all they typed and the version they can now decide on."""
    typed = {"name": name, "kind": kind, "address": address, "phone": phone, "hours": hours}
    point = access_points.held(session, point_id) if point_id else None
    try:
        facts: dict[str, Any] = {field: forms.whole(said) for field, said in typed.items()}
        facts |= {"kind": _kind(kind), "areas": forms.whole(areas).splitlines()}
        with session.begin_nested():
            if point is None:
                access_points.add(session, **facts)
            else:
                versions.check(version, point.version)
                access_points.change(session, point, active=bool(active), **facts)
    except Problem as problem:
        typed |= {"areas": areas}
        if point is None:
            return _list(request, session, me, typed, problem)
        session.refresh(point)
        return _one(request, me, point, typed | {"active": bool(active)}, problem)
    return RedirectResponse(HERE, SEE_OTHER)


def _kind(said: str) -> PointKind:
    try:
        return PointKind(said)
    except ValueError:
        raise Invalid("Choose one of the list", field="kind") from None
