"""BS 8521-2 style alarms (NOWIP) in SIP MESSAGE: a string of 24 digits, bare or in small XML.

The standard is sold and was not at hand: field widths, event numbers and the types of messages are
second-hand, and no conformity is claimed. What no table here knows is an alarm of unknown kind.
"""

import re
from datetime import datetime, timedelta

from typing_extensions import override

from telecare.protocols import xml_documents
from telecare.protocols.base import AlarmProtocol, Cut, KeyOf, Kind, Message, Phase, Report, Verdict
from telecare.protocols.sip_frames import SipFramer
from telecare.protocols.sip_messages import sender
from telecare.protocols.xml_documents import Malformed

CONTENT_TYPE = "application/xml"
ROOT = "ATM"
HEARTBEAT, ALARM, REJECTED, BUSY, COMMAND_ANSWER, ACKNOWLEDGED = "0", "1", "5", "6", "7", "A"
# Of a string without a number the same again is a repeat for so long.
SAME_WITHIN = timedelta(seconds=60)

FIELDS = (
    "system",
    "speech",
    "conformance",
    "controller",
    "unit",
    "event",
    "location",
    "priority",
    "status",
)
_ALARM = re.compile(r"(\d)(\d)(\d\d)(\d{8})(\d{4})(\d{3})(\d\d)(\d)(\d\d)")
_HEARTBEAT = re.compile(r"(\d{8})(\d{4})")
_BARE = re.compile(rb"\s*\d{24}\s*")
_WRAPPED = re.compile(rb"(?s)\s*(?:<\?xml[^>]*\?>\s*)?<ATM[\s>]", re.IGNORECASE)

EVENTS = {
    10: Kind.PERSONAL,
    19: Kind.PERSONAL,
    20: Kind.PERSONAL,
    21: Kind.FALL,
    22: Kind.FALL,
    25: Kind.PERSONAL,
    26: Kind.GAS,
    30: Kind.WANDERING,
    35: Kind.MEDICATION,
    37: Kind.INACTIVITY,
    43: Kind.INACTIVITY,
    47: Kind.WATER,
    51: Kind.MAINS,
    53: Kind.UNIT_BATTERY,
    58: Kind.TEST,
    61: Kind.RADIO,
    62: Kind.LINK,
}
RECTIFIED, LOW_BATTERY = 4, 7


class Bs8521(AlarmProtocol):
    """The protocol as the SIP door uses it; it holds no state."""

    name = "bs8521"
    content_type = CONTENT_TYPE

    @override
    def framer(self) -> SipFramer:
        return SipFramer()

    def is_from(self, message: Message, user: str) -> bool:
        """A unit speaks for itself, a controller for all of its units."""
        return user in {message.account, message.account[:8]}

    @override
    def decode(self, cut: Cut, key_of: KeyOf, now: datetime) -> Message:
        kind, data = _parts(cut.body)
        message = _message(kind, data)
        message.data = cut.body.decode("utf-8", "replace").replace("\x00", "")
        # What cannot be read is the same only if every byte of it is.
        message.content = f"{kind}|{data}".encode() if data else cut.body
        message.account = message.account or sender(cut.raw)
        message.encrypted = cut.proven
        if kind == ACKNOWLEDGED:
            message.verdict, message.reason = Verdict.BROKEN, "answer"
        elif cut.flaw:
            message.verdict, message.reason = Verdict.SEALED, cut.flaw
        return message

    @override
    def acknowledge(self, message: Message, key_of: KeyOf, now: datetime) -> bytes:
        return _say(ACKNOWLEDGED, message)

    @override
    def refuse(self, message: Message, now: datetime) -> bytes | None:
        return None if message.verdict is Verdict.BROKEN else _say(REJECTED, message)


def speaks(body: bytes) -> bool:
    """Whether a body is of this protocol."""
    return _BARE.fullmatch(body) is not None or _WRAPPED.match(body) is not None


def _say(kind: str, message: Message) -> bytes:
    """The answer carries the string it answers, as there is no other reference."""
    data = dict(message.extras).get("string", "")
    return xml_documents.write(ROOT, [("type", kind), ("data", data)])


def _parts(body: bytes) -> tuple[str, str]:
    """The type of the message and its string."""
    if _BARE.fullmatch(body):
        return ALARM, body.decode("ascii").strip()
    try:
        document = xml_documents.read(body)
    except Malformed:
        return "", ""
    return document.first("type").upper()[:2], re.sub(r"\s", "", document.first("data"))[:64]


def _message(kind: str, data: str) -> Message:
    said = [("string", data)]
    if found := _ALARM.fullmatch(data):
        said += list(zip(FIELDS, found.groups(), strict=True))
        account = found[4] + found[5]
        report = _report(int(found[6]), int(found[9]), found[7])
    elif found := _HEARTBEAT.fullmatch(data):
        account = data
        report = Report(Kind.UNKNOWN, Phase.NEW, "")
    else:
        report = Report(Kind.UNKNOWN, Phase.NEW, "")
        return Message(Verdict.ODD, token=kind, reports=[report], extras=said, reason="format")
    if kind == HEARTBEAT:
        report = Report(Kind.HEARTBEAT, Phase.NEW, HEARTBEAT)
    elif kind in {REJECTED, BUSY, COMMAND_ANSWER}:
        report = Report(Kind.UPDATE, Phase.STILL, kind)
    elif kind != ALARM:
        report = Report(Kind.UNKNOWN, Phase.NEW, report.code)
    return Message(
        Verdict.GOOD,
        token=kind,
        account=account,
        reports=[report],
        extras=said,
        same_within=SAME_WITHIN,
    )


def _report(event: int, status: int, location: str) -> Report:
    kind = EVENTS.get(event, Kind.UNKNOWN)
    phase = Phase.OVER if status == RECTIFIED else Phase.NEW
    if status == LOW_BATTERY and kind is not Kind.UNIT_BATTERY:
        kind = Kind.PENDANT_BATTERY
    return Report(kind, phase, f"{event:03}/{status:02}", area=location)
