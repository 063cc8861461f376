"""A webhook: a program elsewhere that is told when something happens here, by ids and no more."""

import base64
import binascii
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import hook_guard, journal
from registry.access import Actor
from registry.kit import clock
from registry.kit.db import Base, Id
from registry.kit.errors import Invalid
from registry.kit.sealed import Sealed

# Facts that a partner's program may be told of; names and words never leave with them.
OFFERED = (
    "registry.request_received",
    "registry.request_triaged",
    "registry.request_answered",
    "registry.request_withdrawn",
    "registry.case_opened",
    "registry.case_stage_changed",
    "registry.case_suspended",
    "registry.case_closed",
    "registry.case_reopened",
    "registry.case_assigned",
    "registry.referral_moved",
    "registry.referral_overdue",
    "registry.booking_made",
    "registry.booking_moved_up",
    "registry.booking_ended",
    "registry.service_added",
    "registry.service_changed",
    "callcenter.call_closed",
    "telecare.alarm_raised",
    "telecare.alarm_closed",
    "dispatch.intervention_requested",
    "dispatch.intervention_closed",
)
SECRET = "whsec_"  # noqa: S105 - the beginning that Standard Webhooks gives to every secret
SECRET_BYTES = 32
# For so long the old secret signs, too, so that the other side can change in its own time.
OVERLAP = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class HookAdded(journal.Event):
    hook_id: UUID


@dataclass(frozen=True, kw_only=True)
class HookChanged(journal.Event):
    hook_id: UUID
    active: bool


class Hook(Base):
    """Where to, for which kinds of facts; `xid` and `entry_id` are how far it has read."""

    __tablename__ = "hooks"

    id: Mapped[Id]
    name: Mapped[str]
    url: Mapped[str]
    kinds: Mapped[list[str]]
    active: Mapped[bool] = mapped_column(default=True)
    sealed_secret: Mapped[bytes] = mapped_column("secret", Sealed("hooks.secret", house=True))
    sealed_former: Mapped[bytes | None] = mapped_column(
        "former", Sealed("hooks.former", house=True)
    )
    renewed_at: Mapped[datetime] = mapped_column(default=clock.now)
    added_at: Mapped[datetime] = mapped_column(default=clock.now)
    added_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))
    xid: Mapped[int] = mapped_column(BigInteger)
    entry_id: Mapped[int] = mapped_column(BigInteger)

    @property
    def secret(self) -> str:
        return self.sealed_secret.decode()

    @property
    def keys(self) -> list[bytes]:
        """What signs now, the newest first."""
        found = [key_of(self.secret)]
        if self.sealed_former is not None and clock.now() - self.renewed_at < OVERLAP:
            found.append(key_of(self.sealed_former.decode()))
        return found


def new_secret() -> str:
    return SECRET + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def key_of(secret: str) -> bytes:
    """The bytes of a secret as it is written; Invalid when it is none."""
    try:
        return base64.b64decode(secret.removeprefix(SECRET), validate=True)
    except binascii.Error:
        raise Invalid("This is no secret of a webhook") from None


def add(session: Session, actor: Actor, *, name: str, url: str, kinds: Iterable[str]) -> Hook:
    """It hears of what happens from now on. Raises Invalid, Forbidden for an address inside."""
    start = journal.head(session)
    made = Hook(
        name=_named(name),
        url=_reachable(url),
        kinds=_kinds(kinds),
        sealed_secret=new_secret().encode(),
        added_by=actor.staff_id,
        xid=start.xid,
        entry_id=start.id,
    )
    session.add(made)
    session.flush()
    journal.record(session, HookAdded(hook_id=made.id))
    return made


def change(
    session: Session, hook: Hook, *, name: str, url: str, kinds: Iterable[str], active: bool
) -> None:
    """One that rested goes on from now: what happened meanwhile is not told."""
    hook.name, hook.url, hook.kinds = _named(name), _reachable(url), _kinds(kinds)
    if active and not hook.active:
        hook.xid, hook.entry_id = journal.head(session)
    hook.active = active
    session.flush()
    journal.record(session, HookChanged(hook_id=hook.id, active=active))


def renew(session: Session, hook: Hook) -> None:
    """A new secret; the one until now signs beside it for a day."""
    hook.sealed_former, hook.sealed_secret = hook.sealed_secret, new_secret().encode()
    hook.renewed_at = clock.now()
    session.flush()
    journal.record(session, HookChanged(hook_id=hook.id, active=hook.active))


def _named(name: str) -> str:
    if not name.strip():
        raise Invalid("Write a name", field="name")
    return name.strip()


def _reachable(url: str) -> str:
    hook_guard.goal(url.strip())
    return url.strip()


def _kinds(kinds: Iterable[str]) -> list[str]:
    chosen = sorted(set(kinds))
    if not chosen or set(chosen) - set(OFFERED):
        raise Invalid("Choose what it is told of", field="kinds")
    return chosen


def all_(session: Session) -> list[Hook]:
    """In the order of their names."""
    return list(session.scalars(select(Hook).order_by(Hook.name, Hook.id)))
