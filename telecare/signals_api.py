"""JSON of what arrived: each frame as received, what it said, and what became of it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict
from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from registry import access
from registry.access import Actor, Right
from registry.door import Me, allow
from registry.kit.http import InTransaction
from registry.people import Person
from telecare import signals
from telecare.devices import Device
from telecare.protocols.base import Kind, Verdict
from telecare.signals import Signal

router = APIRouter(tags=["telecare"])

READ = [allow(Right.ANSWER_ALARMS, Right.READ_SIGNALS)]
Page = Annotated[int, Query(ge=1, le=200)]
Account = Annotated[str, Query(max_length=40)]
Word = Annotated[str, Query(max_length=40)]

# Blocks that say where somebody is, or in free words how they are.
PERSONAL = frozenset(
    {"x", "y", "z", "i", "lge", "ite", "latitude", "longitude", "text", "position"}
)
VEIL = "…"


class SignalOut(BaseModel):
    """A frame as received: `raw` is its bytes as text, with what cannot be printed escaped.

    `veiled`: it says something of a person of whom the asker may not know, and that is left out.
    """

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    arrived_at: datetime
    protocol: str
    path: str
    peer: str
    raw: str
    verdict: Verdict
    reason: str
    account: str
    sequence: str
    encrypted: bool
    device_id: UUID | None
    kind: str
    became: str
    decoded: dict[str, Any]
    repeats: int
    repeated_at: datetime | None
    veiled: bool = False


class SignalsOut(BaseModel):
    items: list[SignalOut]
    next: UUID | None


@router.get("/signals", dependencies=READ)
def list_signals(
    session: InTransaction,
    me: Me,
    account: Account | None = None,
    protocol: Word | None = None,
    unknown: bool = False,
    verdict: Verdict | None = None,
    kind: Kind | None = None,
    became: Word | None = None,
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
    before: UUID | None = None,
    limit: Page = 50,
) -> SignalsOut:
    """Every frame as received, newest first; `before` is what the page before gave as `next`.

    `unknown` keeps those of accounts we do not know; `became` is alarm, fault, fault_over,
    called_off, kept or refused, and a repeat is a number on the frame that came first.
    """
    found = signals.listed(
        session,
        account=account,
        protocol=protocol,
        unknown=unknown,
        verdict=verdict,
        kind=kind,
        became=became,
        since=since,
        until=until,
        before=before,
        limit=limit,
    )
    following = found[-1].id if len(found) == limit else None
    return SignalsOut(items=shown(session, found, me), next=following)


def shown(session: Session, found: Sequence[Signal], me: Actor) -> list[SignalOut]:
    """As far as the asker may know of the people behind them."""
    hidden = _hidden(session, {(each.protocol, each.account) for each in found}, me)
    sees_people = access.can(me, Right.READ_PEOPLE)
    items = []
    for each in found:
        item = _as_text(each)
        if (each.protocol, each.account) in hidden or (_personal(item) and not sees_people):
            item = _veil(item)
        items.append(item)
    return items


def is_hidden(session: Session, device: Device, me: Actor) -> bool:
    """Whether it stands in the home of somebody of whom the asker may not know."""
    unit = device.protocol, device.account
    return unit in _hidden(session, {unit}, me)


def _hidden(session: Session, units: set[tuple[str, str]], me: Actor) -> set[tuple[str, str]]:
    """Units in the homes of people of whom the asker may not know."""
    at_home = (
        select(Device.protocol, Device.account)
        .join(Person, Person.id == Device.person_id)
        .where(tuple_(Device.protocol, Device.account).in_(list(units)))
    )
    open_ = access.visible(at_home, Person.restricted, me)
    everyone = {(protocol, account) for protocol, account in session.execute(at_home)}
    return everyone - {(protocol, account) for protocol, account in session.execute(open_)}


def _as_text(signal: Signal) -> SignalOut:
    printable = signal.raw.decode("latin-1").encode("unicode_escape").decode("ascii")
    facts = {column.name: getattr(signal, column.name) for column in Signal.__table__.columns}
    return SignalOut.model_validate(facts | {"raw": printable})


def _personal(item: SignalOut) -> bool:
    """Whether it says where somebody is, or how they are in words of their own."""
    names = (name.lower().partition(".")[0] for name, _ in item.decoded.get("extras", ()))
    words = (each.get("text") for each in _reports(item.decoded))
    return any(name in PERSONAL for name in names) or any(words) or '"position"' in item.raw


def _veil(item: SignalOut) -> SignalOut:
    """What became of it stays; what it said of somebody is left out."""
    decoded: dict[str, Any] = item.decoded
    kept: dict[str, Any] = {
        name: decoded[name] for name in ("token", "receiver", "line", "sent_at") if name in decoded
    }
    kept["extras"] = [[name, VEIL] for name, _ in decoded.get("extras", ())]
    kept["reports"] = [
        {name: each[name] for name in ("kind", "phase", "code") if name in each}
        for each in _reports(decoded)
    ]
    return item.model_copy(update={"raw": "", "decoded": kept, "veiled": True})


def _reports(decoded: dict[str, Any]) -> Iterable[dict[str, Any]]:
    reports: list[dict[str, Any]] = decoded.get("reports", [])
    return reports
