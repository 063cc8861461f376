"""The process that receives alarms: sockets in front, the writer behind, rounds beside."""

import asyncio
import gc
import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import structlog
import uvloop
from sqlalchemy.exc import SQLAlchemyError

from registry.kit import beats, clock
from registry.kit.db import transaction
from registry.kit.errors import Problem, Unavailable
from registry.kit.settings import Settings, settings
from telecare import devices, line_errors, supervision
from telecare.batch import Book, Received
from telecare.ingest import Ingest
from telecare.protocols.base import AlarmProtocol
from telecare.protocols.sia_dc09 import SiaDc09
from telecare.receivers import line_doors, mqtt, sip
from telecare.receivers.door import Door, MakeDoor
from telecare.receivers.lines import Connection, Datagrams, Lines, close_all

BACKLOG = 4096
SWEEP = 2.0  # seconds between two looks at slow connections
ROUND = 1.0  # seconds between two rounds: what changed in the devices, signs of life
BEAT = 5  # rounds between two beats
SILENCE = 10  # rounds between two looks for silent units
ERRORS = 30  # rounds between two looks for units with many damaged frames
# A change committed late must not be missed: look back this far.
OVERLAP = timedelta(seconds=30)

# A protocol, and what answers the frames of it.
Speaks = tuple[AlarmProtocol, Callable[[Sequence[Received]], None]]

log = structlog.get_logger()


def serve() -> None:
    """Receive alarms until SIGTERM or SIGINT. Raises Unavailable when a port is taken."""
    uvloop.run(_serve(settings()))


async def _serve(chosen: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for order in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(order, stop.set)
    await receive(chosen.bind, chosen.dc09_port, stop, keep, more=wanted(chosen))


def keep(_port: int) -> None:
    """What stands by now stays: the collector never again walks through it while units wait."""
    gc.collect()
    gc.freeze()


def wanted(chosen: Settings) -> list[MakeDoor]:
    """The doors of this installation, besides the one of SIA DC-09."""
    return [
        sip.from_settings(chosen),
        *line_doors.from_settings(chosen),
        *mqtt.from_settings(chosen),
    ]


async def receive(
    host: str,
    port: int,
    stop: asyncio.Event,
    ready: Callable[[int], None] = lambda _: None,
    *,
    more: Sequence[MakeDoor] = (),
) -> None:
    """Listen on `port` (0: any) over TCP and UDP; `ready` is told the port once all stands.

    `more` are the doors of other protocols, which share the writer.
    """
    loop = asyncio.get_running_loop()
    book: Book = {}
    answers: list[Speaks]
    leaves: list[Speaks]

    def answer(group: Sequence[Received]) -> None:
        with suppress(RuntimeError):  # the loop has ended: the units will ask again
            loop.call_soon_threadsafe(_hand_out, group, answers)

    def leave(group: Sequence[Received]) -> None:
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_hand_out, group, leaves)

    ingest = Ingest(book, answer, leave)
    doors = [make(ingest, book) for make in more]
    dc09 = SiaDc09()

    def key_of(account: str) -> bytes | None:
        known = book.get((dc09.name, account.upper()))
        return known.key if known else None

    lines = Lines(dc09, ingest, key_of)
    spoken = [(each, protocol) for each in doors for protocol in each.protocols]
    answers = [(dc09, lines.answer), *((protocol, each.answer) for each, protocol in spoken)]
    leaves = [(dc09, lines.leave), *((protocol, each.leave) for each, protocol in spoken)]
    rounds = Rounds(ingest, lines, doors)
    await asyncio.to_thread(rounds.first)
    ingest.start()
    rounds.start()
    opened: list[asyncio.Server | asyncio.DatagramTransport] = []
    try:
        for door in doors:
            await door.open(host)
        port = await _open(host, port, lines, opened)
        rounds.listening = True
        ready(port)
        await _until(stop, lines, doors)
    finally:
        # The last answers leave by sockets that are still open.
        await asyncio.to_thread(ingest.stop)
        await asyncio.sleep(0)
        rounds.stop()
        close_all(lines.open)
        for each in (*opened, *doors):
            each.close()
        await asyncio.sleep(0)


def _hand_out(group: Sequence[Received], speaks: Sequence[Speaks]) -> None:
    """To each door its own frames; none is news too: what was held back may be read again."""
    own: dict[int, list[Received]] = {}
    for each in group:
        own.setdefault(id(each.protocol), []).append(each)
    loop = asyncio.get_running_loop()
    for protocol, hand in speaks:
        loop.call_soon(hand, own.get(id(protocol), ()))  # apart: a fault of one is not the others'


async def _open(
    host: str,
    port: int,
    lines: Lines,
    opened: list[asyncio.Server | asyncio.DatagramTransport],
) -> int:
    """The sockets of SIA DC-09, kept in `opened`; returns their port."""
    loop = asyncio.get_running_loop()
    try:
        server = await loop.create_server(lambda: Connection(lines), host, port, backlog=BACKLOG)
        opened.append(server)
        port = int(server.sockets[0].getsockname()[1])
        udp, _ = await loop.create_datagram_endpoint(
            lambda: Datagrams(lines), local_addr=(host, port)
        )
        opened.append(udp)
    except OSError as error:
        raise Unavailable(
            "Port %(port)s on %(host)s is taken by another program: stop it, or set "
            "CENTRALE_DC09_PORT to another port",
            port=port,
            host=host,
        ) from error
    log.info("receivers.ready", port=port, protocol=lines.protocol.name)
    return port


async def _until(stop: asyncio.Event, lines: Lines, doors: Sequence[Door]) -> None:
    while not stop.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), SWEEP)
        lines.sweep()
        for door in doors:
            door.sweep()
        if not lines.ingest.alive:
            raise RuntimeError("the writer of the alarm receivers has died")


class Rounds:
    """What a receiver does besides, each second and in a thread of its own."""

    def __init__(self, ingest: Ingest, lines: Lines, doors: Sequence[Door] = ()) -> None:
        self.listening = False
        self.doors = doors
        self._ingest = ingest
        self._lines = lines
        self._looked_at: datetime | None = None
        self._number = 0
        self._began = time.monotonic()
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rounds", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ends.set()
        self._thread.join(ROUND + 5)

    def first(self) -> None:
        """Read the devices, before anybody speaks."""
        try:
            self._read_devices()
        except (SQLAlchemyError, Problem) as error:
            # We listen all the same: plain frames wait for the database, and are not lost.
            log.error("receivers.no_devices", reason=type(error).__name__)

    def _run(self) -> None:
        while not self._ends.wait(ROUND):
            self._number += 1
            try:
                self._once()
            except (SQLAlchemyError, Problem) as error:
                log.warning("receivers.round_failed", reason=type(error).__name__)
            except Exception:
                log.exception("receivers.round_fault")

    def _once(self) -> None:
        self._read_devices()
        self._write_heard()
        if self._number % SILENCE == 0:
            # Nobody is silent for a time in which we did not listen.
            supervision.go_round(listening_s=time.monotonic() - self._began)
        if self._number % ERRORS == 0:
            with transaction() as session:
                line_errors.look(session)
        if self.listening and self._number % BEAT == 1:
            with transaction() as session:
                beats.beat(session, "receive", self._figures())

    def _read_devices(self) -> None:
        began = clock.now()
        since = self._looked_at - OVERLAP if self._looked_at else None
        with transaction() as session:
            found = devices.known(session, since=since)
            supervision.keys_read(session, found.values())
        self._ingest.book.update(found)
        self._looked_at = began

    def _write_heard(self) -> None:
        heard, self._ingest.heard = self._ingest.heard, {}
        try:
            with transaction() as session:
                supervision.heard(session, heard)
        except (SQLAlchemyError, Problem):
            self._ingest.heard = heard | self._ingest.heard
            raise

    def _figures(self) -> dict[str, float]:
        done = self._ingest.figures
        figures: dict[str, float] = {
            name: getattr(done, name) for name in done.__dataclass_fields__
        }
        figures |= {
            "backlog": self._ingest.backlog,
            "connections": len(self._lines.open),
            "held_back": len(self._lines.held_back),
            "devices": len(self._ingest.book),
        }
        for door in self.doors:
            figures |= door.figures()
        return figures | self._lines.counted
