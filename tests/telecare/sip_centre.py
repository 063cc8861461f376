"""A running SCAIP door on the real database, and units that speak with it over real sockets."""

import asyncio
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import uvloop
from sqlalchemy import select

from registry.kit.db import transaction
from telecare.alarms import Alarm
from telecare.devices import Device
from telecare.receivers import main
from telecare.receivers.door import MakeDoor
from telecare.receivers.sip import SipDoor, SipPlan
from telecare.signals import Signal

Row = TypeVar("Row", Signal, Alarm, Device)
HERE = "127.0.0.1"
WHOLE_HEAD = re.compile(rb"(?is).*?content-length: *(\d+).*?\r\n\r\n")


@contextmanager
def running(plan: SipPlan) -> Iterator[SipDoor]:
    """The receiving process in a thread, with its door on a port that the system picked."""
    ready = threading.Event()
    loop = uvloop.new_event_loop()
    stop = asyncio.Event()
    made: list[SipDoor] = []

    def make(*given: object) -> SipDoor:
        made.append(SipDoor(plan, *given))  # type: ignore[arg-type]  # as MakeDoor gives them
        return made[-1]

    doors: list[MakeDoor] = [make]

    failed: list[Exception] = []

    def run() -> None:
        work = main.receive(HERE, 0, stop, lambda _: ready.set(), more=doors)
        try:
            loop.run_until_complete(work)
        except Exception as error:  # noqa: BLE001 - raised where the test is
            failed.append(error)
            ready.set()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert ready.wait(60)
        if failed:
            raise failed[0]
        yield made[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)
        loop.close()


def stored(what: type[Row]) -> list[Row]:
    """All rows of a table, oldest first."""
    with transaction() as session:
        rows = list(session.scalars(select(what)))
    return sorted(rows, key=lambda row: row.id)


class Silence(Exception):  # noqa: N818 - it is what the unit hears
    """The centre has hung up."""


class Unit:
    """A home unit: sends what it is told, answers our MESSAGEs as a unit does."""

    def __init__(self, port: int, kind: socket.SocketKind = socket.SOCK_DGRAM) -> None:
        self.kind = kind
        self.socket = socket.socket(socket.AF_INET, kind)
        self.socket.settimeout(30)
        self.socket.connect((HERE, port))
        self._buffer = b""

    def send(self, raw: bytes) -> None:
        self.socket.sendall(raw)

    def hear(self) -> bytes:
        """The next message; empty when the receiver hung up."""
        if self.kind == socket.SOCK_DGRAM:
            return self.socket.recv(65_536)
        while True:
            found = WHOLE_HEAD.match(self._buffer)
            if found and len(self._buffer) >= found.end() + int(found[1]):
                whole = found.end() + int(found[1])
                message, self._buffer = self._buffer[:whole], self._buffer[whole:]
                return message
            data = self.socket.recv(65_536)
            if not data:
                return b""
            self._buffer += data

    def code(self) -> int:
        """The status of the next answer; MESSAGEs before it are answered on the way."""
        while True:
            heard = self.hear()
            if not heard:
                raise Silence
            if heard.startswith(b"SIP/2.0"):
                return int(heard.split()[1])
            self.take(heard)

    def told(self) -> bytes:
        """The next `mrs`, answered."""
        while True:
            heard = self.hear()
            if not heard:
                raise Silence
            if heard.startswith(b"MESSAGE"):
                self.take(heard)
                return heard.partition(b"\r\n\r\n")[2]

    def take(self, message: bytes) -> None:
        head = message.decode().split("\r\n\r\n")[0].split("\r\n")
        kept = [line for line in head if line.split(":")[0] in {"Via", "From", "Call-ID", "CSeq"}]
        to = next(line for line in head if line.startswith("To:"))
        lines = ["SIP/2.0 200 OK", *kept, f"{to};tag=u1", "Content-Length: 0", "", ""]
        self.send("\r\n".join(lines).encode())

    def close(self) -> None:
        self.socket.close()


Connect = Callable[..., Unit]
