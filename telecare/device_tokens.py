"""A device token: with it an app or a webhook proves whose signals it sends."""

import hashlib
import hmac
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import journal
from registry.kit import clock, crypto
from registry.kit.db import Base, Id
from registry.kit.errors import NotSignedIn, WrongState
from registry.staff import Staff
from telecare.devices import JSON, SELF_TEST, Device, Known

PREFIX = "cdt_"
SELF_TEST_KEY = "self-test.key"


@dataclass(frozen=True, kw_only=True)
class DeviceTokenIssued(journal.Event):
    device_id: UUID
    token_id: UUID
    staff_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class DeviceTokenRevoked(journal.Event):
    device_id: UUID
    token_id: UUID
    staff_id: UUID | None


class DeviceToken(Base):
    """Only the digest is kept: a token is shown once, when it is issued."""

    __tablename__ = "device_tokens"

    id: Mapped[Id]
    digest: Mapped[str] = mapped_column(unique=True)
    device_id: Mapped[UUID] = mapped_column(ForeignKey(Device.id), index=True)
    label: Mapped[str] = mapped_column(default="")
    issued_at: Mapped[datetime] = mapped_column(default=clock.now)
    issued_by: Mapped[UUID | None] = mapped_column(ForeignKey(Staff.id))
    revoked_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class Sender:
    """Who shows a token: the account, and what a receiver keeps of the unit."""

    account: str
    token_id: UUID | None
    known: Known | None


def issue(
    session: Session, device: Device, *, label: str = "", staff_id: UUID | None = None
) -> tuple[DeviceToken, str]:
    """A new token for this unit, and its secret: show it now, it cannot be read again."""
    if device.protocol != JSON:
        raise WrongState("Only a device of the protocol json has tokens")
    secret = PREFIX + secrets.token_urlsafe(32)
    token = DeviceToken(
        digest=_digest(secret), device_id=device.id, label=label, issued_by=staff_id
    )
    session.add(token)
    session.flush()
    journal.record(
        session, DeviceTokenIssued(device_id=device.id, token_id=token.id, staff_id=staff_id)
    )
    return token, secret


def revoke(session: Session, token: DeviceToken, *, staff_id: UUID | None = None) -> None:
    """From now on it opens nothing; sockets that it opened are closed within seconds."""
    if token.revoked_at is not None:
        return
    token.revoked_at = clock.now()
    journal.record(
        session,
        DeviceTokenRevoked(device_id=token.device_id, token_id=token.id, staff_id=staff_id),
    )


def of_device(session: Session, device_id: UUID) -> list[DeviceToken]:
    """Newest first, revoked ones too."""
    wanted = select(DeviceToken).where(DeviceToken.device_id == device_id)
    return list(session.scalars(wanted.order_by(DeviceToken.id.desc())))


def check(session: Session, secret: str) -> Sender:
    """Whose token this is, or NotSignedIn; why it is not good is nobody's business."""
    row = session.execute(
        select(DeviceToken.id, Device.account, Device.id, Device.heartbeat_s, Device.person_id)
        .join(Device, Device.id == DeviceToken.device_id)
        .where(DeviceToken.digest == _digest(secret), DeviceToken.revoked_at.is_(None))
    ).first()
    if row is not None:
        token_id, account, device_id, heartbeat_s, person_id = row
        return Sender(account, token_id, Known(device_id, None, heartbeat_s, person_id))
    if hmac.compare_digest(_digest(secret), _digest(self_test_secret())):
        return Sender(SELF_TEST[JSON], None, None)
    raise NotSignedIn("This token is not known, or was revoked")


def still_good(session: Session, ids: Collection[UUID]) -> set[UUID]:
    """Which of these tokens have not been revoked."""
    wanted = select(DeviceToken.id).where(DeviceToken.id.in_(ids), DeviceToken.revoked_at.is_(None))
    return set(session.scalars(wanted))


def self_test_secret() -> str:
    """The token of our own self-test: a key beside the database, the same in every process."""
    key = crypto.key_file(SELF_TEST_KEY)
    return PREFIX + hmac.new(key, b"self-test", hashlib.sha256).hexdigest()


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
