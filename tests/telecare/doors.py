"""The receiving process in a thread, on the real database, with whichever doors a test wants."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import uvloop

from telecare.batch import Book
from telecare.ingest import Ingest
from telecare.receivers import main
from telecare.receivers.door import Door, MakeDoor

HERE = "127.0.0.1"
Kind = TypeVar("Kind", bound=Door)


@contextmanager
def running(
    *make: Callable[[Ingest, Book], Kind], dc09: list[int] | None = None
) -> Iterator[list[Kind]]:
    """The doors, open; the port of SIA DC-09 is any, and put into `dc09`."""
    ready = threading.Event()
    loop = uvloop.new_event_loop()
    stop = asyncio.Event()
    made: list[Kind] = []
    failed: list[Exception] = []

    def kept(one: Callable[[Ingest, Book], Kind]) -> MakeDoor:
        def make_it(ingest: Ingest, book: Book) -> Kind:
            made.append(one(ingest, book))
            return made[-1]

        return make_it

    def stands(port: int) -> None:
        if dc09 is not None:
            dc09.append(port)
        ready.set()

    def run() -> None:
        work = main.receive(HERE, 0, stop, stands, more=[kept(one) for one in make])
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
        yield made
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)
        loop.close()


class Line:
    """One TCP connection to a door."""

    def __init__(self, port: int, wait: float = 10) -> None:
        self.socket = socket.create_connection((HERE, port), timeout=wait)

    def send(self, *frames: bytes) -> None:
        self.socket.sendall(b"".join(frames))

    def hear(self, until: bytes = b"") -> bytes:
        """What comes, up to `until` or the first of it; empty when the door hung up."""
        heard = b""
        while until not in heard or not heard:
            data = self.socket.recv(65_536)
            if not data:
                return heard
            heard += data
        return heard

    def ask(self, frame: bytes, until: bytes = b"") -> bytes:
        self.send(frame)
        return self.hear(until)

    def close(self) -> None:
        self.socket.close()
