"""The XML documents of SOS Access, cut from any stream of bytes by their root element."""

import re

from telecare.protocols.base import Cut

LONGEST = 100_000  # characters of one message, as the document of the protocol says
# Of a message that is longer we keep the beginning, where it says who sent it.
KEPT = 4096
# Flaws without one good message between, after which a peer is no transmitter.
HOPELESS = 8

_BEGINNING = re.compile(
    rb"(?:<\?xml\s[^<>]{0,200}\?>\s{0,64})?<([A-Za-z][\w.-]{0,60})[\s>/]", re.IGNORECASE
)
_LONGEST_BEGINNING = 400
_PASSWORD = re.compile(rb"(<authentication\s*>)([^<]*)", re.IGNORECASE)
# How far back an end or a new beginning may already stand when more bytes come.
_OVERLAP = 128


class SosFramer:
    """Cuts from the beginning of a root element to its end, or to the beginning of the next.

    The result depends on the bytes only, not on their delivery. A password is masked in what is
    kept (`raw`) and readable only in the body, which is not.
    """

    def __init__(self) -> None:
        self._held = bytearray()
        self._end: re.Pattern[bytes] | None = None
        self._looked = 0
        self._skips = False  # the rest of a document that was too long
        self._flaws = 0
        self._junk = 0

    @property
    def hopeless(self) -> bool:
        """Nothing but what no transmitter says."""
        return self._flaws >= HOPELESS or self._junk > LONGEST

    @property
    def within_frame(self) -> bool:
        """A document has begun and not ended yet."""
        return bool(self._held)

    def feed(self, data: bytes) -> list[Cut]:
        self._held += data
        cuts: list[Cut] = []
        while self._held and not self.hopeless:
            going_on = self._begin() if self._end is None else self._go_on(self._end, cuts)
            if not going_on:
                break
        if self.hopeless:
            self._held.clear()
        return cuts

    def _begin(self) -> bool:
        """Find where the next document begins, and what will end it."""
        found = _BEGINNING.search(self._held)
        if found is None:
            self._drop(max(0, len(self._held) - _LONGEST_BEGINNING))
            if not self._held.strip():
                self._held.clear()
            return False
        name = re.escape(found[1])
        self._end = re.compile(
            rb"(?P<close></%b\s{0,8}>)|<\?xml\s|<%b[\s>]" % (name, name), re.IGNORECASE
        )
        self._looked = found.end() - found.start()
        self._drop(found.start())
        return True

    def _drop(self, count: int) -> None:
        self._junk += len(bytes(self._held[:count]).strip())
        del self._held[:count]

    def _go_on(self, end: re.Pattern[bytes], cuts: list[Cut]) -> bool:
        """Cut the document that has begun; False: more bytes are needed."""
        found = end.search(self._held, self._looked)
        if found is None:
            self._looked = max(self._looked, len(self._held) - _OVERLAP)
            if len(self._held) > LONGEST:
                self._too_long(cuts)
            if self._skips:
                del self._held[:-_OVERLAP]
                self._looked = 0
            return False
        upto = found.end() if found["close"] else found.start()
        if self._skips or upto > LONGEST:
            self._too_long(cuts)
        else:
            self._cut(bytes(self._held[:upto]), cuts, "" if found["close"] else "unfinished")
        del self._held[:upto]
        self._end, self._skips = None, False
        return True

    def _too_long(self, cuts: list[Cut]) -> None:
        """Kept by its beginning and refused in words: a transmitter has to know."""
        if not self._skips:
            body = bytes(self._held[:KEPT])
            cuts.append(Cut(masked(body), body, length_ok=False))
            self._flaws += 1
        self._skips = True

    def _cut(self, body: bytes, cuts: list[Cut], flaw: str) -> None:
        cuts.append(Cut(masked(body), body, flaw))
        self._flaws = self._flaws + 1 if flaw else 0
        self._junk = 0


def masked(body: bytes) -> bytes:
    """The same bytes with stars for the password."""
    return _PASSWORD.sub(lambda found: found[1] + b"*" * len(found[2]), body)
