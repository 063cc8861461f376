"""SOS Access v4: alarms, heartbeats and new passwords as XML over TCP or TLS.

After the open description in the documentation of pwitab/sos-access; it contradicts itself on one
status number, and the table is what counts.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from hmac import compare_digest
from xml.sax.saxutils import escape

from typing_extensions import override

from telecare.protocols import contact_id, sia_codes, xml_documents
from telecare.protocols.base import AlarmProtocol, Cut, KeyOf, Kind, Message, Phase, Report, Verdict
from telecare.protocols.sos_frames import LONGEST, SosFramer, masked
from telecare.protocols.xml_documents import Document, Malformed

ALARM, PING, NEW_PASSWORD = "alarmrequest", "pingrequest", "requestnewauthentication"
ANSWERS = {ALARM: "alarmresponse", PING: "pingresponse", NEW_PASSWORD: f"{NEW_PASSWORD}response"}
MANDATORY = {
    ALARM: ("authentication", "receiver", "transmittertype", "transmittercode", "eventcode"),
    PING: ("authentication", "transmittertype", "transmittercode"),
    NEW_PASSWORD: ("authentication", "transmittertype", "transmittercode"),
}
# Where a longer text is wrong. Descriptions may be as long as they like: an alarm outranks them.
LONGEST_FIELDS = {
    "reference": 50,
    "authentication": 15,
    "transmittertype": 5,
    "transmittercode": 15,
    "eventcode": 25,
}
# A reference need not be unique; the transmitter's own time tells one press from the next.
SAME_WITHIN_UNTIMED = timedelta(seconds=60)

OK, NOT_TREATED = 0, 5
STATUS = {
    OK: "OK",
    1: "INVALID_LENGTH",
    2: "INVALID_XML",
    3: "WRONG_CONTENT",
    4: "NOT_AUTHORIZED",
    NOT_TREATED: "NOT_TREATED_NOT_DISTRIBUTED",
    7: "MANDATORY_DATA_MISSING",
    99: "OTHER_ERROR",
    100: "XML_HEADER_MISSING_OR_INVALID",
}
FLAWS = {
    "too_long": 1,
    "size": 1,
    "xml": 2,
    "doctype": 2,
    "depth": 2,
    "token": 2,
    "root": 2,
    "content": 3,
    "wrong_key": 4,
    "no_password": 4,
    "missing": 7,
    "encoding": 100,
}
_NEITHER_NOR = 99

# The next password of an account, from the present one; the same whenever it is asked for.
Renew = Callable[[str, bytes], bytes]
# Renewals that may lie between the password we know and the one that a transmitter uses.
MOST_RENEWALS = 3

_ACCOUNT = re.compile(r"[^0-9A-Za-z]")
_WGS84 = re.compile(r"([NS])(\d\d)(\d\d)(\d\d)([EW])(\d{3})(\d\d)(\d\d)")
_SIA_CODE = re.compile(r"([A-Z]{2})\d*")
_CID_CODE = re.compile(r"[EeRr136]?(\d{3})")


class SosAccess(AlarmProtocol):
    """The protocol as the receivers use it; it holds no state."""

    name = "sos-access"

    def __init__(self, renew: Renew) -> None:
        self._renew = renew

    @override
    def framer(self) -> SosFramer:
        return SosFramer()

    @override
    def decode(self, cut: Cut, key_of: KeyOf, now: datetime) -> Message:
        if cut.flaw:
            return Message(Verdict.BROKEN, reason=cut.flaw)
        if not cut.length_ok:
            return _unread(cut.body, "too_long")
        try:
            document = xml_documents.read(cut.body, largest=LONGEST)
        except Malformed as error:
            return _unread(cut.body, str(error))
        message = _message(document, masked(cut.body))
        flaw = _flaw(document, message.account)
        if flaw:
            message.verdict, message.reason = Verdict.ODD, flaw
            return message
        self._check(message, document.first("authentication").encode(), key_of)
        return message

    def _check(self, message: Message, written: bytes, key_of: KeyOf) -> None:
        """A unit without a password of ours is believed by its account, and not trusted."""
        known = key_of(message.account)
        if known is None:
            if message.token == NEW_PASSWORD:
                message.verdict, message.reason = Verdict.ODD, "no_password"
            return
        if self.used(message.account, known, written) is None:
            message.verdict, message.reason = Verdict.SEALED, "wrong_key"
            return
        message.encrypted = True

    def used(self, account: str, known: bytes, written: bytes) -> bytes | None:
        """The password that was used: the one we know, or one we have given since."""
        for _ in range(1 + MOST_RENEWALS):
            if compare_digest(known, written):
                return known
            known = self._renew(account, known)
        return None

    @override
    def acknowledge(self, message: Message, key_of: KeyOf, now: datetime) -> bytes:
        more: list[tuple[str, str]] = []
        known = key_of(message.account)
        if message.token == NEW_PASSWORD and known is not None:
            more = [("newauthentication", self._renew(message.account, known).decode())]
        return answer(message, OK, now, more)

    @override
    def refuse(self, message: Message, now: datetime) -> bytes | None:
        if message.verdict is Verdict.BROKEN:
            return None
        return answer(message, FLAWS.get(message.reason, _NEITHER_NOR), now)


def elsewhere(message: Message, now: datetime) -> bytes | None:
    """It could not be stored: the transmitter must use its second destination."""
    return None if message.verdict is Verdict.BROKEN else answer(message, NOT_TREATED, now)


def answer(
    message: Message, status: int, now: datetime, more: list[tuple[str, str]] | None = None
) -> bytes:
    """The response to a request, in the only character set that the protocol knows."""
    fields = [
        *([("reference", message.sequence)] if message.sequence else []),
        ("status", str(status)),
        ("info", STATUS[status]),
        *(more or []),
        ("arrivaltime", now.strftime("%Y-%m-%d %H:%M:%S.") + f"{now.microsecond // 1000:03}"),
    ]
    inside = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in fields)
    root = ANSWERS.get(message.token, ANSWERS[ALARM])
    text = f'<?xml version="1.0" encoding="ISO-8859-1"?>\n<{root}>{inside}</{root}>'
    return text.encode("iso-8859-1", "xmlcharrefreplace")


def password_of(body: bytes) -> bytes:
    """The password in a document that has been read once."""
    return xml_documents.read(body, largest=LONGEST).first("authentication").encode()


def _unread(body: bytes, reason: str) -> Message:
    """What can be told of a document that is none: who sent it, and which answer it waits for."""
    account = _ACCOUNT.sub("", _glimpse(body, "transmittercode")).upper()[:16]
    token = next((root for root in ANSWERS if f"<{root}".encode() in body[:600]), "")
    report = Report(Kind.UNKNOWN, Phase.NEW, "")
    return Message(
        Verdict.ODD,
        token=token,
        account=account,
        sequence=_glimpse(body, "reference"),
        data=_text(masked(body)),
        reports=[report] if token in {ALARM, ""} else [],
        reason=reason,
    )


def _glimpse(body: bytes, name: str) -> str:
    found = re.search(rf"<{name}>([^<]{{1,50}})</{name}>".encode(), body)
    return _text(found[1]).strip() if found else ""


def _text(body: bytes) -> str:
    return body.decode("iso-8859-1").replace("\x00", "")


def _message(document: Document, body: bytes) -> Message:
    first = document.first
    told = [(name, value) for name, value in document.fields if name != "authentication"]
    timed = bool(first("transmittertime"))
    same = [value for name, value in told if name != "receiver"]
    return Message(
        Verdict.GOOD,
        token=document.root,
        account=_ACCOUNT.sub("", first("transmittercode")).upper()[:16],
        sequence=first("reference")[:50],
        receiver=first("receiver")[:20] or None,
        data=_text(body),
        reports=[_report(document)],
        extras=told,
        content="\x1f".join([document.root, *same]).encode(),
        same_within=None if timed or document.root == PING else SAME_WITHIN_UNTIMED,
        position=_place(first("position.pos") or first("position")),
    )


def _report(document: Document) -> Report:
    first = document.first
    if document.root == PING:
        return Report(Kind.HEARTBEAT, Phase.NEW, "ping")
    if document.root == NEW_PASSWORD:
        return Report(Kind.UPDATE, Phase.NEW, "password")
    code = first("eventcode")
    kind, phase = meaning(code)
    if first("alarmtype").upper() == "RE":
        phase = Phase.OVER
    words = [first(name) for name in ("sectiontext", "detectortext", "additionalinfo")]
    area = first("transmitterarea") or first("section")
    text = " · ".join(word for word in words if word)[:2000]
    return Report(kind, phase, code[:25], area[:16], first("detector")[:16], text)


def meaning(code: str) -> tuple[Kind, Phase]:
    """Event codes are agreed between people; in use are those of SIA and of Contact ID."""
    if found := _SIA_CODE.fullmatch(code.strip().upper()):
        return sia_codes.CODES.get(found[1], (Kind.UNKNOWN, Phase.NEW))
    if found := _CID_CODE.fullmatch(code.strip()):
        return contact_id.kind_of(found[1]), Phase.NEW
    return Kind.UNKNOWN, Phase.NEW


def _flaw(document: Document, account: str) -> str:
    """What makes the message one we refuse."""
    first = document.first
    wanted = MANDATORY.get(document.root)
    if wanted is None:
        return "root"
    if not account or any(not first(name) for name in wanted):
        return "missing"
    if any(len(first(name)) > most for name, most in LONGEST_FIELDS.items()):
        return "content"
    if document.root == ALARM and (first("alarmtype") or "AL").upper() not in {"AL", "RE"}:
        return "content"
    return ""


def _place(written: str) -> tuple[float, float] | None:
    """Degrees north and east from `N4538.12E00912.34` written without its points."""
    found = _WGS84.fullmatch(written.strip().upper())
    if found is None:
        return None
    north = _degrees(found[2], found[3], found[4])
    east = _degrees(found[6], found[7], found[8])
    if north is None or east is None or north > 90 or east > 180:  # noqa: PLR2004 - degrees
        return None
    return (-north if found[1] == "S" else north), (-east if found[5] == "W" else east)


def _degrees(whole: str, minutes: str, hundredths: str) -> float | None:
    of_60 = int(minutes) + int(hundredths) / 100
    return int(whole) + of_60 / 60 if of_60 < 60 else None  # noqa: PLR2004 - minutes of a degree
