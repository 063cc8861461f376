"""The small XML that home units send, read by a parser without entities, DTD and depth."""

import re
from dataclasses import dataclass, field
from xml.parsers import expat
from xml.sax.saxutils import escape

LARGEST = 64 * 1024  # bytes
DEEPEST = 6
MOST_ELEMENTS = 256
# Characters kept of one field; no field of the standard comes near.
LONGEST_VALUE = 4096

# What nearly all units send: one level of fields in printable ASCII, nothing to be resolved. It
# is read at a fifth of the parser's cost; whatever else comes is the parser's.
_PLAIN = re.compile(
    rb"<([A-Za-z]\w*)>[ \t\r\n]*(?:<([A-Za-z]\w*)>[\t\n -%'-;=?-~]*</\2>[ \t\r\n]*)*</\1>"
)
_FIELD = re.compile(r"<(\w+)>([^<]*)</")


class Malformed(ValueError):  # noqa: N818 - it says what the body is
    """The body is not the small, plain XML that home units send; the text says why in a word."""


@dataclass(slots=True)
class Document:
    """The root's name and its fields in the order sent; inner ones by path, as `lge.geo`."""

    root: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    _first: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, value: str) -> None:
        self.fields.append((name, value))
        self._first.setdefault(name, value)

    def first(self, name: str) -> str:
        """The field's value, or nothing."""
        return self._first.get(name, "")


class _Reader:
    """Collects what the parser meets."""

    def __init__(self) -> None:
        self.document: Document | None = None
        self._open: list[str] = []
        self._text: list[str] = []
        self._has_children = False
        self._elements = 0

    def start(self, name: str, _attributes: object) -> None:
        self._elements += 1
        if len(self._open) >= DEEPEST or self._elements > MOST_ELEMENTS:
            raise Malformed("depth")
        name = name.rpartition(":")[2].strip().lower()
        if self.document is None:
            self.document = Document(name)
        self._open.append(name)
        self._text.clear()
        self._has_children = False

    def text(self, data: str) -> None:
        self._text.append(data)

    def end(self, _name: str) -> None:
        path = ".".join(self._open[1:])
        self._open.pop()
        if path and not self._has_children and self.document is not None:
            value = "".join(self._text).strip().replace("\x00", "")[:LONGEST_VALUE]
            self.document.add(path, value)
        self._text.clear()
        self._has_children = True

    def refuse(self, *_: object) -> None:
        raise Malformed("doctype")


def read(body: bytes, *, largest: int = LARGEST) -> Document:
    """The document, of no more than `largest` bytes. Raises Malformed.

    Text that is not UTF-8 is read as Latin-1, as some units send it without saying so.
    """
    if len(body) > largest:
        raise Malformed("size")
    body = body.strip(b"\x00 \t\r\n")
    plain = _PLAIN.fullmatch(body)
    if plain is not None:
        return _plain(plain[1], body)
    if b"<!DOCTYPE" in body.upper() or b"<!ENTITY" in body.upper():
        raise Malformed("doctype")
    try:
        return _parse(body, None)
    except Malformed as error:
        if error.args != ("token",):
            raise
    return _parse(body, "iso-8859-1")


def _plain(root: bytes, body: bytes) -> Document:
    found = _FIELD.findall(body.decode("ascii"), len(root) + 2)
    if len(found) >= MOST_ELEMENTS:
        raise Malformed("depth")
    fields = [(name.lower(), value.strip()[:LONGEST_VALUE]) for name, value in found]
    # Of a field sent twice the first counts, so it is put in last.
    return Document(root.decode("ascii").lower(), fields, dict(reversed(fields)))


def _parse(body: bytes, encoding: str | None) -> Document:
    reader = _Reader()
    parser = expat.ParserCreate(encoding)
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = reader.refuse
    parser.EntityDeclHandler = reader.refuse
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        invalid = {expat.errors.codes[expat.errors.XML_ERROR_INVALID_TOKEN]}
        # Only bytes that are not UTF-8 are worth a second reading.
        again = error.code in invalid and encoding is None and not _is_utf8(body)
        raise Malformed("token" if again else "xml") from error
    except (LookupError, ValueError) as error:  # an encoding nobody knows
        raise error if isinstance(error, Malformed) else Malformed("encoding") from error
    if reader.document is None:
        raise Malformed("xml")
    return reader.document


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def write(root: str, fields: list[tuple[str, str]]) -> bytes:
    """A document without declaration or namespace, as the units send and take it."""
    inside = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in fields)
    return f"<{root}>{inside}</{root}>".encode()
