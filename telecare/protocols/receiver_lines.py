"""Text lines of hardware receivers (Sur-Gard MLR2 and System, Radionics 6500, Ademco 685).

They answer the telephone for analogue units and pass on what they heard, one line an event. The
receiver repeats a line every 4 s until it gets the byte 0x06, and holds back all that comes after.
"""

import re
from datetime import datetime, timedelta

from typing_extensions import override

from telecare.protocols import contact_id, sia_codes
from telecare.protocols.base import AlarmProtocol, Cut, KeyOf, Kind, Message, Phase, Report, Verdict
from telecare.protocols.line_frames import LineFramer

ACK = b"\x06"
# A line has no number: sent again within this time it is the same, later it is another press.
SAME_WITHIN = timedelta(seconds=30)
SAME_HEARTBEAT_WITHIN = timedelta(minutes=10)
# The account of a receiver itself: its heartbeats, its own troubles.
RECEIVER = "RX"

_HEAD = r"(?P<receiver>[0-9A-F]{2})(?P<line>[0-9A-F]{1,3})"
_EVENT = r"(?P<q>[ERP136])(?P<code>[0-9A-F]{3})(?P<group>[0-9A-F]{2})(?P<zone>[0-9A-F]{3})"
# Sur-Gard, with one digit of line (MLR2) or three (System).
_SURGARD = re.compile(rf"5{_HEAD} +[19]8(?P<account>[0-9A-F]{{3,6}}){_EVENT}")
_RADIONICS = re.compile(rf"[aA]{_HEAD} +(?P<account>[0-9A-F]{{3,6}})[19]8{_EVENT}")
_ADEMCO = re.compile(
    r"(?P<receiver>[0-9A-F])(?P<line>[0-9A-F]) +(?P<account>[0-9A-F]{3,6}) [19]8 "
    r"(?P<q>[ERP136])(?P<code>[0-9A-F]{3}) (?P<group>[0-9A-F]{2}) [CU]?(?P<zone>[0-9A-F]{3})"
)
_CONTACT_ID = (_SURGARD, _RADIONICS, _ADEMCO)
_HEARTBEAT = re.compile(r"1(?P<receiver>[0-9A-F]{2})(?P<line>[0-9A-F]{1,3}) +@ *")
_ADEMCO_HEARTBEAT = re.compile(r"(?P<receiver>[0-9A-F])(?P<line>[0-9A-F]) +OKAY +@ *")
_BASIC = re.compile(
    rf"1{_HEAD} +(?P<account>[0-9A-F]{{3,6}}) (?P<code>[0-9A-Z ])(?P<group>[0-9A-F ])"
    r"(?P<zone>[0-9A-F ]{0,3})"
)
_SIA_BLOCK = re.compile(rf"S{_HEAD} *\[(?P<block>[^\]]*)\]?")
_SIA = re.compile(rf"3{_HEAD} *(?P<account>[0-9A-F]{{3,6}})(?P<code>[A-Z]{{2}})(?P<zone>\w{{0,4}})")
_OF_RECEIVER = re.compile(rf"0{_HEAD}")
_CALLER = re.compile(rf"4{_HEAD} *(?P<account>[0-9A-F]{{3,6}})")
_ANY = re.compile(rf"[0-9A-Za-z]{_HEAD}")
# What an edge box heard as tones: account, 18, event, group, zone and the check digit.
_DIGITS = re.compile(
    r"(?P<account>[0-9B-F]{4})(?P<kind>\d\d)"
    r"(?P<q>[136])(?P<code>[0-9B-F]{3})(?P<group>[0-9B-F]{2})(?P<zone>[0-9B-F]{3})[0-9B-F]"
)
_SIXTEEN = re.compile(r"[0-9A-F*#]{14,16}")
_AS_DIGITS = str.maketrans("*#ABC", "BCDEF")

PHASES = {**contact_id.PHASES, "E": Phase.NEW, "R": Phase.OVER, "P": Phase.STILL}
# Events of one character (formats 3+1, 4+1 and 4+2), as the maker recommends them.
BASIC = {
    "0": (Kind.TEST, Phase.NEW),
    "1": (Kind.SMOKE, Phase.NEW),
    "2": (Kind.PERSONAL, Phase.NEW),
    "3": (Kind.INTRUSION, Phase.NEW),
    "4": (Kind.PRESENCE, Phase.NEW),
    "5": (Kind.PRESENCE, Phase.NEW),
    "6": (Kind.SYSTEM, Phase.NEW),
    "7": (Kind.PERSONAL, Phase.NEW),
    "8": (Kind.UPDATE, Phase.NEW),
    "9": (Kind.UPDATE, Phase.OVER),
    "B": (Kind.SYSTEM, Phase.NEW),
    "C": (Kind.PRESENCE, Phase.NEW),
    "F": (Kind.CANCEL, Phase.NEW),
    "H": (Kind.SYSTEM, Phase.OVER),
    "O": (Kind.PRESENCE, Phase.NEW),
    "R": (Kind.UPDATE, Phase.OVER),
    "T": (Kind.SYSTEM, Phase.NEW),
}


class ReceiverLines(AlarmProtocol):
    """The protocol as the receivers use it; it holds no state."""

    name = "receiver-lines"

    @override
    def framer(self) -> LineFramer:
        return LineFramer()

    @override
    def decode(self, cut: Cut, key_of: KeyOf, now: datetime) -> Message:
        """Whatever a receiver has sent whole is taken: refused, it would hold up all the rest."""
        if cut.flaw:
            return Message(Verdict.BROKEN, reason=cut.flaw)
        text = cut.body.decode("ascii")
        if _SIXTEEN.fullmatch(text):
            message = _tones(text)
        else:
            message = _contact_id(text) or _sia(text) or _basic(text) or _other(text)
        message.data = text
        message.content = cut.body
        if message.same_within is None:
            message.same_within = SAME_WITHIN
        return message

    @override
    def acknowledge(self, message: Message, key_of: KeyOf, now: datetime) -> bytes:
        """One byte, in the order of the lines."""
        return ACK

    @override
    def refuse(self, message: Message, now: datetime) -> bytes | None:
        """Silence: the receiver sends the line again."""
        return None


def _contact_id(text: str) -> Message | None:
    found = next((match for form in _CONTACT_ID if (match := form.fullmatch(text))), None)
    return None if found is None else _event(found, found["receiver"], found["line"])


def _event(found: re.Match[str], receiver: str | None, line: str | None) -> Message:
    code = found["code"]
    report = Report(
        contact_id.kind_of(code), PHASES[found["q"]], code, found["group"], found["zone"]
    )
    return Message(
        Verdict.GOOD,
        token="CID",  # noqa: S106 - a word of the protocol
        account=found["account"],
        receiver=receiver,
        line=line,
        reports=[report],
    )


def _tones(text: str) -> Message:
    """Sixteen digits with a check digit, as hexadecimal or as keys of a telephone."""
    for digits in (text, text.translate(_AS_DIGITS)):
        found = _DIGITS.fullmatch(digits)
        if found is None or not _adds_up(digits):
            continue
        if found["kind"] not in {"18", "98"}:
            return Message(Verdict.BROKEN, account=found["account"], reason="message_type")
        return _event(found, None, None)
    return Message(Verdict.BROKEN, reason="checksum")


def _adds_up(digits: str) -> bool:
    """SIA DC-05: the sum of all digits is a multiple of 15, and 0 counts 10."""
    return sum(int(digit, 16) or 10 for digit in digits) % 15 == 0


def _sia(text: str) -> Message | None:
    """Two-letter codes: a block as in DC-09, or the short form of older receivers."""
    if found := _SIA_BLOCK.fullmatch(text):
        account, reports = sia_codes.read(found["block"])
    elif found := _SIA.fullmatch(text):
        account, reports = sia_codes.read(f"#{found['account']}|N{found['code']}{found['zone']}")
    else:
        return None
    return Message(
        Verdict.GOOD,
        token="SIA",  # noqa: S106 - a word of the protocol
        account=account or RECEIVER + found["receiver"],
        receiver=found["receiver"],
        line=found["line"],
        reports=reports,
    )


def _basic(text: str) -> Message | None:
    """Formats whose event is one character."""
    found = _BASIC.fullmatch(text)
    if found is None:
        return None
    kind, phase = BASIC.get(found["code"], (Kind.UNKNOWN, Phase.NEW))
    code, group, zone = found["code"].strip(), found["group"].strip(), found["zone"].strip()
    return Message(
        Verdict.GOOD,
        token="BASIC",  # noqa: S106 - a word of the protocol
        account=found["account"],
        receiver=found["receiver"],
        line=found["line"],
        reports=[Report(kind, phase, code, group, zone)],
    )


def _other(text: str) -> Message:
    """The receiver itself, the number of a caller, or a format that no table here knows."""
    if found := _HEARTBEAT.fullmatch(text) or _ADEMCO_HEARTBEAT.fullmatch(text):
        said = Report(Kind.HEARTBEAT, Phase.NEW, "@")
    elif found := _CALLER.match(text):
        said = Report(Kind.UPDATE, Phase.STILL, "4")
    elif found := _OF_RECEIVER.match(text):
        said = Report(Kind.SYSTEM, Phase.NEW, text[found.end() :].strip()[:16])
    else:
        found = _ANY.match(text)
        said = Report(Kind.UNKNOWN, Phase.NEW, "", text=text[:200])
    parts = found.groupdict() if found else {}
    receiver = parts.get("receiver")
    heartbeat = said.kind is Kind.HEARTBEAT
    return Message(
        Verdict.GOOD,
        token=text[:1],
        account=parts.get("account") or f"{RECEIVER}{receiver or ''}",
        receiver=receiver,
        line=parts.get("line"),
        reports=[said],
        same_within=SAME_HEARTBEAT_WITHIN if heartbeat else None,
    )
