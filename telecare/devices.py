"""A device: a home unit with its account, its key and whose home it stands in."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import structlog
from cryptography.exceptions import InvalidTag
from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint, select, text, type_coerce
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import journal
from registry.kit import clock
from registry.kit.crypto import unseal
from registry.kit.db import Base, Id, locked
from registry.kit.errors import Invalid
from registry.kit.sealed import Sealed
from registry.people import Person
from registry.places import Address
from telecare.protocols.dc09_crypto import key_from

DC09 = "sia-dc09"
SCAIP = "scaip"
JSON = "json"
LONGEST_ACCOUNT = 16
LONGEST_LABEL = 120
LONGEST_HEARTBEAT = 7 * 24 * 3600  # seconds
LONGEST_TEST = 90 * 24 * 3600  # seconds
# EN 50136 practice: a unit is silent when two of its periods have passed without a sign.
PERIODS_OF_SILENCE = 2
RECEIVER_LINES = "receiver-lines"
SOS_ACCESS = "sos-access"
BS8521 = "bs8521"
PROTOCOLS = {DC09, SCAIP, JSON, RECEIVER_LINES, SOS_ACCESS, BS8521}
# Their key is a password, as it is written, and what it is called in a table.
PASSWORDS = {SCAIP: "digest", BS8521: "digest", SOS_ACCESS: "password"}
# The accounts under which we test our own doors: no unit has them, and no figure counts them.
SELF_TEST = {
    DC09: "5E1F7E57",
    SCAIP: "5317357531735700",
    JSON: "SELFTEST",
    RECEIVER_LINES: "5E1F7E",
    SOS_ACCESS: "SELFTEST",
    BS8521: "531735753173",
}
AES = {16: "AES-128", 24: "AES-192", 32: "AES-256"}

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class DeviceAdded(journal.Event):
    device_id: UUID


@dataclass(frozen=True, kw_only=True)
class DeviceChanged(journal.Event):
    device_id: UUID
    what: str


class Device(Base):
    """A home unit. `key` is readable only with the installation's own key file."""

    __tablename__ = "devices"
    __table_args__ = (
        UniqueConstraint("protocol", "account"),
        Index("ix_devices_silent", "silent_at", postgresql_where=text("silent_at IS NOT NULL")),
        Index("ix_devices_test", "test_due_at", postgresql_where=text("test_due_at IS NOT NULL")),
        Index("ix_devices_carrier", "carrier", postgresql_where=text("carrier <> ''")),
        Index("ix_devices_area", "area", postgresql_where=text("area <> ''")),
    )

    id: Mapped[Id]
    protocol: Mapped[str] = mapped_column(default=DC09)
    account: Mapped[str]
    key: Mapped[bytes | None] = mapped_column(Sealed("devices.key", house=True))
    # Seconds between two signs of life; 0: the unit is not expected to give any.
    heartbeat_s: Mapped[int] = mapped_column(default=0)
    label: Mapped[str] = mapped_column(default="")
    # Where it stands and who carries its signals: what is down together is told as one.
    area: Mapped[str] = mapped_column(default="", server_default="")
    carrier: Mapped[str] = mapped_column(default="", server_default="")
    # Seconds between two tests that the unit makes by itself or somebody makes; 0: none expected.
    test_every_s: Mapped[int] = mapped_column(default=0, server_default="0")
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey(Person.id), index=True)
    address_id: Mapped[UUID | None] = mapped_column(ForeignKey(Address.id))
    # Receivers read what changed since they last looked.
    changed_at: Mapped[datetime] = mapped_column(default=clock.now, index=True)
    last_seen_at: Mapped[datetime | None]
    # When the unit counts as silent unless it gives a sign before; moved by every sign.
    silent_at: Mapped[datetime | None]
    # Since when it counts as silent; None: it is heard.
    silent_since: Mapped[datetime | None]
    # When somebody looks whether the test has come.
    test_due_at: Mapped[datetime | None]

    @property
    def cipher(self) -> str:
        """How its frames are protected, in words for a table."""
        if self.protocol in PASSWORDS:
            return PASSWORDS[self.protocol] if self.key else ""
        return AES.get(len(self.key or b""), "")


class Row(NamedTuple):
    """One good line of a file of devices."""

    account: str
    protocol: str
    key: bytes | None
    heartbeat_s: int
    label: str
    # None: the file says nothing of it.
    area: str | None
    carrier: str | None
    test_every_s: int | None


def add(
    session: Session,
    *,
    account: str,
    protocol: str = DC09,
    key: str = "",
    heartbeat_s: int = 0,
    label: str = "",
    area: str = "",
    carrier: str = "",
    test_every_s: int = 0,
    person_id: UUID | None = None,
    address_id: UUID | None = None,
) -> Device:
    """A new unit. Raises Invalid, naming the field."""
    row = row_of(
        {
            "account": account,
            "protocol": protocol,
            "key": key,
            "heartbeat_s": str(heartbeat_s),
            "label": label,
            "area": area,
            "carrier": carrier,
            "test_every_s": str(test_every_s),
        }
    )
    device = new(row)
    device.person_id, device.address_id = person_id, address_id
    session.add(device)
    session.flush()
    journal.record(session, DeviceAdded(device_id=device.id, person_id=person_id))
    return device


def care(session: Session, device: Device, **wanted: str | int) -> None:
    """Set `key`, `heartbeat_s`, `test_every_s`, `label`, `area` or `carrier`. Raises Invalid."""
    now, what = clock.now(), sorted(wanted)
    if "key" in wanted:
        device.key = _key(device.protocol, str(wanted.pop("key")).strip())
    for name, value in wanted.items():
        setattr(device, name, value.strip() if isinstance(value, str) else value)
    if "heartbeat_s" in wanted:
        device.silent_at = silent_at(device.heartbeat_s, now)
    if "test_every_s" in wanted:
        device.test_due_at = test_due_at(device.test_every_s, now)
    changed(session, device, ",".join(what))


def changed(session: Session, device: Device, what: str) -> None:
    """Let the receivers read the unit again, and write it down."""
    device.changed_at = clock.now()
    journal.record(
        session, DeviceChanged(device_id=device.id, what=what, person_id=device.person_id)
    )


def take_password(session: Session, device_id: UUID, password: bytes) -> None:
    """The unit has used a password that we gave it: the one before is of no use any more."""
    device = locked(session, Device, device_id)
    if device.key != password:
        device.key = password
        changed(session, device, "key")


def by_account(session: Session, account: str, protocol: str = DC09) -> Device | None:
    return session.scalar(
        select(Device).where(Device.protocol == protocol, Device.account == account)
    )


def of_person(session: Session, person_id: UUID) -> list[Device]:
    return list(session.scalars(select(Device).where(Device.person_id == person_id)))


def listed(
    session: Session, *, account: str | None = None, after: UUID | None = None, limit: int = 50
) -> list[Device]:
    """In the order in which they were added; `after` is the last id of the page before."""
    wanted = select(Device).order_by(Device.id).limit(limit)
    if account is not None:
        wanted = wanted.where(Device.account == account.strip().upper())
    if after is not None:
        wanted = wanted.where(Device.id > after)
    return list(session.scalars(wanted))


def row_of(cells: dict[str, str]) -> Row:
    account = cells["account"].strip().upper()
    if not account.isalnum() or not account.isascii() or len(account) > LONGEST_ACCOUNT:
        raise Invalid(
            "An account has 1 to 16 letters and digits, not “%(account)s”",
            field="account",
            account=account,
        )
    if account in SELF_TEST.values():
        raise Invalid(
            "The account %(account)s is kept for our own test", field="account", account=account
        )
    protocol = cells["protocol"].strip().lower() or DC09
    if protocol in {"dc09", "sia", "sia-dcs", "adm-cid", "dc-09", "sia_dc09"}:
        protocol = DC09
    if protocol not in PROTOCOLS:
        raise Invalid(
            "There is no protocol “%(protocol)s” here; there is %(known)s",
            field="protocol",
            protocol=protocol,
            known=", ".join(sorted(PROTOCOLS)),
        )
    key = _key(protocol, cells["key"].strip())
    if any(len(cells.get(name, "")) > LONGEST_LABEL for name in ("label", "area", "carrier")):
        raise Invalid("A label has at most %(most)s letters", field="label", most=LONGEST_LABEL)
    return Row(
        account,
        protocol,
        key,
        _seconds(cells["heartbeat_s"], "heartbeat_s", LONGEST_HEARTBEAT),
        cells["label"].strip(),
        cells["area"].strip() if "area" in cells else None,
        cells["carrier"].strip() if "carrier" in cells else None,
        _seconds(cells["test_every_s"], "test_every_s", LONGEST_TEST)
        if "test_every_s" in cells
        else None,
    )


def _key(protocol: str, written: str) -> bytes | None:
    """A password as it is, where the protocol wants one; else a key of AES."""
    if not written:
        return None
    return written.encode() if protocol in PASSWORDS else key_from(written)


def _seconds(written: str, column: str, most: int) -> int:
    written = written.strip() or "0"
    if not written.isdecimal() or int(written) > most:
        raise Invalid(
            "The column %(column)s is a number of seconds up to %(most)s, not “%(written)s”",
            field=column,
            column=column,
            most=most,
            written=written,
        )
    return int(written)


def new(row: Row) -> Device:
    test_every_s = row.test_every_s or 0
    return Device(
        account=row.account,
        protocol=row.protocol,
        key=row.key,
        heartbeat_s=row.heartbeat_s,
        label=row.label,
        area=row.area or "",
        carrier=row.carrier or "",
        test_every_s=test_every_s,
        silent_at=silent_at(row.heartbeat_s, clock.now()),
        test_due_at=test_due_at(test_every_s, clock.now()),
    )


def silent_at(heartbeat_s: int, seen: datetime) -> datetime | None:
    """When a unit seen at `seen` counts as silent: two periods and a tenth later."""
    if heartbeat_s <= 0:
        return None
    return seen + timedelta(seconds=heartbeat_s * (PERIODS_OF_SILENCE + 0.1))


def test_due_at(test_every_s: int, tested: datetime) -> datetime | None:
    """When the next test is missed: a period and a tenth later."""
    return tested + timedelta(seconds=test_every_s * 1.1) if test_every_s > 0 else None


class Known(NamedTuple):
    """What a receiver keeps of a unit in memory."""

    id: UUID
    key: bytes | None
    heartbeat_s: int
    person_id: UUID | None
    # It has a key that this installation cannot open.
    key_lost: bool = False


def known(
    session: Session, *, since: datetime | None = None, accounts: Iterable[str] | None = None
) -> dict[tuple[str, str], Known]:
    """Units by protocol and account: all, those changed since, or the ones named."""
    wanted = select(
        Device.protocol,
        Device.account,
        Device.id,
        type_coerce(Device.key, LargeBinary),
        Device.heartbeat_s,
        Device.person_id,
    )
    if since is not None:
        wanted = wanted.where(Device.changed_at >= since)
    if accounts is not None:
        wanted = wanted.where(Device.account.in_(list(accounts)))
    found = {}
    for protocol, account, id_, stored, heartbeat_s, person_id in session.execute(wanted):
        key = _opened(id_, stored)
        lost = key is None and stored is not None
        found[protocol, account] = Known(id_, key, heartbeat_s, person_id, lost)
    return found


def _opened(device_id: UUID, stored: bytes | None) -> bytes | None:
    """The key; None when it cannot be read, so that one unit never silences all the others."""
    try:
        return None if stored is None else unseal(bytes(stored), "devices.key", device_id)
    except InvalidTag:
        log.error("device.key_unreadable", device=str(device_id))
        return None
