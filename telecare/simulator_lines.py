"""A simulated hardware receiver: it hears analogue homes and passes them on, line by line.

Like the real ones it sends one line, waits 4 s for the byte 0x06, tries three times, and says a
heartbeat when there is nothing else to say.
"""

import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Sequence

import structlog

from telecare.simulator import EVENTS, MEAN_PAUSE, Home

ACK = b"\x06"
PATIENCE = 4.0  # seconds for the byte
TRIES = 3
HEARTBEAT = 30.0  # seconds without another line
QUALIFIERS = {"1": "E", "3": "R", "6": "P"}

log = structlog.get_logger()


class HardwareReceiver:
    """One receiver with one connection to the centre, made anew whenever it is lost."""

    def __init__(self, host: str, port: int, number: str = "01") -> None:
        self._address = host, port
        self._number = number
        self._socket: socket.socket | None = None
        self.counted: Counter[str] = Counter()

    def event(self, account: str, code: str, zone: int) -> bool:
        """Pass on an event such as `1101`; whether the centre has taken it."""
        said = f"{QUALIFIERS[code[0]]}{code[1:]}01{zone:03}"
        return self.pass_on(f"5{self._number}1 18{account}{said}")

    def heartbeat(self) -> bool:
        return self.pass_on(f"1{self._number}1           @    ")

    def pass_on(self, line: str) -> bool:
        """Send a line until its byte comes, three times at most."""
        for _ in range(TRIES):
            try:
                if self._sent(line.encode() + b"\x14"):
                    self.counted["taken"] += 1
                    return True
            except OSError as error:
                log.info("simulator.line_lost", reason=type(error).__name__)
            self.counted["repeated"] += 1
            self.close()
        self.counted["given_up"] += 1
        return False

    def _sent(self, line: bytes) -> bool:
        if self._socket is None:
            self._socket = socket.create_connection(self._address, timeout=PATIENCE)
        self._socket.sendall(line)
        return self._socket.recv(1) == ACK

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def run(
    homes: Sequence[Home],
    host: str,
    port: int,
    seed: int = 1,
    *,
    stop: threading.Event | None = None,
    mean_pause: float = MEAN_PAUSE,
) -> Counter[str]:
    """Pass on what happens in these homes until told to stop; returns what was done, counted.

    The same seed makes the same homes say the same things in the same order.
    """
    dice = random.Random(seed)  # noqa: S311 - a play, not a secret
    stop = stop or threading.Event()
    receiver = HardwareReceiver(host, port)
    codes, weights = zip(*EVENTS, strict=True)
    event_at = time.monotonic() + dice.expovariate(1 / mean_pause)
    receiver.heartbeat()
    while not stop.wait(max(0.0, min(HEARTBEAT, event_at - time.monotonic()))):
        if time.monotonic() < event_at:
            receiver.heartbeat()
            continue
        home, (code,) = dice.choice(homes), dice.choices(codes, weights)
        receiver.event(home.account, code, dice.randint(1, 4))
        event_at = time.monotonic() + dice.expovariate(1 / mean_pause)
    receiver.close()
    log.info("simulator.lines_ended", **receiver.counted)
    return receiver.counted
