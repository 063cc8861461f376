"""The doors as a technician sees them: what comes in, what is refused and why, who is not known."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select, text, tuple_
from sqlalchemy.orm import Session

from registry.kit import beats, clock
from registry.kit.beats import Beat
from registry.kit.errors import NotFound
from telecare import devices, door_tests, signals, turned_away
from telecare.devices import BS8521, DC09, JSON, SCAIP, SELF_TEST, SOS_ACCESS, Device
from telecare.door_tests import DoorTest
from telecare.protocols.base import Verdict
from telecare.signals import Signal

RATE_OVER = timedelta(minutes=1)
ERRORS_OVER = timedelta(hours=1)
UNIT_ERRORS_OVER = timedelta(days=1)
LAST = 5  # frames of each door
# Frames of unknown accounts that are looked through, the newest; a flood hides nothing new.
LOOKED_THROUGH = 2000
MOST_UNKNOWN = 50
MOST_REASONS = 8

# Why an encrypted frame of an account that nobody knows cannot be read.
NO_KEY = "no_key"

# What a door calls itself in the counters of its process and in the tests of doors.
COUNTERS = {DC09: "connections", SCAIP: "sip_connections", JSON: "sockets"}
TESTS = {
    DC09: ("dc09-tcp", "dc09-udp"),
    SCAIP: ("sip-udp", "sip-tcp", "sip-tls"),
    JSON: ("http", "websocket", "mqtt"),
    SOS_ACCESS: ("sos-access", "sos-access-tls"),
    BS8521: ("bs8521",),
}


@dataclass(kw_only=True)
class Refusals:
    """Frames that were refused for one reason."""

    verdict: Verdict
    reason: str
    frames: int


@dataclass(kw_only=True)
class Door:
    """One protocol, with all the ways on which it comes in."""

    protocol: str
    # Frames of the last minute by way (`tcp`, `udp`, …), and how many of all were refused.
    minute: dict[str, int] = field(default_factory=dict)
    minute_refused: int = 0
    refused: list[Refusals] = field(default_factory=list)
    # What was no frame yet, by reason, since the processes that run now began.
    turned_away: dict[str, int] = field(default_factory=dict)
    last: list[Signal] = field(default_factory=list)
    connections: int | None = None
    tests: list[DoorTest] = field(default_factory=list)

    @property
    def heard_at(self) -> datetime | None:
        return self.last[0].arrived_at if self.last else None


@dataclass(frozen=True, kw_only=True)
class Unknown:
    """An account that speaks with us and that no device has."""

    protocol: str
    account: str
    frames: int
    first_at: datetime
    last_at: datetime
    kind: str
    path: str
    peer: str
    sealed: bool


def all_(session: Session) -> list[Door]:
    """Every door that is open or was ever used; ours first, in a fixed order."""
    heard = beats.alive(session)
    names = [DC09, SCAIP, BS8521, JSON]  # these are open everywhere
    names += [each for each in _protocols(session) if each not in names]
    doors = {name: Door(protocol=name) for name in names}
    _count(session, doors)
    _count_refused(session, doors)
    tests = door_tests.all_(session)
    for door in doors.values():
        door.last = signals.listed(session, protocol=door.protocol, own_tests=False, limit=LAST)
        door.connections = _connections(heard, door.protocol)
        door.turned_away = turned_away.of(heard, door.protocol)
        own = TESTS.get(door.protocol, (door.protocol,))
        door.tests = [each for each in tests if each.door in own]
    return list(doors.values())


def errors_of(session: Session, device: Device) -> list[Refusals]:
    """What was refused of one unit within a day, sent again included, by reason."""
    times = func.sum(1 + Signal.repeats)
    counted = (
        select(Signal.verdict, Signal.reason, times)
        .where(
            Signal.protocol == device.protocol,
            Signal.account == device.account,
            Signal.verdict != Verdict.GOOD,
            Signal.arrived_at > clock.now() - UNIT_ERRORS_OVER,
        )
        .group_by(Signal.verdict, Signal.reason)
        .order_by(times.desc(), Signal.reason)
    )
    return [
        Refusals(verdict=verdict, reason=reason, frames=frames)
        for verdict, reason, frames in session.execute(counted)
    ]


def unknown(session: Session) -> list[Unknown]:
    """Accounts that no device has, the last heard first."""
    newest = (
        select(Signal)
        .where(
            Signal.device_id.is_(None),
            Signal.account != "",
            Signal.account.not_in(SELF_TEST.values()),
            Signal.verdict != Verdict.BROKEN,
        )
        .order_by(Signal.id.desc())
        .limit(LOOKED_THROUGH)
    )
    found: dict[tuple[str, str], list[Signal]] = {}
    for each in session.scalars(newest):
        found.setdefault((each.protocol, each.account), []).append(each)
    known = _known(session, found)
    return [_unknown(*key, frames) for key, frames in found.items() if key not in known][
        :MOST_UNKNOWN
    ]


def adopt(session: Session, protocol: str, account: str) -> Device:
    """Make a device of an account that was heard; twice makes one. NotFound for one never heard."""
    account = account.strip().upper()
    there = devices.by_account(session, account, protocol)
    if there is not None:
        return there
    last = next(iter(signals.listed(session, account=account, protocol=protocol, limit=1)), None)
    if last is None:
        raise NotFound("There is no such %(thing)s", thing="account")
    device = devices.add(session, account=account, protocol=protocol)
    device.last_seen_at = last.arrived_at if last.verdict is Verdict.GOOD else None
    return device


# PostgreSQL walks from one protocol to the next, whatever the size of the archive.
_PROTOCOLS = text(
    """
    WITH RECURSIVE walk AS (
        SELECT min(protocol) AS name FROM signals
        UNION ALL
        SELECT (SELECT min(protocol) FROM signals WHERE protocol > walk.name)
        FROM walk WHERE walk.name IS NOT NULL
    )
    SELECT name FROM walk WHERE name IS NOT NULL
    """
)


def _protocols(session: Session) -> list[str]:
    return list(session.scalars(_PROTOCOLS))


def _count(session: Session, doors: dict[str, Door]) -> None:
    counted = (
        select(
            Signal.protocol,
            Signal.path,
            func.count(),
            func.count().filter(Signal.verdict != Verdict.GOOD),
        )
        .where(Signal.arrived_at > clock.now() - RATE_OVER, _no_test_of_ours())
        .group_by(Signal.protocol, Signal.path)
        .order_by(Signal.path)
    )
    for protocol, path, frames, refused in session.execute(counted):
        door = doors.setdefault(protocol, Door(protocol=protocol))
        door.minute[path] = frames
        door.minute_refused += refused


def _count_refused(session: Session, doors: dict[str, Door]) -> None:
    times = func.count()
    counted = (
        select(Signal.protocol, Signal.verdict, Signal.reason, times)
        .where(Signal.verdict != Verdict.GOOD, Signal.arrived_at > clock.now() - ERRORS_OVER)
        .group_by(Signal.protocol, Signal.verdict, Signal.reason)
        .order_by(times.desc())
    )
    for protocol, verdict, reason, frames in session.execute(counted):
        refused = doors.setdefault(protocol, Door(protocol=protocol)).refused
        if len(refused) < MOST_REASONS:
            refused.append(Refusals(verdict=verdict, reason=reason, frames=frames))


def _no_test_of_ours() -> ColumnElement[bool]:
    return Signal.account.not_in(SELF_TEST.values())


def _connections(heard: Collection[Beat], protocol: str) -> int | None:
    """Connections open now in all processes; None when no process has such a door."""
    name = COUNTERS.get(protocol, f"{protocol.replace('-', '_')}_connections")
    counted = [each.figures.get(name) for each in heard]
    there = [round(each) for each in counted if each is not None]
    return sum(there) if there else None


def _known(session: Session, accounts: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    wanted = select(Device.protocol, Device.account).where(
        tuple_(Device.protocol, Device.account).in_(list(accounts))
    )
    return {(protocol, account) for protocol, account in session.execute(wanted)}


def _unknown(protocol: str, account: str, frames: list[Signal]) -> Unknown:
    last = frames[0]
    return Unknown(
        protocol=protocol,
        account=account,
        frames=sum(1 + each.repeats for each in frames),
        first_at=frames[-1].arrived_at,
        last_at=last.repeated_at or last.arrived_at,
        kind=last.kind,
        path=last.path,
        peer=last.peer,
        sealed=last.reason == NO_KEY,
    )
