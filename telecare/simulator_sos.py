"""Simulated transmitters of SOS Access v4: they press, restore and say that they are there."""

import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Sequence

import structlog

from telecare.protocols import xml_documents
from telecare.protocols.sos_access import ALARM, PING
from telecare.protocols.xml_documents import Document, Malformed
from telecare.simulator import MEAN_PAUSE, Home

PATIENCE = 5.0  # seconds for an answer
PING_EVERY = 40.0  # seconds; the narrowest class wants two in 90
HEADER = b'<?xml version="1.0" encoding="ISO-8859-1"?>\n'

# Event code, alarm or restore, and how often it comes.
EVENTS = ((("QA", "AL"), 60), (("MA", "AL"), 10), (("FA", "AL"), 2), (("AT", "AL"), 8),
          (("AT", "RE"), 8), (("YT", "AL"), 6), (("NA", "AL"), 6))  # fmt: skip

log = structlog.get_logger()


class Transmitter:
    """One unit; each message has a connection of its own, as the protocol has it."""

    def __init__(self, home: Home, host: str, port: int) -> None:
        self._home = home
        self._address = host, port
        self._number = 0

    def alarm(self, event: str, kind: str = "AL") -> str:
        """The status of the answer; empty when there was none."""
        more = [("receiver", "1"), ("alarmtype", kind), ("eventcode", event)]
        return self._ask(ALARM, more)

    def ping(self) -> str:
        return self._ask(PING, [])

    def _ask(self, root: str, more: list[tuple[str, str]]) -> str:
        self._number += 1
        fields = [
            ("authentication", (self._home.key or b"").decode() or "0" * 15),
            ("reference", str(self._number)),
            ("transmittertype", "SIM01"),
            ("transmittercode", self._home.account),
            *more,
        ]
        try:
            return self._heard(HEADER + xml_documents.write(root, fields)).first("status")
        except (OSError, Malformed) as error:
            log.info("simulator.unanswered", reason=type(error).__name__)
            return ""

    def _heard(self, asked: bytes) -> Document:
        heard = b""
        with socket.create_connection(self._address, timeout=PATIENCE) as line:
            line.sendall(asked)
            while b"response>" not in heard.partition(b"response>")[2]:
                data = line.recv(4096)
                if not data:
                    raise ConnectionError("hung up without an answer")
                heard += data
        return xml_documents.read(heard)


def run(
    homes: Sequence[Home],
    host: str,
    port: int,
    seed: int = 1,
    *,
    stop: threading.Event | None = None,
    mean_pause: float = MEAN_PAUSE,
) -> Counter[str]:
    """Live in these homes until told to stop; returns the statuses that were heard, counted."""
    dice = random.Random(seed)  # noqa: S311 - a play, not a secret
    stop = stop or threading.Event()
    units = [Transmitter(home, host, port) for home in homes]
    said, weights = zip(*EVENTS, strict=True)
    counted: Counter[str] = Counter()
    ping_at = time.monotonic()
    while not stop.wait(min(dice.expovariate(1 / mean_pause), PING_EVERY / 4)):
        if time.monotonic() >= ping_at:
            counted.update(f"ping_{unit.ping()}" for unit in units)
            ping_at = time.monotonic() + PING_EVERY
        ((event, kind),) = dice.choices(said, weights)
        counted[f"alarm_{dice.choice(units).alarm(event, kind)}"] += 1
    log.info("simulator.sos_ended", **counted)
    return counted
