"""One caller for each door, all with the same few things to say: the table of the rules' tests."""

import re
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

from telecare.protocols.dc09_frames import wrap
from tests.telecare.sip_units import mrq, request

HERE = "127.0.0.1"
TCP, UDP = socket.SOCK_STREAM, socket.SOCK_DGRAM
ACCOUNT = "4711"
# Of BS 8521-2: eight digits of a controller, four of a unit.
LONG_ACCOUNT = "123456780001"


@dataclass(frozen=True, kw_only=True)
class Caller:
    """How somebody speaks at a door. Frames are made from a number, so that each is news."""

    door: str
    protocol: str
    kind: socket.SocketKind
    press: Callable[[int], bytes]
    unknown: Callable[[int], bytes]
    damaged: Callable[[int], bytes]
    # The end of any answer, and the answer that lets a unit forget.
    ends: re.Pattern[bytes]
    taken: re.Pattern[bytes]
    account: str = ACCOUNT

    def ask(
        self, port: int, frame: bytes, wait: float = 30.0, *, again: float | None = None
    ) -> bytes:
        """All that is heard until an answer is whole; what there is when nobody says more.

        `again`: after so many seconds a datagram is sent once more, as units do.
        """
        heard = b""
        until = time.monotonic() + wait
        again = again if self.kind is UDP else None
        with socket.socket(socket.AF_INET, self.kind) as line:
            line.connect((HERE, port))
            line.sendall(frame)
            while not self.ends.search(heard) and (left := until - time.monotonic()) > 0:
                line.settimeout(left if again is None else min(left, again))
                try:
                    data = line.recv(65_536)
                except TimeoutError:
                    if again is None:
                        break
                    line.sendall(frame)
                    continue
                if not data:
                    break
                heard += data
        return heard

    def is_taken(self, answer: bytes) -> bool:
        return self.taken.search(answer) is not None


def _cid(code: str) -> Callable[[int], bytes]:
    return lambda number: wrap(
        f'"ADM-CID"{number:04}L0#{ACCOUNT}[#{ACCOUNT}|{code} 01 003]'.encode()
    )


def _sip(transport: str, **fields: str) -> Callable[[int], bytes]:
    def made(number: int) -> bytes:
        body = mrq(cid=ACCOUNT, ref=f"A{number}", **fields)
        branch = f"z9hG4bK-{number}-{time.monotonic_ns()}"
        frame = request(user=ACCOUNT, body=body, branch=branch, call=f"c{number}")
        return frame.replace(b"SIP/2.0/UDP", f"SIP/2.0/{transport}".encode())

    return made


def _atm(transport: str, event: str, first: int) -> Callable[[int], bytes]:
    """A string of 24 digits; it has no number, so where in the home it was makes it news."""

    def made(number: int) -> bytes:
        data = f"1001{LONG_ACCOUNT}{event}{(first + number) % 100:02}100"
        frame = request(
            user=LONG_ACCOUNT,
            body=f"<ATM><type>1</type><data>{data}</data></ATM>",
            branch=f"z9hG4bK-{number}-{time.monotonic_ns()}",
            call=f"b{number}",
            content_type="application/xml",
        )
        return frame.replace(b"SIP/2.0/UDP", f"SIP/2.0/{transport}".encode())

    return made


def _line(code: str) -> Callable[[int], bytes]:
    return lambda number: f"5011 18{ACCOUNT}E{code}01{number:03}\x14".encode()


def _sos(code: str, close: str = "eventcode") -> Callable[[int], bytes]:
    return lambda number: (
        '<?xml version="1.0" encoding="ISO-8859-1"?><alarmrequest>'
        f"<authentication>012345678901234</authentication><reference>r{number}</reference>"
        f"<receiver>1</receiver><transmittertime>2026-11-22 03:04:{number:02}</transmittertime>"
        f"<transmittertype>SV300</transmittertype><transmittercode>{ACCOUNT}</transmittercode>"
        f"<eventcode>{code}</{close}></alarmrequest>"
    ).encode()


def _dc09(kind: socket.SocketKind, first: int) -> Caller:
    """The two ways in are one door: what came by one is a repeat at the other."""
    press, unknown = _cid("1101"), _cid("1999")
    return Caller(
        door="dc09-tcp" if kind is TCP else "dc09-udp",
        protocol="sia-dc09",
        kind=kind,
        press=lambda number: press(first + number),
        unknown=lambda number: unknown(first + number),
        damaged=lambda number: press(first + number).replace(b"|1101", b"|1100"),
        ends=re.compile(rb"\r"),
        taken=re.compile(rb'"ACK"'),
    )


_SCAIP_ENDS = re.compile(rb"</mrs>|SIP/2\.0 [345]\d\d")
_SCAIP_TAKEN = re.compile(rb"(?s)SIP/2\.0 200 .*<snu>0</snu>")


def _scaip(transport: str, kind: socket.SocketKind, first: int) -> Caller:
    press, unknown = _sip(transport), _sip(transport, dty="9999", stc="9999")
    return Caller(
        door=f"scaip-{transport.lower()}",
        protocol="scaip",
        kind=kind,
        press=lambda number: press(first + number),
        unknown=lambda number: unknown(first + number),
        damaged=lambda number: press(first + number).replace(b"</mrq>", b"</mrx>"),
        ends=_SCAIP_ENDS,
        taken=_SCAIP_TAKEN,
    )


def _bs8521(transport: str, kind: socket.SocketKind, first: int) -> Caller:
    press = _atm(transport, "020", first)
    return Caller(
        door=f"bs8521-{transport.lower()}",
        protocol="bs8521",
        kind=kind,
        press=press,
        unknown=_atm(transport, "999", first),
        damaged=lambda number: press(number).replace(b"</ATM>", b"</ATX>"),
        ends=re.compile(rb"</ATM>|SIP/2\.0 [345]\d\d"),
        taken=re.compile(rb"(?s)SIP/2\.0 200 .*<type>A</type>"),
        account=LONG_ACCOUNT,
    )


CALLERS = (
    _dc09(TCP, 0),
    _dc09(UDP, 100),
    _scaip("TCP", TCP, 0),
    _scaip("UDP", UDP, 100),
    _bs8521("TCP", TCP, 0),
    _bs8521("UDP", UDP, 50),
    Caller(
        door="receiver-lines",
        protocol="receiver-lines",
        kind=TCP,
        press=_line("101"),
        unknown=_line("999"),
        damaged=lambda _: b"1234181140010221\x14",
        ends=re.compile(rb"."),
        taken=re.compile(rb"^\x06$"),
    ),
    Caller(
        door="sos-access",
        protocol="sos-access",
        kind=TCP,
        press=_sos("PA"),
        unknown=_sos("X-77"),
        damaged=_sos("PA", close="evntcode"),
        ends=re.compile(rb"</alarmresponse>"),
        taken=re.compile(rb"<status>0</status>"),
    ),
)
