"""SCAIP (SS 91100, TS 50134-9): the XML that home units send in SIP, and what we answer."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from typing_extensions import override

from telecare.protocols import scaip_codes, xml_documents
from telecare.protocols.base import AlarmProtocol, Cut, KeyOf, Kind, Message, Phase, Report, Verdict
from telecare.protocols.scaip_codes import number
from telecare.protocols.sip_frames import SipFramer
from telecare.protocols.sip_messages import sender
from telecare.protocols.xml_documents import Document, Malformed
from telecare.triage import Becomes, sort

CONTENT_TYPE = "application/scaip+xml"
REQUEST, RESPONSE = "mrq", "mrs"
# One product sends another root, and expects the answer in the 200 itself.
VARIANT = "scaip"
_MARK = ("root", VARIANT)

# After the 32 s of a SIP transaction, or after failover, a unit sends the same reference anew.
SAME_WITHIN = timedelta(days=3)
# References that cannot tell one press from the next: two presses must stay two.
SAME_WITHIN_UNNUMBERED = timedelta(seconds=60)
LONGEST_REFERENCE = 16

OK, TOO_LONG, BAD_FORMAT, WRONG_CONTENT = 0, 1, 2, 3
ON_HOLD, NOT_TREATED, BUSY, MISSING, NO_REFERENCE, OTHER = 4, 5, 6, 7, 10, 99
# What is wrong with a message, and the `snu` that tells the unit.
FLAWS = {
    "too_long": TOO_LONG,
    "format": BAD_FORMAT,
    "root": WRONG_CONTENT,
    "missing": MISSING,
    "reference": NO_REFERENCE,
}

DUPLEX, OPEN_ONE_MINUTE, DEFAULT_NUMBER, THIS_NUMBER = "1", "1", "61", "62"


class Scaip(AlarmProtocol):
    """The protocol as the receivers use it; `voice_number` is what units call for speech."""

    name = "scaip"
    content_type = CONTENT_TYPE

    def __init__(self, voice_number: str = "") -> None:
        self._voice_number = voice_number

    @override
    def framer(self) -> SipFramer:
        return SipFramer()

    def is_from(self, message: Message, user: str) -> bool:
        """Nobody speaks for another unit."""
        return message.account == user

    @override
    def decode(self, cut: Cut, key_of: KeyOf, now: datetime) -> Message:
        """Read the body of a MESSAGE; a flaw of the SIP side makes it one not to be trusted."""
        try:
            document = xml_documents.read(cut.body)
        except Malformed as error:
            account = sender(cut.raw)
            report = Report(Kind.UNKNOWN, Phase.NEW, "")
            return Message(Verdict.ODD, account=account, reports=[report], reason=str(error))
        message = _message(document, cut)
        if document.root == RESPONSE:
            message.verdict, message.reason = Verdict.BROKEN, "answer"
            return message
        message.reports = [_report(document)]
        flaw = _flaw(document, message)
        if flaw:
            message.verdict, message.reason = Verdict.ODD, flaw
        if cut.flaw:
            message.verdict, message.reason = Verdict.SEALED, cut.flaw
        if message.verdict is not Verdict.GOOD:
            message.same_within = None  # it does not count as a message that was taken
        return message

    @override
    def acknowledge(self, message: Message, key_of: KeyOf, now: datetime) -> bytes:
        """The `mrs` that lets the unit forget the message, and says how to speak."""
        fields = [("ref", message.sequence), ("snu", str(OK)), *self._voice(message)]
        return xml_documents.write(VARIANT if is_variant(message) else RESPONSE, fields)

    @override
    def refuse(self, message: Message, now: datetime) -> bytes | None:
        """The `mrs` that says what is wrong; None where there is nothing to answer to."""
        if message.verdict is Verdict.BROKEN or not message.data:
            return None
        code = FLAWS.get(message.reason, OTHER)
        return answer(message.sequence, code, VARIANT if is_variant(message) else RESPONSE)

    def _voice(self, message: Message) -> list[tuple[str, str]]:
        """Alarms get a voice, over the first medium the unit offers."""
        report = message.reports[0]
        wanted = sort(report).becomes is Becomes.ALARM and report.kind is not Kind.UNKNOWN
        said = dict(message.extras)
        offered = media([value for name, value in message.extras if name == "crd"])
        if not wanted or is_variant(message) or offered[0] == "none":
            return []
        if number(said.get("cha", "")) == 1:  # the unit asks us to call
            return [("mre", DUPLEX), ("cre", OPEN_ONE_MINUTE)]
        if offered[0] == "gsm" and self._voice_number:
            number_ = f"gsm:{self._voice_number}"
            return [("mre", DUPLEX), ("cre", THIS_NUMBER), ("tnu", number_)]
        return [("mre", DUPLEX), ("cre", DEFAULT_NUMBER)]


def answer(reference: str, code: int, root: str = RESPONSE) -> bytes:
    """An `mrs` with one status number and no voice."""
    return xml_documents.write(root, [("ref", reference or "0"), ("snu", str(code))])


def is_variant(message: Message) -> bool:
    return bool(message.extras) and message.extras[0] == _MARK


def account_of(written: str) -> str:
    """A controller id as we file it: blanks and the plus sign of telephone numbers left out."""
    return "".join(written.split()).removeprefix("+").upper()[:32]


def _message(document: Document, cut: Cut) -> Message:
    first = document.first
    kind = (first("mty") or "ME").upper()[:16]
    reference = first("ref")[:32]
    said = [first(name) for name in ("cid", "did", "stt", "lte", "ite")]
    codes = [str(number(first(name))) for name in ("dty", "stc", "dco", "lco")]
    if first("ame"):  # parts differ in anything, and each is kept
        said = [value for _, value in document.fields]
    return Message(
        Verdict.GOOD,
        token=kind,
        # Refused for its want of a `cid`, it still has to be somebody's.
        account=account_of(first("cid")) or sender(cut.raw),
        sequence=reference,
        data=cut.body.decode("utf-8", "replace").replace("\x00", ""),
        extras=[_MARK, *document.fields] if document.root == VARIANT else document.fields,
        encrypted=cut.proven,
        content="\x1f".join([kind, *codes, *said]).encode(),
        same_within=SAME_WITHIN if reference.strip("0") else SAME_WITHIN_UNNUMBERED,
        position=place(first("lge.geo") or first("lge.gga") or first("lge")),
    )


def _report(document: Document) -> Report:
    first = document.first
    device, status = number(first("dty")), number(first("stc"))
    kind, phase = _meaning((first("mty") or "ME").upper(), device, status)
    code = f"{'' if device is None else device}/{'' if status is None else status}"
    words = [first(name) for name in ("dte", "stt", "lte", "ite")]
    text = " · ".join(word for word in words if word)
    return Report(kind, phase, code, area=first("lco")[:16], zone=first("did")[:16], text=text)


def _meaning(kind: str, device: int | None, status: int | None) -> tuple[Kind, Phase]:
    """The type of message wins: a heartbeat that looks like an alarm is a heartbeat."""
    if kind == "PI":
        return Kind.HEARTBEAT, Phase.NEW
    if kind == "RE":
        return Kind.CANCEL, Phase.NEW
    if kind == "IN":
        return Kind.UPDATE, Phase.STILL
    if kind == "ME":
        return scaip_codes.meaning(device, status)
    return Kind.UNKNOWN, Phase.NEW


def _flaw(document: Document, message: Message) -> str:
    """What makes the message one we refuse. The schema has more to say; an alarm outranks it."""
    first = document.first
    if document.root not in {REQUEST, VARIANT}:
        return "root"
    if not message.sequence:
        return "reference"
    if not first("cid") or not first("dty"):
        return "missing"
    if len(first("ref")) > LONGEST_REFERENCE or len(first("pri")) > 1:
        return "too_long"
    if not (message.account.isascii() and message.account.isdecimal()):
        return "format"
    return ""


def media(offered: Sequence[str]) -> list[str]:
    """How the unit can speak, in its order of preference (`crd`); SIP where it does not say."""
    named = [each.partition(":")[0].strip().lower() for each in offered]
    return ["none" if each == "no-voice" else each for each in named if each] or ["sip"]


_POINT = re.compile(r"\s*([+-]?\d{1,2}(?:\.\d+)?)\s*[,;\s]\s*([+-]?\d{1,3}(?:\.\d+)?)\s*")
_GGA = re.compile(r"\$?G.GGA,[^,]*,(\d\d)(\d\d\.\d+),([NS]),(\d{3})(\d\d\.\d+),([EW]),")


def place(written: str) -> tuple[float, float] | None:
    """Degrees north and east from `45.4642,9.1900` or a GGA sentence."""
    if not written:
        return None
    if found := _POINT.fullmatch(written):
        at = float(found[1]), float(found[2])
    elif found := _GGA.match(written.strip()):
        north = int(found[1]) + float(found[2]) / 60
        east = int(found[4]) + float(found[5]) / 60
        at = (-north if found[3] == "S" else north), (-east if found[6] == "W" else east)
    else:
        return None
    return at if abs(at[0]) <= 90 and abs(at[1]) <= 180 else None  # noqa: PLR2004 - degrees
