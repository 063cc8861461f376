"""Simulated homes with SCAIP units: they register, give signs of life, and now and then call."""

import heapq
import random
import secrets
import socket
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from sipmessage import Message as SipMessage
from sipmessage import Via
from typing_extensions import override

from telecare.protocols import sip_digest, sip_messages, xml_documents
from telecare.protocols.scaip import CONTENT_TYPE, REQUEST
from telecare.protocols.sip_messages import Request, Unreadable
from telecare.protocols.sip_transactions import Flow, Questions

log = structlog.get_logger()

HEARTBEAT = 60.0  # seconds between two signs of life of one home
MEAN_PAUSE = 90.0  # seconds between two calls of the whole street, on average
REGISTERED_FOR = 3600  # seconds
LONGEST_WAIT = 0.25

ALIVE = (("mty", "PI"), ("dty", "0002"), ("crd", "no-voice:"))

# What homes say, how often as against the others: device type, status, location, media.
SAYINGS: Sequence[tuple[int, tuple[str, str, str, str]]] = (
    (6, ("0003", "0010", "043", "sip:")),  # the pendant, pressed in the living room
    (2, ("0002", "0010", "002", "sip:")),  # the unit's own button
    (2, ("0005", "0009", "011", "sip:")),  # a fall in the bathroom
    (1, ("0023", "0009", "021", "no-voice:")),  # smoke in the kitchen
    (1, ("0010", "0009", "012", "sip:")),  # nobody has moved
    (3, ("0002", "0085", "002", "no-voice:")),  # mains lost
    (3, ("0002", "0086", "002", "no-voice:")),  # and back
    (2, ("0003", "0016", "002", "no-voice:")),  # the pendant's battery
    (4, ("0002", "0102", "002", "no-voice:")),  # a test
)


@dataclass(frozen=True, kw_only=True)
class Home:
    """A home unit: its account, and the password of the digest if it has one."""

    account: str
    password: str = ""


@dataclass(slots=True)
class Sent:
    """What a unit has asked and may have to ask again with a proof."""

    home: Home
    method: str
    extra: list[tuple[str, str]]
    body: tuple[str, bytes] | None
    proved: bool = False


class Street(Flow):
    """Many units behind one UDP address, as behind the router of a block of flats."""

    def __init__(self, host: str, port: int) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.connect((host, port))
        self.transport, self.host, self.port = "udp", host, port
        own = self._socket.getsockname()[:2]
        self.local = f"{own[0]}:{own[1]}"
        self.counted: Counter[str] = Counter()
        self._questions = Questions()
        self._sent: dict[str, Sent] = {}

    @property
    @override
    def alive(self) -> bool:
        return True

    @override
    def send(self, data: bytes) -> None:
        try:
            self._socket.send(data)
        except ConnectionRefusedError:  # nobody listens yet: it is sent again
            self.counted["unheard"] += 1

    def close(self) -> None:
        self._socket.close()

    def register(self, home: Home) -> None:
        """Say where the unit can be told something."""
        contact = f"<sip:{home.account}@{self.local}>;expires={REGISTERED_FOR}"
        self._ask(Sent(home, "REGISTER", [("Contact", contact)], None))

    def say(self, home: Home, fields: Sequence[tuple[str, str]]) -> None:
        """Send an `mrq` with a reference of its own."""
        head = [("ref", secrets.token_hex(8)), ("cid", home.account)]
        body = xml_documents.write(REQUEST, [*head, *fields])
        self._ask(Sent(home, "MESSAGE", [], (CONTENT_TYPE, body)))

    def _ask(self, sent: Sent, proof: str = "") -> None:
        branch = sip_messages.branch()
        own = f"sip:{sent.home.account}@{self.local}"
        data = sip_messages.ask(
            sent.method,
            target=self._target,
            sender=own,
            receiver=own if sent.method == "REGISTER" else self._target,
            via=f"SIP/2.0/UDP {self.local}",
            branch=branch,
            cseq=1 + sent.proved,
            extra=[*sent.extra, *([("Authorization", proof)] if proof else [])],
            body=sent.body,
        )
        self._sent[branch] = sent
        self._questions.ask(branch, self, data, time.monotonic())

    @property
    def _target(self) -> str:
        return f"sip:centrale@{self.host}:{self.port}"

    def listen(self, wait: float) -> None:
        """Hear what comes within `wait` seconds, answer it, and repeat what is unanswered."""
        self._socket.settimeout(max(wait, 0.01))
        try:
            self._hear(self._socket.recv(65_536))
        except (TimeoutError, ConnectionRefusedError):
            self.counted["pauses"] += 1
        self._questions.repeat(time.monotonic())
        for branch in [each for each in self._sent if each not in self._questions.waiting]:
            del self._sent[branch]
            self.counted["unanswered"] += 1

    def _hear(self, data: bytes) -> None:
        if data.startswith(b"SIP/2.0"):
            self._answered(SipMessage.parse(data), int(data.split()[1]))
            return
        try:
            told = sip_messages.read(data)
        except Unreadable:
            self.counted["unreadable"] += 1
            return
        if isinstance(told, Request):
            self.counted[f"snu_{xml_documents.read(told.body).first('snu')}"] += 1
            self.send(sip_messages.respond(told, 200, host=self.host, port=self.port))

    def _answered(self, answer: SipMessage, code: int) -> None:
        branch = Via.parse_many(answer.headers["Via"])[0].parameters.get("branch") or ""
        self._questions.answered(branch, code)
        sent = self._sent.pop(branch, None)
        if sent is None:
            return
        self.counted[f"answer_{code}"] += 1
        if code == 401 and not sent.proved:  # noqa: PLR2004 - the unit's password is wanted
            sent.proved = True
            challenge = answer.headers["WWW-Authenticate"]
            password = sent.home.password.encode()
            account = sent.home.account
            proof = sip_digest.answer(challenge, sent.method, self._target, account, password)
            self._ask(sent, proof)


def alive(account: str) -> tuple[str, bytes]:
    """A sign of life as the body of a MESSAGE: its type and its bytes."""
    fields = [("ref", secrets.token_hex(8)), ("cid", account), *ALIVE]
    return CONTENT_TYPE, xml_documents.write(REQUEST, fields)


def run(
    homes: Sequence[Home],
    host: str,
    port: int,
    seed: int = 1,
    *,
    stop: threading.Event | None = None,
    mean_pause: float = MEAN_PAUSE,
    heartbeat: float = HEARTBEAT,
) -> Counter[str]:
    """Live in these homes until told to stop; returns what was said and heard, counted.

    The same seed makes the same homes say the same things in the same order.
    """
    dice = random.Random(seed)  # noqa: S311 - a play, not a secret
    stop = stop or threading.Event()
    if not homes:
        return Counter()
    street = Street(host, port)
    began = time.monotonic()
    signs = [(began + dice.uniform(0, heartbeat), number) for number in range(len(homes))]
    heapq.heapify(signs)
    call_at = began + dice.expovariate(1 / mean_pause)
    for home in homes:
        street.register(home)
    while not stop.is_set():
        now = time.monotonic()
        if now >= call_at:
            street.say(dice.choice(homes), _saying(dice))
            call_at = now + dice.expovariate(1 / mean_pause)
        while signs[0][0] <= now:
            _, number = heapq.heappop(signs)
            street.say(homes[number], ALIVE)
            heapq.heappush(signs, (now + heartbeat, number))
        street.listen(min(signs[0][0], call_at, now + LONGEST_WAIT) - now)
    street.close()
    log.info("simulator.scaip_ended", **street.counted)
    return street.counted


def _saying(dice: random.Random) -> list[tuple[str, str]]:
    weights = [weight for weight, _ in SAYINGS]
    ((_, (device, status, location, media)),) = dice.choices(SAYINGS, weights)
    return [("dty", device), ("stc", status), ("lco", location), ("crd", media)]
