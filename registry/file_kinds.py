"""Which kinds of documents are taken, told by what is in them and not by their name."""

import io
import re
import unicodedata
import zipfile
from dataclasses import dataclass

import puremagic

from registry.kit.errors import Invalid

LONGEST_NAME = 120
# Files inside an office document that hold a program.
PROGRAMS = re.compile(r"vbaProject|/macros/|^Basic/|^Scripts/", re.IGNORECASE)
OFFICE = {
    "word/document.xml": "docx",
    "xl/workbook.xml": "xlsx",
}
OPEN_DOCUMENT = "application/vnd.oasis.opendocument."


@dataclass(frozen=True)
class Kind:
    """One kind of document: the ending that we give it and its media type."""

    ending: str
    media_type: str


TAKEN = {
    each.ending: each
    for each in (
        Kind("pdf", "application/pdf"),
        Kind("jpg", "image/jpeg"),
        Kind("png", "image/png"),
        Kind("tif", "image/tiff"),
        Kind("webp", "image/webp"),
        Kind("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        Kind("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        Kind("odt", OPEN_DOCUMENT + "text"),
        Kind("ods", OPEN_DOCUMENT + "spreadsheet"),
        Kind("txt", "text/plain; charset=utf-8"),
    )
}
SAME = {"jpeg": "jpg", "jfif": "jpg", "tiff": "tif"}


def kind_of(content: bytes) -> Kind:
    """What it is; Invalid when that is not taken, holds a program or is not what it seems."""
    if content.startswith(b"PK\x03\x04"):
        ending = _packed(content)
    else:
        ending = _magic(content) or _text(content)
    if ending not in TAKEN:
        raise Invalid(
            "This kind of file is not taken. Taken are: %(kinds)s",
            field="file",
            kinds=", ".join(TAKEN),
        )
    return TAKEN[ending]


def _magic(content: bytes) -> str:
    """The ending that its first bytes tell; only of the kinds that need no closer look."""
    try:
        found = puremagic.magic_string(content)
    except (puremagic.PureError, ValueError):
        return ""
    for each in found:
        ending = str(each.extension).lstrip(".").lower()
        ending = SAME.get(ending, ending)
        if ending in {"pdf", "jpg", "png", "tif", "webp"} and each.byte_match:
            return ending
    return ""


def _text(content: bytes) -> str:
    """Plain text in UTF-8, and no page that a browser would run."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    controls = any(
        unicodedata.category(letter) == "Cc" and letter not in "\t\r\n" for letter in text
    )
    return "" if controls or not text.strip() else "txt"


def _packed(content: bytes) -> str:
    """Office documents are archives: which one is told by the files inside."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
            if any(PROGRAMS.search(name) for name in names):
                raise Invalid("A document with a program inside is not taken", field="file")
            if "mimetype" in names and archive.getinfo("mimetype").file_size <= LONGEST_NAME:
                told = archive.read("mimetype").decode("ascii", "replace")
                return {OPEN_DOCUMENT + "text": "odt", OPEN_DOCUMENT + "spreadsheet": "ods"}.get(
                    told, ""
                )
            return next((OFFICE[name] for name in names if name in OFFICE), "")
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError):
        return ""


def clean_name(written: str, kind: Kind) -> str:
    """A name without folders, signs that rule a screen or a shell, with the ending of its kind."""
    name = unicodedata.normalize("NFC", written).replace("\\", "/").rpartition("/")[2]
    name = "".join(" " if unicodedata.category(each)[0] in "CZ" else each for each in name)
    name = re.sub(r'[<>:"|?*%;`$&!{}\[\]^~]', "", name)
    stem = name.rpartition(".")[0] or name
    stem = " ".join(stem.split()).strip(". ")[: LONGEST_NAME - len(kind.ending) - 1].strip(". ")
    return f"{stem or 'documento'}.{kind.ending}"
