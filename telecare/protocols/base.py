"""The port of every alarm protocol: bytes in, frames, one message each, its reports, an answer."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol


class Kind(StrEnum):
    """What a report means, whatever protocol said it (facts in `docs/add_a_protocol.md`)."""

    PERSONAL = "personal"
    FALL = "fall"
    INACTIVITY = "inactivity"
    SMOKE = "smoke"
    GAS = "gas"
    WATER = "water"
    TEMPERATURE = "temperature"
    WANDERING = "wandering"
    MEDICATION = "medication"
    INTRUSION = "intrusion"
    UNKNOWN = "unknown"
    UNREADABLE = "unreadable"
    MAINS = "mains"
    UNIT_BATTERY = "unit_battery"
    PENDANT_BATTERY = "pendant_battery"
    RADIO = "radio"
    LINK = "link"
    SENSOR = "sensor"
    TAMPER = "tamper"
    SYSTEM = "system"
    CLOCK = "clock"
    SILENT = "silent"
    KEY = "key"
    TEST_MISSED = "test_missed"
    LINE_ERRORS = "line_errors"
    PRESENCE = "presence"
    UPDATE = "update"
    TEST = "test"
    CANCEL = "cancel"
    HEARTBEAT = "heartbeat"


class Phase(StrEnum):
    """Whether what is reported begins, is over, or goes on."""

    NEW = "new"
    OVER = "over"
    STILL = "still"


class Verdict(StrEnum):
    """How far a frame can be trusted; it decides the answer, never whether it is stored."""

    GOOD = "good"
    CLOCK_OFF = "clock_off"
    SEALED = "sealed"
    ODD = "odd"
    BROKEN = "broken"


@dataclass(slots=True)
class Report:
    """One thing that a message says: a press, a mains failure, a test."""

    kind: Kind
    phase: Phase
    code: str
    area: str = ""
    zone: str = ""
    text: str = ""


@dataclass(slots=True)
class Cut:
    """A frame cut from the stream: all its bytes, its body, and what is wrong with it, if any."""

    raw: bytes
    body: bytes
    flaw: str = ""
    length_ok: bool = True
    raw_crc: bool = False
    # The way it came has shown that it is from the unit that holds the key (SIP digest).
    proven: bool = False
    # Whom the way it came names as the sender (a token, a topic), and the id it gives.
    sender: str = ""
    reference: str = ""


@dataclass(slots=True)
class Message:
    """One frame, read. `content` is the same whenever a device repeats the same message."""

    verdict: Verdict
    token: str = ""
    account: str = ""
    sequence: str = ""
    receiver: str | None = None
    line: str | None = None
    data: str = ""
    inner_account: str = ""
    reports: list[Report] = field(default_factory=list)
    extras: list[tuple[str, str]] = field(default_factory=list)
    sent_at: datetime | None = None
    encrypted: bool = False
    content: bytes = b""
    reason: str = ""
    # How long the same account, sequence and content are the same message; None: as usual.
    same_within: timedelta | None = None
    # What is said besides, by name: occurred_at, text, verification (a link), room, …
    blocks: dict[str, str] = field(default_factory=dict)
    # Degrees north and east.
    position: tuple[float, float] | None = None


KeyOf = Callable[[str], bytes | None]


class Framer(Protocol):
    """Cuts frames from one connection's bytes, however they were split or glued together."""

    @property
    def hopeless(self) -> bool:
        """Nothing but broken frames: the peer is no home unit."""

    @property
    def within_frame(self) -> bool:
        """A frame has begun and not ended yet."""

    def feed(self, data: bytes) -> list[Cut]:
        """The frames completed by `data`; broken ones carry a flaw."""


class AlarmProtocol(Protocol):
    """What a receiver needs to know of a protocol. Implementations do no input or output."""

    name: str

    def framer(self) -> Framer:
        """A framer for one new connection."""

    def decode(self, cut: Cut, key_of: KeyOf, now: datetime) -> Message:
        """Read a frame. Never raises: what cannot be read has a verdict that says why."""

    def acknowledge(self, message: Message, key_of: KeyOf, now: datetime) -> bytes:
        """The answer that lets the device forget the message. Sent after the commit only."""

    def refuse(self, message: Message, now: datetime) -> bytes | None:
        """The answer to a message that is not good, or None for silence."""
