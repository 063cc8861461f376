"""Home units built on an independent encoder, that keep a ledger of what was acknowledged."""

import socket
import threading
import time
from dataclasses import dataclass, field

from my_dc09_spt.msg.dc05_msg import dc05_msg
from my_dc09_spt.msg.dc09_msg import dc09_msg
from typing_extensions import override

from telecare.protocols.dc09_frames import Dc09Framer

PATIENCE = 1.5  # seconds until an unanswered event is sent again
KEY = bytes(range(32))
CODES = (101, 103, 110, 100)


@dataclass
class Ledger:
    """What one unit sent, by sequence: False until it was acknowledged."""

    acknowledged: dict[int, bool] = field(default_factory=dict)
    repeats: int = 0
    waited: dict[int, float] = field(default_factory=dict)  # seconds, until it was acknowledged


class Dialler(threading.Thread):
    """One unit: the same event again and again until it is acknowledged, then the next one."""

    def __init__(self, account: str, port: int, *, udp: bool, key: bytes | None) -> None:
        super().__init__(daemon=True, name=f"unit {account}")
        self.account = account
        self.ledger = Ledger()
        self.ends = threading.Event()
        self.patience = PATIENCE
        self._address = ("127.0.0.1", port)
        self._encoder = dc09_msg(account, key, receiver=1, line=0)
        self._udp = udp
        self._line: socket.socket | None = None
        self._framer = Dc09Framer()

    @override
    def run(self) -> None:
        number = 0
        while not self.ends.is_set():
            number += 1
            self.ledger.acknowledged[number] = False
            began = time.monotonic()
            while not self.ends.is_set():
                if self.ask(number):
                    self.ledger.acknowledged[number] = True
                    self.ledger.waited[number] = time.monotonic() - began
                    break
                self.ledger.repeats += 1
                self.hang_up()
                self.ends.wait(0.2)
        self.hang_up()

    def ask(self, number: int) -> bool:
        """Send one event; whether its own acknowledgement came."""
        event = {"code": CODES[number % len(CODES)], "q": 1, "zone": number % 1000}
        block = self._encoder.dc09block(
            number, "ADM-CID", dc05_msg.dc05event(self.account, event)
        ).encode()
        try:
            line = self._connected()
            line.send(block)
            return self._hears(line, number)
        except OSError:
            return False

    def _hears(self, line: socket.socket, number: int) -> bool:
        while True:
            said = line.recv(2048)
            if not said:
                return False
            for cut in self._framer.feed(said):
                answer, _ = self._encoder.dc09answer(number, cut.raw.decode())
                if answer == "ACK":
                    return True

    def _connected(self) -> socket.socket:
        if self._line is None:
            kind = socket.SOCK_DGRAM if self._udp else socket.SOCK_STREAM
            self._line = socket.socket(socket.AF_INET, kind)
            self._line.settimeout(self.patience)
            self._framer = Dc09Framer()
            self._line.connect(self._address)
        return self._line

    def hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None


class OnLines(Dialler):
    """Whatever speaks another protocol on a line of TCP."""

    def __init__(self, account: str, port: int) -> None:
        super().__init__(account, port, udp=False, key=None)


class Transmitter(OnLines):
    """One unit that speaks SOS Access; the reference of each event is its number."""

    @override
    def ask(self, number: int) -> bool:
        reference = f"{number:04d}"
        request = (
            '<?xml version="1.0" encoding="ISO-8859-1"?><alarmrequest>'
            f"<authentication>{'0' * 15}</authentication><reference>{reference}</reference>"
            f"<receiver>1</receiver><transmittertime>{number}</transmittertime>"
            f"<transmittertype>SIM01</transmittertype><transmittercode>{self.account}"
            "</transmittercode><eventcode>QA</eventcode></alarmrequest>"
        )
        try:
            line = self._connected()
            line.sendall(request.encode())
            said = b""
            while b"</alarmresponse>" not in said:
                data = line.recv(2048)
                if not data:
                    return False
                said += data
        except OSError:
            return False
        return f"<reference>{reference}</reference><status>0<".encode() in said


class HardwareReceiver(OnLines):
    """A receiver that passes on lines of an analogue unit; the zone of each event is its number."""

    @override
    def ask(self, number: int) -> bool:
        try:
            line = self._connected()
            line.sendall(f"5011 18{self.account}E101{number:05d}\x14".encode())
            return line.recv(1) == b"\x06"
        except OSError:
            return False
