"""JSON of device tokens: a technician issues and revokes them; a secret is shown once."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, status
from pydantic import BaseModel, ConfigDict, Field

from registry.access import Right
from registry.door import Me, allow
from registry.kit.db import get, locked
from registry.kit.errors import NotFound
from registry.kit.http import InTransaction
from telecare import device_tokens
from telecare.device_tokens import DeviceToken
from telecare.devices import Device

router = APIRouter(tags=["telecare"])
MANAGE = [allow(Right.MANAGE_DEVICES)]


class TokenIn(BaseModel):
    label: Annotated[str, Field(max_length=120)] = ""


class DeviceTokenOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    device_id: UUID
    label: str
    issued_at: datetime
    revoked_at: datetime | None


class IssuedOut(DeviceTokenOut):
    """With the secret, which cannot be read again."""

    token: str


@router.get("/devices/{device_id}/tokens", dependencies=MANAGE)
def list_tokens(device_id: UUID, session: InTransaction) -> dict[str, list[DeviceTokenOut]]:
    """Newest first, revoked ones too; never the secrets."""
    found = device_tokens.of_device(session, get(session, Device, device_id).id)
    return {"items": [DeviceTokenOut.model_validate(each) for each in found]}


@router.post(
    "/devices/{device_id}/tokens", dependencies=MANAGE, status_code=status.HTTP_201_CREATED
)
def issue_token(device_id: UUID, new: TokenIn, session: InTransaction, me: Me) -> IssuedOut:
    """A token for an app or a webhook that sends this device's signals."""
    device = get(session, Device, device_id)
    token, secret = device_tokens.issue(session, device, label=new.label, staff_id=me.staff_id)
    shown = DeviceTokenOut.model_validate(token)
    return IssuedOut(**shown.model_dump(), token=secret)


@router.post("/devices/{device_id}/tokens/{token_id}/revoke", dependencies=MANAGE)
def revoke_token(device_id: UUID, token_id: UUID, session: InTransaction, me: Me) -> DeviceTokenOut:
    """It opens nothing any more; revoking twice is revoking once."""
    token = locked(session, DeviceToken, token_id)
    if token.device_id != device_id:
        raise NotFound("There is no such %(thing)s", thing="devicetoken")
    device_tokens.revoke(session, token, staff_id=me.staff_id)
    return DeviceTokenOut.model_validate(token)
