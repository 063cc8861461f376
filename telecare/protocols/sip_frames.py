"""Cuts SIP messages from a stream by Content-Length (RFC 3261, 18.3), or from a datagram."""

import re

from telecare.protocols.base import Cut

LARGEST_HEAD = 16 * 1024  # bytes
LARGEST_BODY = 64 * 1024
KEEPALIVE = b"\r\n\r\n"  # RFC 5626, section 3.5.1; answered by one CRLF
LINE_ENDS = (b"\r", b"\n")
CR = 13
START_LINE = re.compile(rb"(?:SIP/2\.0 \d|[A-Z]{2,20} sips?:\S)")

_END = re.compile(rb"\r?\n\r?\n")
_LENGTH = re.compile(rb"(?im)^(?:content-length|l)[ \t]*:[ \t]*(\d{1,9})[ \t]*\r?$")


class SipFramer:
    """One connection's stream. A cut with a flaw is the last one: the stream is out of step."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.hopeless = False
        # Keepalives met and not yet answered.
        self.pings = 0

    @property
    def within_frame(self) -> bool:
        return bool(self._buffer)

    def feed(self, data: bytes) -> list[Cut]:
        if self.hopeless:
            return []
        self._buffer += data
        cuts: list[Cut] = []
        while not self.hopeless:
            self._skip_blank_lines()
            cut = self._next()
            if cut is None:
                break
            cuts.append(cut)
        return cuts

    def _skip_blank_lines(self) -> None:
        buffer = self._buffer
        while buffer.startswith(KEEPALIVE):
            self.pings += 1
            del buffer[: len(KEEPALIVE)]
        # One CRLF alone may be the first half of a keepalive: wait for what comes.
        while buffer.startswith(LINE_ENDS) and not self._waits():
            del buffer[:1]

    def _waits(self) -> bool:
        """Whether there is nothing, or what may become a keepalive."""
        return self._buffer == KEEPALIVE[: len(self._buffer)]

    def _next(self) -> Cut | None:
        buffer = self._buffer
        if self._waits():
            return None
        end = end_of_head(buffer)
        if end is None:
            return self._unended()
        head = bytes(buffer[: end[1]])
        length = _length(head)
        if length is None:
            return self._lost(head, "no_length" if START_LINE.match(head) else "start_line")
        if length > LARGEST_BODY:
            return self._lost(head, "too_large")
        whole = end[1] + length
        return self._whole(whole, end[1]) if len(buffer) >= whole else None

    def _whole(self, whole: int, head: int) -> Cut:
        buffer = self._buffer
        raw = bytes(buffer[:whole])
        del buffer[:whole]
        cut = Cut(raw, raw[head:])
        if buffer and not buffer.startswith(LINE_ENDS) and not _may_begin(bytes(buffer[:24])):
            # The length was wrong, so this body is cut short as well.
            cut.flaw = "length"
            self._give_up()
        return cut

    def _unended(self) -> Cut | None:
        head = bytes(self._buffer[:24])
        if len(self._buffer) >= LARGEST_HEAD or not _may_begin(head):
            return self._lost(bytes(self._buffer), "head")
        return None

    def _lost(self, raw: bytes, flaw: str) -> Cut:
        self._give_up()
        return Cut(raw, b"", flaw, length_ok=False)

    def _give_up(self) -> None:
        self.hopeless = True
        self._buffer.clear()


_METHOD = re.compile(rb"[A-Z]{1,20}(?: .*)?", re.DOTALL)


def _may_begin(head: bytes) -> bool:
    """Whether these bytes may be the beginning of a start line."""
    return b"SIP/2.0 ".startswith(head[:8]) or _METHOD.fullmatch(head) is not None


def datagram(data: bytes) -> Cut | None:
    """The one message of a datagram; None for a keepalive. What is beyond its length is dropped."""
    data = data.lstrip(b"\r\n\x00")
    if not data:
        return None
    end = end_of_head(data)
    if end is None or START_LINE.match(data) is None:
        return Cut(data, b"", "start_line")
    body = data[end[1] :]
    length = _length(data[: end[1]])
    if length is not None:
        if length > len(body):
            return Cut(data, body, "length", length_ok=False)
        body = body[:length]
    return Cut(data, body)


def end_of_head(data: bytes | bytearray) -> tuple[int, int] | None:
    """Where the blank line that ends the head begins and ends; CRLF, or LF alone."""
    # Nearly always it is CRLF, twice, and a search for those bytes costs next to nothing.
    end = data.find(b"\n\r\n", 0, LARGEST_HEAD)
    if end > 0 and data[end - 1] == CR and data.find(b"\n\n", 0, end) < 0:
        return end - 1, end + 3
    found = _END.search(data, 0, LARGEST_HEAD)
    return found.span() if found else None


def _length(head: bytes) -> int | None:
    """What the first Content-Length says."""
    low = head.lower()
    named = low.find(b"\ncontent-length")
    # To search the whole head is dear: only where the short name may stand first, or alone.
    found = _LENGTH.search(head, named + 1 if low.find(b"\nl", 0, named) < 0 <= named else 0)
    return int(found[1]) if found else None
