"""A rehearsed storm: units by the hundred thousand, presses among them, and a console that looks.

The units are of the sample kind and stay in the archive, so that a storm may be sent again.
"""

import asyncio
import ipaddress
import json
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import psutil
from sqlalchemy import any_, select
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from registry import tokens
from registry.access import Role
from registry.kit import beats, clock
from registry.kit.db import transaction
from registry.kit.errors import NotAllowed, Unavailable
from registry.kit.settings import Settings
from registry.staff import Staff
from registry.tokens import Token
from telecare.alarms import Alarm
from telecare.devices import DC09, SCAIP
from telecare.signals import Signal
from telecare.simulator_storm import Dc09Line, Line, Storm, StormUnit, blow
from telecare.simulator_storm_scaip import ScaipLine
from webconsole import doors
from webconsole.demo import storm_homes

LABEL = storm_homes.LABEL  # of the devices, and of the token with which the console looks
READ_WITHIN = 60.0  # seconds until the receivers know the units
SETTLE = 15.0  # seconds after the last event in which a press may still reach the board
BEAT = 5.0
MEGABYTE = 2**20
RARELY = 4

Tell = Callable[[str], None]


@dataclass(kw_only=True)
class Wish:
    """How large a storm."""

    units: int
    presses: int
    rate: float
    lines: int
    seed: int
    homes: int = 400  # of the units stand with somebody whom the archive knows


@dataclass(kw_only=True)
class Report:
    """What happened. Delays in seconds, from the unit's first attempt to the console's message."""

    storm: Storm
    delays: list[float] = field(default_factory=list)
    growth: float = 0.0  # megabytes, all processes of the house

    def percentile(self, part: float) -> float:
        ordered = sorted(self.delays)
        return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0

    @property
    def complete(self) -> bool:
        """Everything acknowledged, every press on the board."""
        storm = self.storm
        return storm.acknowledged == storm.sent and len(self.delays) == len(storm.presses)


def rehearse(chosen: Settings, wish: Wish, tell: Tell) -> Report:
    """Send a storm to the running house. Raises NotAllowed where somebody real may be served."""
    _only_here(chosen)
    chance = random.Random(wish.seed)  # noqa: S311 - a play, not a secret
    units = storm_homes.units(wish.units)
    tell(f"{wish.units:,} units are put in the archive")
    storm_homes.settle(units)
    homes = min(wish.homes, wish.units)
    tell(f"{homes:,} of them stand in homes")
    storm_homes.people_in(units[:homes])
    _until_read(wish.units, tell)
    storm = Storm(
        units=chance.sample(units, len(units)),
        presses=_presses(units, homes, wish.presses, chance),
        rate=wish.rate,
        sequence=chance.randint(1, 9999),
        ends_within=READ_WITHIN,
    )
    before = _memory()
    with _console(chosen) as seen:
        tell(f"{wish.units:,} events at {wish.rate:g} a second, {wish.presses:,} of them presses")
        asyncio.run(blow(storm, _lines(chosen, wish.lines)))
        _until_seen(storm, seen)
    return Report(storm=storm, delays=_delays(storm, seen), growth=_memory() - before)


def _presses(
    units: Sequence[StormUnit], homes: int, presses: int, chance: random.Random
) -> frozenset[str]:
    """Half of them where somebody is known, so that the room sees who is called back first."""
    known, others = units[:homes], units[homes:]
    at_home = max(min(presses // 2, homes), presses - len(others))
    pressed = chance.sample(known, at_home) + chance.sample(others, presses - at_home)
    return frozenset(each.account for each in pressed)


def _only_here(chosen: Settings) -> None:
    sample = chosen.demo or (chosen.home / "town.txt").exists()
    host = doors.local_host(chosen)
    if not sample or not ipaddress.ip_address(host).is_loopback:
        raise NotAllowed(
            "A storm among real alarms is dangerous: use `centrale demo` on 127.0.0.1, "
            "or set CENTRALE_DEMO=true where nobody real is served"
        )


def _lines(chosen: Settings, lines: int) -> dict[str, list[Line]]:
    """Some for each protocol; of each one in four on the way that most units do not take."""
    host = doors.local_host(chosen)
    usual, rare = (socket.SOCK_STREAM, socket.SOCK_DGRAM), (socket.SOCK_DGRAM, socket.SOCK_STREAM)
    few = max(1, lines // storm_homes.ONE_IN)
    return {
        DC09: [
            Dc09Line(host, chosen.dc09_port, usual[each % RARELY == 0])
            for each in range(max(1, lines - few))
        ],
        SCAIP: [ScaipLine(host, chosen.sip_port, rare[each % RARELY == 0]) for each in range(few)],
    }


def _until_read(units: int, tell: Tell) -> None:
    """The receivers say in their beats how many units they know."""
    tell("the receivers read them")
    limit = time.monotonic() + READ_WITHIN
    while True:
        with transaction() as session:
            known = [
                each.figures.get("devices", 0)
                for each in beats.alive(session)
                if each.kind == "receive"
            ]
        if known and min(known) >= units:
            return
        if time.monotonic() > limit:
            raise Unavailable(f"The receivers do not know the units after {READ_WITHIN:.0f} s")
        time.sleep(0.5)


@dataclass
class _Seen:
    """When a console was told of each alarm."""

    alarms: dict[UUID, float] = field(default_factory=dict)
    joined: threading.Event = field(default_factory=threading.Event)
    ends: threading.Event = field(default_factory=threading.Event)


@contextmanager
def _console(chosen: Settings) -> Iterator[_Seen]:
    """An operator's live feed through a real WebSocket, in a thread of its own."""
    with transaction() as session:
        operator = session.scalars(
            select(Staff).where(Staff.active, any_(Staff.roles) == Role.OPERATOR.value).limit(1)
        ).first()
        if operator is None:
            raise Unavailable("There is no operator whose console could look")
        secret = tokens.issue(session, operator, LABEL)
    seen = _Seen()
    address = doors.local_url(chosen).replace("http", "ws", 1) + "/live"
    thread = threading.Thread(
        target=lambda: asyncio.run(_listen(address, secret, seen)), name="console", daemon=True
    )
    thread.start()
    try:
        if not seen.joined.wait(20):
            raise Unavailable("The live feed does not answer")
        yield seen
    finally:
        seen.ends.set()
        thread.join(BEAT + 5)
        with transaction() as session:
            for token in session.scalars(select(Token).where(Token.label == LABEL)):
                if token.revoked_at is None:
                    tokens.revoke(session, token)


async def _listen(address: str, secret: str, seen: _Seen) -> None:
    position: str | None = None
    while not seen.ends.is_set():
        try:
            headers = {"Authorization": f"Bearer {secret}"}
            async with connect(address, additional_headers=headers) as socket:
                await socket.send(json.dumps({"resume": position}))
                seen.joined.set()
                position = await _hear(socket, seen, position)
        except (OSError, WebSocketException):
            await asyncio.sleep(0.2)


async def _hear(socket: ClientConnection, seen: _Seen, position: str | None) -> str | None:
    beaten = 0.0
    while not seen.ends.is_set():
        if time.monotonic() - beaten > BEAT:
            beaten = time.monotonic()
            await socket.send(json.dumps({"beat": True}))
        try:
            async with asyncio.timeout(1):
                message = json.loads(await socket.recv())
        except TimeoutError:
            continue
        position = message.get("position", position)
        if message["kind"] == "telecare.alarm_raised":
            seen.alarms.setdefault(UUID(message["ids"]["alarm_id"]), time.monotonic())
    return position


def _until_seen(storm: Storm, seen: _Seen) -> None:
    limit = time.monotonic() + SETTLE
    while len(_delays(storm, seen)) < len(storm.presses) and time.monotonic() < limit:
        time.sleep(0.5)


def _delays(storm: Storm, seen: _Seen) -> list[float]:
    """From each press to its message, for those that have one."""
    raised = (
        select(Alarm.id, Signal.account)
        .join(Signal, Signal.id == Alarm.signal_id)
        .where(
            Signal.account.in_(sorted(storm.presses)),
            Alarm.raised_at > clock.now() - timedelta(seconds=time.monotonic() - storm.began + 5),
        )
    )
    with transaction() as session:
        rows = session.execute(raised).all()
    return [
        seen.alarms[alarm_id] - storm.pressed_at[account]
        for alarm_id, account in rows
        if alarm_id in seen.alarms and account in storm.pressed_at
    ]


def _memory() -> float:
    """Megabytes of all processes of the house on this machine, shared pages counted once."""
    with transaction() as session:
        pids = {int(each.process.rpartition(":")[2]) for each in beats.alive(session)}
    family: dict[int, psutil.Process] = {}
    for pid in pids:
        try:
            for each in _relatives(psutil.Process(pid)):
                family[each.pid] = each
        except psutil.NoSuchProcess:
            continue
    return sum(map(_resident, family.values())) / MEGABYTE


def _relatives(process: psutil.Process) -> Sequence[psutil.Process]:
    """The process with those that the same supervisor has started, engines included."""
    parent = process.parent()
    above = parent if parent is not None and "centrale" in " ".join(parent.cmdline()) else process
    return [above, *above.children(recursive=True)]


def _resident(process: psutil.Process) -> float:
    try:
        return float(process.memory_full_info().pss)
    except (psutil.AccessDenied, AttributeError):
        return float(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0.0
