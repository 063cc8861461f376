"""SIA DC-09: alarms over TCP and UDP, plain or encrypted, with Contact ID or SIA blocks inside."""

import re
from datetime import datetime, timedelta

from telecare.protocols import contact_id, dc09_blocks, sia_codes
from telecare.protocols.base import Cut, KeyOf, Kind, Message, Phase, Report, Verdict
from telecare.protocols.dc09_crypto import decrypt, encrypt, moment, timestamp
from telecare.protocols.dc09_frames import Dc09Framer, wrap

# Section 5.5.1.9: how far the clock of an encrypted frame may be ahead of ours, and behind.
AHEAD = timedelta(seconds=20)
BEHIND = timedelta(seconds=40)

LINK_TESTS = {"NULL", "XNM"}
ANSWERS = {"ACK", "NAK", "DUH", "RSP"}

_START = re.compile(
    rb'"(\*?)([A-Za-z0-9-]{2,10})"([0-9]{4})'
    rb"(?:R([0-9A-Fa-f]{0,6}))?(?:L([0-9A-Fa-f]{0,6}))?(?:#([0-9A-Za-z]{1,16}))?\["
)
_PLAIN = re.compile(rb"([^\]]*)\]((?:\[[^\]]*\])*)(?:_(\d\d:\d\d:\d\d,\d\d-\d\d-\d{4}))?[\x00\s]*$")
_OPENED = re.compile(
    rb"[^|\[\]]*(?:\|([^\]]*))?\]((?:\[[^\]]*\])*)_(\d\d:\d\d:\d\d,\d\d-\d\d-\d{4})$"
)
_EXTRA = re.compile(rb"\[([^\]])([^\]]*)\]")
_BLOCK = 16


class SiaDc09:
    """The protocol as the receivers use it; it holds no state."""

    name = "sia-dc09"

    def framer(self) -> Dc09Framer:
        return Dc09Framer()

    def decode(self, cut: Cut, key_of: KeyOf, now: datetime) -> Message:
        if cut.flaw:
            return Message(Verdict.BROKEN, account=_claimed(cut.body), reason=cut.flaw)
        start = _START.match(cut.body)
        if start is None:
            return Message(Verdict.ODD, sequence=_sequence(cut.body), reason="header")
        star, token, sequence, receiver, line, account = start.groups()
        message = Message(
            Verdict.GOOD,
            token.decode(),
            (account or b"").decode(),
            sequence.decode(),
            None if receiver is None else receiver.decode(),
            None if line is None else line.decode(),
            encrypted=bool(star),
        )
        rest = cut.body[start.end() :]
        if star:
            _open(message, rest, key_of(message.account), now)
        else:
            _fill(message, _PLAIN.match(rest), "structure", rest)
        return message

    def acknowledge(self, message: Message, key_of: KeyOf, now: datetime) -> bytes:
        """The framed ACK; encrypted when the request was (section 5.5.2)."""
        head = _address(message)
        key = key_of(message.account) if message.encrypted else None
        if key is None:
            return wrap(b'"ACK"%b[]' % head)
        return wrap(b'"*ACK"%b[%b' % (head, encrypt(key, b"]" + timestamp(now))))

    def refuse(self, message: Message, now: datetime) -> bytes | None:
        """NAK with our time for wrong clocks and keys; DUH for good frames that say nothing."""
        if message.verdict in {Verdict.CLOCK_OFF, Verdict.SEALED}:
            return nak(now)
        if message.verdict is Verdict.ODD and message.sequence:
            return wrap(b'"DUH"%b[]' % _address(message))
        return None


def nak(now: datetime) -> bytes:
    """Tell any device, always in plain, that its clock is wrong and what time it is."""
    return wrap(b'"NAK"0000R0L0A0[]' + timestamp(now))


def _address(message: Message) -> bytes:
    parts = [message.sequence]
    if message.receiver is not None:
        parts.append("R" + message.receiver)
    if message.line is not None:
        parts.append("L" + message.line)
    if message.account:
        parts.append("#" + message.account)
    return "".join(parts).encode()


def _claimed(body: bytes) -> str:
    """Whose frame a damaged one says it is: for counting line errors, and for nothing else."""
    start = _START.match(body)
    return (start[6] or b"").decode() if start else ""


def _sequence(body: bytes) -> str:
    found = re.match(rb'"\*?[^"]{1,12}"([0-9]{4})', body)
    return found[1].decode() if found else ""


def _open(message: Message, sealed: bytes, key: bytes | None, now: datetime) -> None:
    """Decrypt and read; SEALED when the key is missing or does not fit."""
    if key is None:
        message.verdict, message.reason = Verdict.SEALED, "no_key"
        return
    try:
        data = bytes.fromhex(sealed.rstrip(b"]\x00 ").decode("ascii"))
    except ValueError:
        message.verdict, message.reason = Verdict.SEALED, "not_hexadecimal"
        return
    if not data or len(data) % _BLOCK:
        message.verdict, message.reason = Verdict.SEALED, "length"
        return
    opened = _OPENED.match(decrypt(key, data))
    if opened is None:
        message.verdict, message.reason = Verdict.SEALED, "wrong_key"
        return
    _fill(message, opened, "wrong_key", b"")
    if message.sent_at is None or not now - BEHIND <= message.sent_at <= now + AHEAD:
        message.verdict, message.reason = Verdict.CLOCK_OFF, "clock"


def _fill(message: Message, found: re.Match[bytes] | None, reason: str, rest: bytes) -> None:
    """Read what stands between the brackets; a good CRC around nonsense is kept as unknown."""
    if found is None:
        message.data = _text(rest)
        message.reason = reason
        message.content = b"%b|%b" % (message.token.encode(), rest)
        message.reports = [Report(Kind.UNKNOWN, Phase.NEW, "", text=message.data[:200])]
        return
    data, extras, time = found.groups()
    message.data = _text(data or b"")
    message.content = b"%b|%b|%b" % (message.token.encode(), data or b"", extras)
    if extras:
        message.extras = [(_text(name), _text(value)) for name, value in _EXTRA.findall(extras)]
    if time:
        message.sent_at = moment(time)
    message.inner_account, message.reports = _reports(message)
    if extras:
        _add_blocks(message)


def _add_blocks(message: Message) -> None:
    """What the extended data say; with words of its own a report keeps them."""
    message.blocks = dc09_blocks.named(message.extras)
    message.position = dc09_blocks.position(message.extras)
    # A key in a frame opens our house: it is read by nobody.
    message.extras = [(name, value) for name, value in message.extras if name != "K"]
    said = dc09_blocks.words(message.blocks)
    for report in message.reports:
        report.text = report.text or said[:200]


def _reports(message: Message) -> tuple[str, list[Report]]:
    if message.token == "ADM-CID":  # noqa: S105 - the standard's word for a message type
        return contact_id.read(message.data)
    if message.token == "SIA-DCS":  # noqa: S105
        return sia_codes.read(message.data)
    if message.token in LINK_TESTS:
        return "", [Report(Kind.HEARTBEAT, Phase.NEW, message.token)]
    if message.token in ANSWERS:
        message.verdict, message.reason = Verdict.BROKEN, "answer"
        return "", []
    return "", [Report(Kind.UNKNOWN, Phase.NEW, message.token[:10], text=message.data[:200])]


def _text(data: bytes) -> str:
    """Bytes as text that a database takes: UTF-8 where it is, else Latin-1; no NUL."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return text.replace("\x00", "�")
