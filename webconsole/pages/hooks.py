"""Webhooks for the administrator: who is told of what, what nobody took, and sending it again."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from registry import hook_deliveries, hooks
from registry.access import Actor, Right
from registry.door import Me, allow
from registry.hook_deliveries import Delivery
from registry.hooks import OFFERED, Hook
from registry.kit import i18n
from registry.kit.db import get, locked
from registry.kit.errors import NotFound, Problem
from registry.kit.http import InTransaction, status_of
from registry.kit.settings import settings
from webconsole import rendering
from webconsole.case_words import DELIVERY_STATES
from webconsole.pages import forms
from webconsole.pages.forms import Trouble
from webconsole.words import HAPPENED, words

router = APIRouter(include_in_schema=False, prefix="/amministrazione/webhook")
MANAGE = [allow(Right.MANAGE_WEBHOOKS)]
SEE_OTHER = 303
Short = Annotated[str, Form(max_length=120)]
Long = Annotated[str, Form(max_length=2_000)]
Many = Annotated[list[str], Form(max_length=60)]


@router.get("", dependencies=MANAGE)
def list_hooks(request: Request, session: InTransaction, me: Me) -> Response:
    return _list(request, session, me)


def _list(
    request: Request,
    session: Session,
    me: Actor,
    *,
    typed: dict[str, Any] | None = None,
    trouble: Trouble = forms.NONE,
    status: int = 200,
) -> Response:
    return rendering.page(
        request,
        "administration/hooks.html",
        me=me,
        status=status,
        found=hooks.all_(session),
        offered=OFFERED,
        happened=HAPPENED,
        inside=settings().webhooks_inside,
        typed={"name": "", "url": "", "kinds": []} | (typed or {}),
        trouble=trouble,
        words=words(i18n.language_of(request)),
    )


@router.post("", dependencies=MANAGE)
def add(
    request: Request,
    session: InTransaction,
    me: Me,
    name: Short = "",
    url: Long = "",
    kinds: Many = [],  # noqa: B006 - FastAPI copies it
) -> Response:
    """The secret stands on the page that comes back, and nowhere afterwards."""
    try:
        made = hooks.add(session, me, name=forms.whole(name), url=url, kinds=kinds)
    except Problem as problem:
        typed = {"name": name, "url": url, "kinds": kinds}
        trouble = forms.trouble(request, problem)
        return _list(request, session, me, typed=typed, trouble=trouble, status=status_of(problem))
    return _record(request, session, me, made, secret=made.secret)


@router.get("/{hook_id}", dependencies=MANAGE)
def show(hook_id: UUID, request: Request, session: InTransaction, me: Me) -> Response:
    return _record(request, session, me, get(session, Hook, hook_id))


def _record(
    request: Request,
    session: Session,
    me: Actor,
    hook: Hook,
    *,
    secret: str = "",
    typed: dict[str, Any] | None = None,
    trouble: Trouble = forms.NONE,
    status: int = 200,
) -> Response:
    kept = {"name": hook.name, "url": hook.url, "kinds": hook.kinds, "active": hook.active}
    return rendering.page(
        request,
        "administration/hook.html",
        me=me,
        status=status,
        hook=hook,
        secret=secret,
        deliveries=hook_deliveries.latest(session, hook.id),
        offered=OFFERED,
        happened=HAPPENED,
        states=DELIVERY_STATES,
        typed=kept | (typed or {}),
        trouble=trouble,
        words=words(i18n.language_of(request)),
    )


@router.post("/{hook_id}", dependencies=MANAGE)
def change(
    hook_id: UUID,
    request: Request,
    session: InTransaction,
    me: Me,
    name: Short = "",
    url: Long = "",
    kinds: Many = [],  # noqa: B006 - FastAPI copies it
    active: Short = "",
) -> Response:
    hook = locked(session, Hook, hook_id)
    told: dict[str, Any] = {"name": forms.whole(name), "url": url, "kinds": kinds}
    told["active"] = bool(active)
    try:
        with session.begin_nested():
            hooks.change(session, hook, **told)
    except Problem as problem:
        session.refresh(hook)
        trouble = forms.trouble(request, problem)
        return _record(
            request, session, me, hook, typed=told, trouble=trouble, status=status_of(problem)
        )
    return RedirectResponse(f"/amministrazione/webhook/{hook_id}", SEE_OTHER)


@router.post("/{hook_id}/segreto", dependencies=MANAGE)
def renew(hook_id: UUID, request: Request, session: InTransaction, me: Me) -> Response:
    hook = locked(session, Hook, hook_id)
    hooks.renew(session, hook)
    return _record(request, session, me, hook, secret=hook.secret)


@router.post("/{hook_id}/consegne/{delivery_id}", dependencies=MANAGE)
def send_again(hook_id: UUID, delivery_id: UUID, session: InTransaction) -> Response:
    if get(session, Delivery, delivery_id).hook_id != hook_id:
        raise NotFound("There is no such %(thing)s", thing="delivery")
    hook_deliveries.send_again(session, delivery_id)
    return RedirectResponse(f"/amministrazione/webhook/{hook_id}", SEE_OTHER)
