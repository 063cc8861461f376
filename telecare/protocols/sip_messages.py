"""SIP messages: read with the tolerance that units need, answered as RFC 3261 asks."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from sipmessage import Headers, Message
from sipmessage.message import COMPACT_FORMS

from telecare.protocols.sip_frames import end_of_head

REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    405: "Method Not Allowed",
    413: "Request Entity Too Large",
    415: "Unsupported Media Type",
    423: "Interval Too Brief",
    486: "Busy Here",
    503: "Service Unavailable",
}
METHODS = ("MESSAGE", "OPTIONS", "REGISTER")
ALLOW = ("Allow", ", ".join(METHODS))
MAGIC = "z9hG4bK"
MAX_FORWARDS = 70

_USER = re.compile(r"sips?:([^@>;\s:]*)(?::[^@>\s]*)?@", re.IGNORECASE)
_VIA = re.compile(r"SIP\s*/\s*2\.0\s*/\s*[A-Za-z]+\s+([^\s;,]+)", re.IGNORECASE)
_BRANCH = re.compile(r";\s*branch\s*=\s*([^\s;,]+)", re.IGNORECASE)
_ANSWERED = re.compile(rb"(?im)^(?:via|v)[ \t]*:[^\r\n,]*;[ \t]*branch[ \t]*=[ \t]*([!-+\--:<-~]+)")
# The start line is read here; the parser gets one that it need not look at.
_NO_START_LINE = b"SIP/2.0 200 OK\r\n"
_FROM = re.compile(rb"(?im)^(?:from|f)[ \t]*:([^\r\n]*)")
_FOLD = re.compile(rb"\r?\n[ \t]+")
_BARE = re.compile(rb"(?<!\r)\n")
_BEFORE_COLON = re.compile(rb"(?m)^([A-Za-z-]{1,40})[ \t]+:")
_INSIDE = re.compile(r"<\s*([^>\s]+)\s*>")
_RPORT = re.compile(r";\s*rport\s*(?=;|$)")
_SHORT = {short: name.lower() for short, name in COMPACT_FORMS.items()}


class Unreadable(ValueError):  # noqa: N818 - it says what the message is
    """What came is no SIP message that could be answered."""


@dataclass(slots=True)
class Request:
    """A request, with what every answer needs already read."""

    method: str
    uri: str
    head: bytes
    body: bytes
    vias: list[str]
    # The server transaction (section 17.2.3). Call-ID and CSeq are in it because some units use
    # one branch for everything: taking a new alarm for a repeated one would acknowledge what was
    # never stored.
    key: tuple[str, ...]
    call_id: str
    cseq: str
    sender: str
    receiver: str
    content_type: str

    @property
    def headers(self) -> Headers:
        """All of them, read by the parser; what each message needs is read once, above."""
        return Message.parse(self.head).headers

    @property
    def from_user(self) -> str:
        return user(self.sender)

    @property
    def to_user(self) -> str:
        return user(self.receiver)

    @property
    def from_uri(self) -> str:
        """The bare URI of the sender, without tag or parameters."""
        return uri(self.sender)


@dataclass(slots=True)
class Response:
    """An answer to a request of ours."""

    code: int
    branch: str


def read(raw: bytes) -> Request | Response:
    """The message. Raises Unreadable for what cannot even be answered."""
    try:
        return _response(raw) if raw.startswith(b"SIP/2.0 ") else _request(raw)
    except (ValueError, IndexError) as error:
        raise Unreadable(str(error)[:80]) from error


def _response(raw: bytes) -> Response:
    """Of an answer only the status and whom it answers matters."""
    via = _ANSWERED.search(raw)
    if via is None:
        raise Unreadable("via")
    return Response(int(raw[8:11]), via[1].decode("ascii"))


def _request(raw: bytes) -> Request:
    head, words, body = _normal(raw)
    said = _first_lines(head)
    vias = said.get("via", [""])
    via = _VIA.match(vias[0])
    if via is None:
        raise Unreadable("via")
    branch = _BRANCH.search(vias[0].partition(",")[0])
    method = words[0].decode()
    cseq = said.get("cseq", [""])[0].split()
    call_id, sender = said.get("call-id", [""])[0], said.get("from", [""])[0]
    if len(cseq) != 2 or cseq[1] != method or not call_id or not sender:  # noqa: PLR2004 - number and method
        raise Unreadable("headers")
    key = branch[1] if branch else "", via[1].lower(), method, call_id, cseq[0]
    return Request(
        method,
        words[1].decode("utf-8", "replace"),
        head,
        body,
        vias,
        key,
        call_id,
        cseq[0],
        sender,
        said.get("to", [""])[0],
        said.get("content-type", [""])[0].partition(";")[0].strip().lower(),
    )


def _first_lines(head: bytes) -> dict[str, list[str]]:
    """The headers by their full names in small letters; a line without a colon is a ValueError.

    The parser's own headers are found by a walk through all of them, which costs more than the
    rest of a message.
    """
    said: dict[str, list[str]] = {}
    for line in head[len(_NO_START_LINE) : -4].decode().split("\r\n"):
        written, value = line.split(":", 1)
        name = written.lower()
        said.setdefault(_SHORT.get(name, name), []).append(value.strip())
    return said


def _normal(raw: bytes) -> tuple[bytes, list[bytes], bytes]:
    """The head as the parser takes it, the start line's words, and the body.

    Units fold headers, end lines with LF alone, write names with underscores in URIs and Latin-1
    in display names; none of that is worth a lost alarm.
    """
    end = end_of_head(raw)
    if end is None:
        raise Unreadable("no end of head")
    head, body = raw[: end[0]], raw[end[1] :]
    # Searching costs more than asking whether there is anything to find.
    if head.count(b"\n") != head.count(b"\r\n"):
        head = _BARE.sub(b"\r\n", head)
    if b"\n " in head or b"\n\t" in head:
        head = _FOLD.sub(b" ", head)
    line, _, rest = head.partition(b"\r\n")
    if b" :" in rest or b"\t:" in rest:
        rest = _BEFORE_COLON.sub(rb"\1:", rest)
    words = line.split(b" ", 2)
    if len(words) != 3:  # noqa: PLR2004 - method, URI, version
        raise Unreadable("start line")
    if words[2].strip() != b"SIP/2.0":
        raise Unreadable("version")
    try:
        rest.decode()
    except UnicodeDecodeError:
        rest = rest.decode("latin-1").encode()
    return _NO_START_LINE + rest + b"\r\n\r\n", words, body


def user(address: str) -> str:
    """The user of an address header, as a unit's account is written in it."""
    found = _USER.search(address)
    written = found[1] if found else ""
    return unquote_to_bytes(written).decode("utf-8", "replace").replace("\x00", "")[:64]


def contact(address: str) -> str:
    """The whole URI of a Contact: how to reach a unit is said in its parameters, too."""
    inside = _INSIDE.search(address)
    return inside[1] if inside else address.strip().partition(" ")[0].partition(";")[0]


def uri(address: str) -> str:
    """The URI of an address header without its parameters."""
    return contact(address).partition(";")[0]


def sender(raw: bytes) -> str:
    """The account in the From header of a message whose body says nothing."""
    found = _FROM.search(raw)
    written = user(found[1].decode("utf-8", "replace")) if found else ""
    return re.sub(r"\s+", "", written).removeprefix("+").upper()[:32]


def respond(
    request: Request,
    code: int,
    *,
    host: str,
    port: int,
    extra: Sequence[tuple[str, str]] = (),
    body: tuple[str, bytes] | None = None,
) -> bytes:
    """The answer; `host` and `port` are where the request came from (RFC 3581)."""
    lines = [f"SIP/2.0 {code} {REASONS[code]}"]
    vias = [_received(request.vias[0], host, port), *request.vias[1:]]
    lines += [f"Via: {via}" for via in vias]
    to = request.receiver
    if ";tag=" not in to.replace(" ", ""):
        to += f";tag={secrets.token_hex(4)}"
    lines += [
        f"From: {request.sender}",
        f"To: {to}",
        f"Call-ID: {request.call_id}",
        f"CSeq: {request.cseq} {request.method}",
    ]
    lines += [f"{name}: {value}" for name, value in extra]
    return _end(lines, body)


def _received(via: str, host: str, port: int) -> str:
    """The top Via with the address the request came from, where it asks or differs."""
    first, comma, others = via.partition(",")
    if _RPORT.search(first):
        first = _RPORT.sub(f";received={host};rport={port}", first, count=1)
    elif host not in first:
        first = f"{first.rstrip()};received={host}"
    return first + comma + others


def _end(lines: list[str], body: tuple[str, bytes] | None) -> bytes:
    if body is not None:
        lines.append(f"Content-Type: {body[0]}")
    content = body[1] if body is not None else b""
    lines += [f"Content-Length: {len(content)}", "", ""]
    return "\r\n".join(lines).encode() + content


def branch() -> str:
    return MAGIC + secrets.token_hex(8)


def ask(
    method: str,
    *,
    target: str,
    sender: str,
    receiver: str,
    via: str,
    branch: str,
    cseq: int = 1,
    extra: Sequence[tuple[str, str]] = (),
    body: tuple[str, bytes] | None = None,
) -> bytes:
    """A request of ours, outside any dialog; `via` is `SIP/2.0/UDP host:port`."""
    chance = secrets.token_hex(16)
    lines = [
        f"{method} {target} SIP/2.0",
        f"Via: {via};branch={branch};rport",
        f"Max-Forwards: {MAX_FORWARDS}",
        f"From: <{sender}>;tag={chance[:8]}",
        f"To: <{receiver}>",
        f"Call-ID: {chance[8:]}",
        f"CSeq: {cseq} {method}",
    ]
    lines += [f"{name}: {value}" for name, value in extra]
    return _end(lines, body)
