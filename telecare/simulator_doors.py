"""Simulated units of the other doors: apps over HTTP, lines of a hardware receiver, SOS Access.

Each speaks its own protocol over a real socket, and repeats what is not acknowledged.
"""

import http.client
import json
import random
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

import structlog

from registry.kit import clock

MEAN_PAUSE = 60.0  # seconds between two events of all units of one play, on average
PATIENCE = 8.0  # seconds for an answer
REPEATS = 10
REPEAT_AFTER = 4.0  # seconds

# What they say and how often: our kind, code of Contact ID, code of SIA.
SAYINGS = (
    (5, ("personal", "101", "QA")),
    (1, ("fall", "103", "MA")),
    (2, ("mains", "301", "AT")),
    (2, ("unit_battery", "302", "YT")),
    (6, ("test", "602", "RP")),
)

log = structlog.get_logger()


@dataclass
class Unit:
    """A unit with its own numbering; `secret` is the token of an app, or a password."""

    account: str
    secret: str = ""
    number: int = field(default_factory=lambda: random.randrange(10**8))  # noqa: S311 - a play


Saying = tuple[str, str, str]
# Sends one event once; whether it was acknowledged. Raises OSError.
Send = Callable[[Unit, Saying], bool]


def over_http(address: str) -> Send:
    """Apps and webhooks post to this address with the token of their unit."""
    parts = urlsplit(address)

    def send(unit: Unit, saying: Saying) -> bool:
        event = {"id": f"{unit.account}-{unit.number}", "kind": saying[0], "code": saying[1]}
        headers = {
            "Authorization": f"Bearer {unit.secret}",
            "Content-Type": "application/json",
        }
        door = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE)
        try:
            door.request("POST", "/api/v1/signals", json.dumps(event), headers)
            return door.getresponse().status == http.client.OK
        except http.client.HTTPException as error:
            raise ConnectionError(str(error)) from error
        finally:
            door.close()

    return send


def over_lines(host: str, port: int) -> Send:
    """A hardware receiver passes on what an analogue unit said: 0x06 answers each line."""

    def send(unit: Unit, saying: Saying) -> bool:
        line = f"5011 18{unit.account}E{saying[1]}01{unit.number % 1000:03d}\x14"
        return _ask(host, port, line.encode("ascii")).startswith(b"\x06")

    return send


def over_sos_access(host: str, port: int, tls: ssl.SSLContext | None = None) -> Send:
    """A transmitter of SOS Access version 4 sends one document for each alarm."""

    def send(unit: Unit, saying: Saying) -> bool:
        fields = {
            "reference": str(unit.number),
            "authentication": unit.secret,
            "receiver": "1",
            "transmittertime": clock.now().isoformat(timespec="seconds"),
            "alarmtype": "AL",
            "transmittertype": "SV300",
            "transmittercode": unit.account,
            "eventcode": saying[2],
        }
        inside = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in fields.items())
        head = '<?xml version="1.0" encoding="iso-8859-1"?>'
        document = f"{head}<alarmrequest>{inside}</alarmrequest>"
        answer = _ask(host, port, document.encode("latin-1"), b"</alarmresponse>", tls)
        return b"<status>0</status>" in answer

    return send


def run(
    units: Sequence[Unit],
    send: Send,
    *,
    stop: threading.Event,
    seed: int | str = 1,
    mean_pause: float = MEAN_PAUSE,
) -> None:
    """Let the units speak until told to stop."""
    chance = random.Random(seed)  # noqa: S311 - a play, not a secret
    weights = [weight for weight, _ in SAYINGS]
    sayings = [saying for _, saying in SAYINGS]
    while not stop.wait(min(chance.expovariate(1 / mean_pause), 3 * mean_pause)):
        (saying,) = chance.choices(sayings, weights)
        unit = chance.choice(units)
        if not deliver(unit, saying, send, stop) and not stop.is_set():
            log.warning("simulator.given_up", repeats=REPEATS)


def deliver(unit: Unit, saying: Saying, send: Send, stop: threading.Event) -> bool:
    """One new event, sent until it is acknowledged; False when nobody ever did."""
    unit.number += 1
    for _ in range(REPEATS):
        try:
            if send(unit, saying):
                return True
        except OSError as error:
            log.info("simulator.unanswered", reason=type(error).__name__)
        if stop.wait(REPEAT_AFTER):
            return False
    return False


def _ask(
    host: str,
    port: int,
    data: bytes,
    until: bytes = b"\x06",
    tls: ssl.SSLContext | None = None,
) -> bytes:
    """Send on a connection of its own; the answer up to `until`, or all of it."""
    said = b""
    wire = socket.create_connection((host, port), timeout=PATIENCE)
    with tls.wrap_socket(wire) if tls else wire as line:
        line.sendall(data)
        while until not in said:
            more = line.recv(4096)
            if not more:
                break
            said += more
    return said
