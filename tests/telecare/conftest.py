"""A running receiver, and diallers that speak with it."""

import asyncio
import socket
import sys
import threading
from collections.abc import Callable, Iterator

import pytest
import uvloop

from telecare.protocols.dc09_frames import Dc09Framer
from telecare.receivers import main
from tests.telecare.sip_units import Centre, Way

# The independent transmitter is too old for newer Pythons.
collect_ignore = [] if sys.version_info < (3, 12) else ["test_sos_door.py"]
Dial = Callable[..., "Dialler"]


class Dialler:
    """One TCP connection of a home unit."""

    def __init__(self, port: int, timeout: float = 30) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self._framer = Dc09Framer()
        self._bodies: list[bytes] = []

    def send(self, *frames: bytes) -> None:
        self.socket.sendall(b"".join(frames))

    def answer(self) -> bytes:
        """The body of the next answer; empty when the receiver hung up."""
        while not self._bodies:
            data = self.socket.recv(4096)
            if not data:
                return b""
            self._bodies += [cut.body for cut in self._framer.feed(data)]
        return self._bodies.pop(0)

    def ask(self, frame: bytes) -> bytes:
        self.send(frame)
        return self.answer()

    def close(self) -> None:
        self.socket.close()


@pytest.fixture
def port(database: None) -> Iterator[int]:
    """The port of a receiver that runs in this process, on the real database."""
    ports: list[int] = []
    ready = threading.Event()
    loop = uvloop.new_event_loop()
    stop = asyncio.Event()

    def listens(found: int) -> None:
        ports.append(found)
        ready.set()

    def run() -> None:
        loop.run_until_complete(main.receive("127.0.0.1", 0, stop, listens))

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(60)
    yield ports[0]
    loop.call_soon_threadsafe(stop.set)
    thread.join(20)
    loop.close()


@pytest.fixture
def dial(port: int) -> Iterator[Dial]:
    opened: list[Dialler] = []

    def connect(timeout: float = 30) -> Dialler:
        opened.append(Dialler(port, timeout))
        return opened[-1]

    yield connect
    for each in opened:
        each.close()


@pytest.fixture
def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def centre() -> Centre:
    """Our side of SIP, without sockets."""
    return Centre()


@pytest.fixture
def way() -> Way:
    """How one unit reaches it."""
    return Way()
