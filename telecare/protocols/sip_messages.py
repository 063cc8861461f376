"""SIP messages: read with the tolerance that units need, answered as RFC 3261 asks."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from sipmessage import Headers, Message

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


class Unreadable(ValueError):  # noqa: N818 - it says what the message is
    """What came is no SIP message that could be answered."""


@dataclass(slots=True)
class Request:
    """A request, with what every answer needs already read."""

    method: str
    uri: str
    headers: Headers
    body: bytes
    vias: list[str]
    branch: str
    sent_by: str
    call_id: str
    cseq: str

    @property
    def key(self) -> tuple[str, ...]:
        """The server transaction (section 17.2.3).

        Call-ID and CSeq are in it because some units use one branch for everything: taking a new
        alarm for a repeated one would acknowledge what was never stored.
        """
        return (self.branch, self.sent_by, self.method, self.call_id, self.cseq)

    @property
    def from_user(self) -> str:
        return user(self.headers.get("From") or "")

    @property
    def to_user(self) -> str:
        return user(self.headers.get("To") or "")

    @property
    def content_type(self) -> str:
        written = self.headers.get("Content-Type") or ""
        return written.partition(";")[0].strip().lower()

    @property
    def from_uri(self) -> str:
        """The bare URI of the sender, without tag or parameters."""
        return uri(self.headers.get("From") or "")


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
    head, start, body = _normal(raw)
    headers = Message.parse(head).headers
    vias = headers.getlist("Via")
    via = _VIA.match(vias[0])
    if via is None:
        raise Unreadable("via")
    branch = _BRANCH.search(vias[0].partition(",")[0])
    cseq = (headers.get("CSeq") or "").split()
    method = start[0].decode()
    call_id = headers.get("Call-ID") or ""
    if len(cseq) != 2 or cseq[1] != method or not call_id or not headers.get("From"):  # noqa: PLR2004 - number and method
        raise Unreadable("headers")
    return Request(
        method,
        start[1].decode("utf-8", "replace"),
        headers,
        body,
        vias,
        branch[1] if branch else "",
        via[1].lower(),
        call_id,
        cseq[0],
    )


def _normal(raw: bytes) -> tuple[bytes, list[bytes], bytes]:
    """The head as the parser takes it, the start line's words, and the body.

    Units fold headers, end lines with LF alone, write names with underscores in URIs and Latin-1
    in display names; none of that is worth a lost alarm.
    """
    cut = re.search(rb"\r?\n\r?\n", raw)
    if cut is None:
        raise Unreadable("no end of head")
    head, body = raw[: cut.start()], raw[cut.end() :]
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


def uri(address: str) -> str:
    """The URI of an address header without its parameters."""
    inside = re.search(r"<\s*([^>\s]+)\s*>", address)
    return (inside[1] if inside else address.strip().partition(" ")[0]).partition(";")[0]


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
    to = request.headers.get("To") or ""
    if ";tag=" not in to.replace(" ", ""):
        to += f";tag={secrets.token_hex(4)}"
    lines += [
        f"From: {request.headers.get('From')}",
        f"To: {to}",
        f"Call-ID: {request.call_id}",
        f"CSeq: {request.cseq} {request.method}",
    ]
    lines += [f"{name}: {value}" for name, value in extra]
    return _end(lines, body)


def _received(via: str, host: str, port: int) -> str:
    """The top Via with the address the request came from, where it asks or differs."""
    first, comma, others = via.partition(",")
    if re.search(r";\s*rport\s*(?=;|$)", first):
        first = re.sub(r";\s*rport\s*(?=;|$)", f";received={host};rport={port}", first, count=1)
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
    lines = [
        f"{method} {target} SIP/2.0",
        f"Via: {via};branch={branch};rport",
        f"Max-Forwards: {MAX_FORWARDS}",
        f"From: <{sender}>;tag={secrets.token_hex(4)}",
        f"To: <{receiver}>",
        f"Call-ID: {secrets.token_hex(12)}",
        f"CSeq: {cseq} {method}",
    ]
    lines += [f"{name}: {value}" for name, value in extra]
    return _end(lines, body)
