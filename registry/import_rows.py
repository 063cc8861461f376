"""Rows of another registry: read from CSV or XLSX, and understood or refused one by one."""

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from importlib import import_module
from typing import Any

from registry import identifiers, tax_code, told
from registry.identifiers import plain
from registry.kit import texts
from registry.kit.errors import Invalid, Problem, TooLarge
from registry.kit.phone import e164

MOST_ROWS = 500_000
MOST_COLUMNS = 200
MOST_BYTES = 64 * 1024 * 1024
MOST_UNPACKED = 512 * 1024 * 1024
LONGEST = 400
SAMPLE = 8192
DAYS = ("%d/%m/%Y", "%Y-%m-%d", "%d-%m-%Y", "%d.%m.%Y")
YEAR = re.compile(r"(1[89]|20)\d\d", re.ASCII)


class Field(StrEnum):
    """What we can take in."""

    CODE = "code"  # the other registry's own
    FAMILY_NAME = "family_name"
    GIVEN_NAME = "given_name"
    BIRTH_DATE = "birth_date"
    BIRTH_YEAR = "birth_year"
    TAX_CODE = "tax_code"
    PHONE = "phone"
    SECOND_PHONE = "second_phone"
    STREET = "street"
    TOWN = "town"
    LANGUAGE = "language"


# Headings by which a column is recognised; the page proposes and a person decides.
KNOWN: dict[Field, tuple[str, ...]] = {
    Field.CODE: ("codice", "id", "code", "matricola", "id utente"),
    Field.FAMILY_NAME: ("cognome", "family name", "surname", "family_name"),
    Field.GIVEN_NAME: ("nome", "given name", "name", "given_name"),
    Field.BIRTH_DATE: ("data di nascita", "data nascita", "nato il", "birth date", "birth_date"),
    Field.BIRTH_YEAR: ("anno di nascita", "anno nascita", "anno", "birth year", "birth_year"),
    Field.TAX_CODE: ("codice fiscale", "cf", "tax code", "tax_code"),
    Field.PHONE: ("telefono", "tel", "cellulare", "phone"),
    Field.SECOND_PHONE: ("altro telefono", "telefono 2", "cellulare 2", "second phone"),
    Field.STREET: ("indirizzo", "via", "street", "address"),
    Field.TOWN: ("comune", "città", "citta", "residenza", "town"),
    Field.LANGUAGE: ("lingua", "language"),
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One person as another registry has them, understood."""

    code: str = ""
    family_name: str = ""
    given_name: str = ""
    birth_date: date | None = None
    birth_year: int | None = None
    tax_code: str = ""
    phones: tuple[str, ...] = ()
    street: str = ""
    town: str = ""
    language: str = "it"


def _sheets() -> Any:
    """What reads spreadsheets, loaded when one comes: each process would start later for it."""
    return import_module("openpyxl")


def headings(content: bytes) -> list[str]:
    """The first line. Raises Invalid for a file that is neither CSV nor XLSX."""
    found = [_one_line(cell) for cell in next(_lines(content), [])]
    if len(found) > MOST_COLUMNS:
        raise TooLarge("The file is too large: send it in parts", field="file")
    if not any(found):
        raise Invalid("The first line of the file must say what each column is", field="file")
    if len(set(filter(None, found))) < len(list(filter(None, found))):
        raise Invalid("Two columns have the same heading: give each its own", field="file")
    return found


def rows(content: bytes) -> Iterator[dict[str, str]]:
    """Each further line by its headings; empty ones are left out."""
    lines = _lines(content)
    heads = [_one_line(cell) for cell in next(lines, [])]
    for number, line in enumerate(lines):
        if number == MOST_ROWS:
            raise TooLarge("The file is too large: send it in parts", field="file")
        cells = [_one_line(cell) for cell in line[: len(heads)]]
        if any(cells):
            yield {head: cell for head, cell in zip(heads, cells, strict=False) if head}


def _one_line(cell: str) -> str:
    """What can be seen of it, on one line: a name has no line ends and no marks of direction."""
    return " ".join(texts.clean(cell).split())[:LONGEST]


def _lines(content: bytes) -> Iterator[list[str]]:
    if len(content) > MOST_BYTES:
        raise TooLarge("The file is too large: send it in parts", field="file")
    try:
        yield from _sheet(content) if content[:2] == b"PK" else _text(content)
    except Problem:
        raise
    # What reads spreadsheets has no fault of its own: a broken file breaks it anywhere, in any way.
    except Exception as error:
        raise Invalid("This file can be read neither as CSV nor as XLSX", field="file") from error


def _text(content: bytes) -> Iterator[list[str]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    first = text[:SAMPLE].split("\n", 1)[0]
    separator = max(";,\t", key=first.count)
    return iter(csv.reader(io.StringIO(text, newline=""), delimiter=separator))


def _sheet(content: bytes) -> Iterator[list[str]]:
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        if sum(each.file_size for each in packed.infolist()) > MOST_UNPACKED:
            raise TooLarge("The file is too large: send it in parts", field="file")
    book = _sheets().load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    sheet = book.worksheets[0]
    # How many rows and columns the file says it has is no measure: a million may be empty.
    sheet.reset_dimensions()
    lines = sheet.iter_rows(max_col=MOST_COLUMNS, values_only=True)
    return (_without_end([_cell(each) for each in line]) for line in lines)


def _without_end(cells: list[str]) -> list[str]:
    """Without the empty ones after the last that says something."""
    return cells[: max((at for at, cell in enumerate(cells, 1) if cell), default=0)]


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


def proposed(heads: list[str]) -> dict[str, str]:
    """Field -> heading, as far as the headings say it."""
    plain_heads = {head.casefold().replace("_", " "): head for head in heads if head}
    return {
        field.value: plain_heads[name.replace("_", " ")]
        for field, names in KNOWN.items()
        for name in names[::-1]
        if name.replace("_", " ") in plain_heads
    }


def understood(line: Mapping[str, str], mapping: Mapping[str, str]) -> Row:
    """Raises Invalid, with the field, for a row that cannot be taken."""
    said = {field: line.get(mapping.get(field.value, ""), "") for field in Field}
    if not (said[Field.FAMILY_NAME] or said[Field.GIVEN_NAME]):
        raise Invalid("There is no name", field=Field.FAMILY_NAME)
    born = _day(said[Field.BIRTH_DATE])
    code = plain(said[Field.TAX_CODE])
    if code and not tax_code.is_right(code):
        raise Invalid(
            "The last letter of the tax code does not fit: check it", field=Field.TAX_CODE
        )
    if len(code) > identifiers.LONGEST or len(plain(said[Field.CODE])) > identifiers.LONGEST:
        long = Field.TAX_CODE if len(code) > identifiers.LONGEST else Field.CODE
        raise Invalid("This code is too long", field=long)
    numbers = (said[Field.PHONE], said[Field.SECOND_PHONE])
    return Row(
        code=said[Field.CODE],
        family_name=said[Field.FAMILY_NAME],
        given_name=said[Field.GIVEN_NAME],
        birth_date=born,
        birth_year=told.believable(_year(said[Field.BIRTH_YEAR]), born),
        tax_code=code,
        phones=tuple(dict.fromkeys(e164(number) for number in numbers if number)),
        street=said[Field.STREET],
        town=said[Field.TOWN],
        language=said[Field.LANGUAGE].casefold()[:12] or "it",
    )


def _day(text: str) -> date | None:
    """Three ways of writing a day; midnight of a spreadsheet is cut off."""
    written = text.removesuffix(" 00:00:00")
    for form in DAYS:
        try:
            return datetime.strptime(written, form).date() if written else None  # noqa: DTZ007
        except ValueError:
            continue
    raise Invalid("Write the day as day/month/year", field=Field.BIRTH_DATE)


def _year(text: str) -> int | None:
    if text and not YEAR.fullmatch(text):
        raise Invalid("Write the year with four figures", field=Field.BIRTH_YEAR)
    return int(text) if text else None
