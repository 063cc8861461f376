"""The frames of SIA DC-09 (section 5.5): header, length and CRC, cut from any stream of bytes."""

import re
import sys
from array import array

from telecare.protocols.base import Cut

LONGEST = 4095  # the length field has three significant digits
# Flaws without one good frame between, after which a peer is not a home unit.
HOPELESS = 32
_CRC_TEXT = 4
_HEADER_TEXT = 9  # LF-less: 4 digits of CRC, 4 of length, the quote
_HEADER_RAW = 7  # the same with a CRC of two raw bytes, as some panels send it
_HEX = b"0123456789ABCDEFabcdef"
_HEADER = re.compile(rb'([0-9A-Fa-f]{4})([0-9A-Fa-f]{4})"')
_HEADER_AFTER = re.compile(rb'\n(?:[0-9A-Fa-f]{4}|[\x00-\xff]{2})[0-9A-Fa-f]{4}"')
_CR = 0x0D
_RAW_HEADER = re.compile(rb'([\x00-\xff]{2})([0-9A-Fa-f]{4})"')


def _table() -> "array[int]":
    """CRC-16 with the reflected polynomial A001 for every two bytes, made by its linearity."""
    table = [0]
    for bit in range(16):
        crc = 1 << bit
        for _ in range(16):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
        table += [crc ^ known for known in table]
    return array("H", table)


_CRC = _table()


def crc16(data: bytes) -> int:
    """The check value of a frame's body, start 0: "123456789" gives BB3D."""
    crc = 0
    table = _CRC
    even = len(data) & ~1
    words = array("H", data[:even])
    if sys.byteorder == "big":
        words.byteswap()
    for word in words:
        crc = table[crc ^ word]
    if len(data) > even:
        crc = (crc >> 8) ^ table[((crc ^ data[-1]) & 0xFF) << 8]
    return crc


def wrap(body: bytes) -> bytes:
    """A whole frame around a body, for answers and for our own diallers."""
    return b"\n%04X%04X%b\r" % (crc16(body), len(body), body)


class Dc09Framer:
    """Cuts frames by "LF, 2 or 4 CRC bytes, 4 hex length, quote", never by CR alone.

    The result depends on the bytes only, not on how they were delivered: byte by byte, several
    frames in one segment, or with junk between.
    """

    def __init__(self) -> None:
        self._held = b""
        # Held bytes from which on a look is worth its while even without a new CR or quote.
        self._look_again = 0
        self._flaws = 0
        self.junk = 0  # bytes that belonged to no frame

    @property
    def hopeless(self) -> bool:
        """Nothing but broken frames for so long that reading on is a waste."""
        return self._flaws >= HOPELESS

    @property
    def within_frame(self) -> bool:
        """A frame has begun and not ended yet."""
        return bool(self._held)

    def feed(self, data: bytes) -> list[Cut]:
        held = self._held + data if self._held else data
        cuts: list[Cut] = []
        if len(held) < self._look_again and b"\r" not in data and b'"' not in data:
            self._held = held
            return cuts
        at = self._look_again = 0
        while not self.hopeless:
            start = held.find(b"\n", at)
            if start < 0:
                self.junk += len(held) - at
                self._held = b""
                return cuts
            self.junk += start - at
            cut, at = self._cut(held, start)
            if cut is not None:
                self._flaws = self._flaws + 1 if cut.flaw else 0
                cuts.append(cut)
            elif at == start:
                self._held = held[start:]
                self._look_again -= start
                return cuts
        self._held = b""
        return cuts

    def _cut(self, held: bytes, start: int) -> tuple[Cut | None, int]:
        """A frame and where it ends; no frame and `start` means: more bytes are needed."""
        header = _HEADER.match(held, start + 1) or _RAW_HEADER.match(held, start + 1)
        if header is None:
            if _may_become_header(held[start + 1 : start + 1 + _HEADER_TEXT]):
                return None, start
            self.junk += 1
            return None, start + 1
        quote = header.end() - 1
        stop = held.find(b"\r", quote)
        if stop < 0 and len(held) - quote <= LONGEST:
            self._look_again = quote + LONGEST + 1
            return None, start
        if stop < 0 or stop - quote > LONGEST:
            return Cut(held[start : quote + LONGEST], b"", "too_long"), start + 1
        return self._checked(held, header, stop)

    def _checked(self, held: bytes, header: re.Match[bytes], stop: int) -> tuple[Cut | None, int]:
        """Let the CRC decide between the first CR and the length field."""
        start, quote = header.start() - 1, header.end() - 1
        end = quote + int(header[2], 16)
        raw_crc = len(header[1]) < _CRC_TEXT
        wanted = int.from_bytes(header[1], "big") if raw_crc else int(header[1], 16)
        body = held[quote:stop]
        if crc16(body) == wanted:
            return Cut(held[start : stop + 1], body, "", stop == end, raw_crc), stop
        if stop < end and not _HEADER_AFTER.search(held, stop, min(end + 1, len(held))):
            # A CR inside the body, or a length that lies: only what comes next can tell.
            if len(held) <= end:
                self._look_again = end + 1
                return None, start
            if held[end] == _CR and crc16(held[quote:end]) == wanted:
                return Cut(held[start : end + 1], held[quote:end], "", True, raw_crc), end
        return Cut(held[start : stop + 1], body, "crc", False, raw_crc), start + 1


def _may_become_header(seen: bytes) -> bool:
    """Whether more bytes could still turn `seen` (what follows an LF) into a header."""
    as_text = len(seen) < _HEADER_TEXT and all(byte in _HEX for byte in seen)
    as_raw = len(seen) < _HEADER_RAW and all(byte in _HEX for byte in seen[2:])
    return as_text or as_raw
