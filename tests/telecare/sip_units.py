"""A unit and a way to it, for tests of our side of SIP without sockets."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from telecare.protocols.base import Cut, Message
from telecare.protocols.scaip import Scaip
from telecare.protocols.sip_digest import answer
from telecare.protocols.sip_frames import datagram
from telecare.protocols.sip_side import Exchange, SipSide
from telecare.protocols.sip_transactions import Flow

NOW = datetime(2026, 11, 22, tzinfo=UTC)
KEYS = {"4711": b"segreta"}
FRAMES = json.loads((Path(__file__).parents[1] / "frames" / "scaip.json").read_text())["vectors"]
# Whole messages as others have published them.
PUBLISHED = {each["id"]: bytes.fromhex(each["raw_hex"]) for each in FRAMES if "sip-" in each["id"]}


@dataclass
class Way:
    """A flow that keeps what was sent."""

    transport: str = "udp"
    host: str = "127.0.0.1"
    port: int = 5070
    local: str = "127.0.0.1:5060"
    alive: bool = True
    sent: list[bytes] = field(default_factory=list)

    def send(self, data: bytes) -> None:
        self.sent.append(data)

    @property
    def codes(self) -> list[int]:
        return [int(each.split()[1]) for each in self.sent if each.startswith(b"SIP/2.0")]

    @property
    def told(self) -> list[bytes]:
        """The MESSAGEs we sent."""
        return [each for each in self.sent if each.startswith(b"MESSAGE")]


class Centre:
    """Our side, with a store that keeps what it takes until it is told to commit."""

    def __init__(self, keys: dict[str, bytes] | None = None, domain: str = "") -> None:
        self.keys = KEYS if keys is None else keys
        self.taken: list[tuple[Cut, Message, Exchange | None]] = []
        self.now = 1000.0
        self.side = SipSide(
            Scaip("+390000000000"), self.keys.get, lambda it: it in self.keys, self.take, domain
        )

    def take(self, cut: Cut, message: Message, _flow: Flow, exchange: Exchange | None) -> None:
        self.taken.append((cut, message, exchange))

    def receive(self, raw: bytes, way: Way) -> None:
        cut = datagram(raw)
        assert cut is not None
        self.side.received(cut, way, self.now, NOW)

    def commit(self) -> list[Message]:
        done, self.taken = self.taken, []
        for _, message, exchange in done:
            if exchange is not None:
                self.side.stored(exchange, message, self.now, NOW)
        return [message for _, message, _ in done]

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.side.tick(self.now, NOW)


def mrq(cid: str = "815", ref: str = "A1", **more: str) -> str:
    fields = {"ref": ref, "cid": cid, "dty": "3", "stc": "10"} | more
    return "<mrq>" + "".join(f"<{name}>{text}</{name}>" for name, text in fields.items()) + "</mrq>"


def request(
    method: str = "MESSAGE",
    *,
    user: str = "815",
    body: str = "",
    branch: str = "z9hG4bK-1",
    call: str = "call-1",
    cseq: int = 1,
    uri: str = "sip:arc@127.0.0.1",
    content_type: str = "application/scaip+xml",
    headers: dict[str, str] | None = None,
) -> bytes:
    lines = [
        f"{method} {uri} SIP/2.0",
        f"Via: SIP/2.0/UDP 127.0.0.1:5070;branch={branch}",
        f"From: <sip:{user}@127.0.0.1>;tag=a1",
        f"To: <sip:{user if method == 'REGISTER' else 'arc'}@127.0.0.1>",
        f"Call-ID: {call}",
        f"CSeq: {cseq} {method}",
        *[f"{name}: {value}" for name, value in (headers or {}).items()],
    ]
    if body:
        lines.append(f"Content-Type: {content_type}")
    lines += [f"Content-Length: {len(body.encode())}", "", body]
    return "\r\n".join(lines).encode()


def authorization(
    challenge: bytes, algorithm: str, method: str, *, user: str = "4711", key: bytes = b"segreta"
) -> str:
    """The header that answers a 401."""
    lines = challenge.decode().split("\r\n")
    offer = next(
        line for line in lines if line.startswith("WWW-Auth") and f"algorithm={algorithm}" in line
    )
    return answer(offer, method, "sip:arc@127.0.0.1", user, key)
