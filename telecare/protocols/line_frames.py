"""Lines of text cut from any stream of bytes, as hardware receivers send them."""

import re

from telecare.protocols.base import Cut

LONGEST = 512  # the longest block a receiver passes on is far shorter
# Flaws without one good line between, after which a peer is no receiver.
HOPELESS = 32
# DC4 ends a line of Sur-Gard, CR one of Ademco; converters add LF, which also begins one of Ademco.
_END = re.compile(rb"[\x14\r\n]")
# Protocol, receiver and line; or Ademco's two digits and a blank; or digits of tones.
_BEGINS = re.compile(rb"[0-9A-Za-z](?:\d[0-9A-F]|[A-F]\d)|[0-9A-F]{2} |[0-9A-F*#]{14,16}$")
_AROUND = b"\x00\x02\x03 "
_SEVEN_BITS = 0x7F
_PRINTABLE = re.compile(rb"[\x20-\x7E]+")


class LineFramer:
    """Cuts at the ends of lines. The result depends on the bytes only, not on their delivery."""

    def __init__(self) -> None:
        self._held = b""
        self._skips = False  # the rest of a line that was too long
        self._flaws = 0

    @property
    def hopeless(self) -> bool:
        """Nothing but what no receiver says."""
        return self._flaws >= HOPELESS

    @property
    def within_frame(self) -> bool:
        """A line has begun and not ended yet."""
        return bool(self._held)

    def feed(self, data: bytes) -> list[Cut]:
        held = self._held + data
        cuts: list[Cut] = []
        at = 0
        for end in _END.finditer(held):
            self._line(held[at : end.end()], cuts)
            self._skips = False
            at = end.end()
        rest = held[at:]
        if len(rest) > LONGEST:
            self._line(rest, cuts)
            self._skips = True
        self._held = b"" if self._skips or self.hopeless else rest
        return cuts

    def _line(self, raw: bytes, cuts: list[Cut]) -> None:
        if self._skips or self.hopeless:
            return
        if len(raw) > LONGEST:
            cut = Cut(raw[:LONGEST], b"", "too_long")
        else:
            body = _plain(raw).strip(_AROUND + b"\x14\r\n")
            if not body:
                return
            cut = Cut(raw, body, _flaw(body))
        self._flaws = self._flaws + 1 if cut.flaw else 0
        cuts.append(cut)


def _plain(raw: bytes) -> bytes:
    """Without the parity bit: serial lines have seven bits, and converters pass on the eighth."""
    if max(raw) <= _SEVEN_BITS or any(byte.bit_count() % 2 for byte in raw.rstrip(b"\x14\r\n")):
        return raw
    return bytes(byte & _SEVEN_BITS for byte in raw)


def _flaw(body: bytes) -> str:
    if _PRINTABLE.fullmatch(body) is None:
        return "bytes"
    return "" if _BEGINS.match(body) else "header"
