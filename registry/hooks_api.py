"""JSON of webhooks: subscriptions, what was told, what has to be sent again."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, status
from pydantic import BaseModel, Field

from registry import hook_deliveries, hooks
from registry.access import Right
from registry.door import Me, allow
from registry.hook_deliveries import Delivery, DeliveryState
from registry.hooks import OFFERED, Hook
from registry.kit.db import get, locked
from registry.kit.errors import NotFound
from registry.kit.http import InTransaction
from registry.people_api import Out

router = APIRouter(tags=["webhooks"], prefix="/webhooks")
MANAGE = [allow(Right.MANAGE_WEBHOOKS)]
Kind = Annotated[str, Field(max_length=60)]


class HookIn(BaseModel):
    """`kinds` are among those of GET /api/v1/webhooks/kinds."""

    name: Annotated[str, Field(min_length=1, max_length=120)]
    url: Annotated[str, Field(min_length=1, max_length=2000)]
    kinds: Annotated[list[Kind], Field(min_length=1, max_length=60)]


class HookChange(HookIn):
    active: bool = True


class HookOut(Out):
    id: UUID
    name: str
    url: str
    kinds: list[str]
    active: bool
    added_at: datetime
    renewed_at: datetime


class HookMade(HookOut):
    """The secret is told once, here."""

    secret: str


class DeliveryOut(Out):
    id: UUID
    kind: str
    body: dict[str, Any]
    state: DeliveryState
    attempts: int
    made_at: datetime
    ended_at: datetime | None
    status: int | None
    error: str | None


@router.get("/kinds", dependencies=MANAGE)
def list_kinds() -> dict[str, list[str]]:
    """What a webhook can be told of."""
    return {"items": list(OFFERED)}


@router.get("", dependencies=MANAGE)
def list_hooks(session: InTransaction) -> dict[str, list[HookOut]]:
    return {"items": [HookOut.model_validate(each) for each in hooks.all_(session)]}


@router.post("", dependencies=MANAGE, response_model=HookMade, status_code=status.HTTP_201_CREATED)
def add_hook(new: HookIn, session: InTransaction, me: Me) -> Hook:
    """From now on; events hold ids only, and the asker reads the rest with a token."""
    return hooks.add(session, me, **new.model_dump())


@router.put("/{hook_id}", dependencies=MANAGE, response_model=HookOut)
def change_hook(hook_id: UUID, told: HookChange, session: InTransaction) -> Hook:
    hook = locked(session, Hook, hook_id)
    hooks.change(session, hook, **told.model_dump())
    return hook


@router.post("/{hook_id}/secret", dependencies=MANAGE, response_model=HookMade)
def renew_secret(hook_id: UUID, session: InTransaction) -> Hook:
    """A new one, told once; the old one signs beside it for a day."""
    hook = locked(session, Hook, hook_id)
    hooks.renew(session, hook)
    return hook


@router.get("/{hook_id}/deliveries", dependencies=MANAGE)
def list_deliveries(
    hook_id: UUID,
    session: InTransaction,
    state: DeliveryState | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> dict[str, list[DeliveryOut]]:
    """Newest first; `state=dead` are those that nobody took."""
    get(session, Hook, hook_id)
    found = hook_deliveries.latest(session, hook_id, state=state, limit=limit)
    return {"items": [DeliveryOut.model_validate(each) for each in found]}


@router.post(
    "/{hook_id}/deliveries/{delivery_id}/again", dependencies=MANAGE, response_model=DeliveryOut
)
def send_again(hook_id: UUID, delivery_id: UUID, session: InTransaction) -> Delivery:
    """With the same id, so that the other side sees that it is the same fact."""
    if get(session, Delivery, delivery_id).hook_id != hook_id:
        raise NotFound("There is no such %(thing)s", thing="delivery")
    return hook_deliveries.send_again(session, delivery_id)
