"""What was written in the one box: numbers, codes, a year or an age, and names in any order."""

import re
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from registry import tax_code
from registry.kit.phone import e164_or_none
from registry.spelling import fold

LONGEST = 200  # letters read
WORDS = 6  # words of a name read
FIRST_YEAR = 1900
OLDEST = 125
PHONE_DIGITS = 6
CODE_LETTERS = 5
BEGINNING = 3  # letters of a name that are enough to begin with

CASE = re.compile(r"\s*(?:caso|pratica|case|n[.°º]?|#)\s*[#n°º.]*\s*(\d{1,9})\s*", re.IGNORECASE)
DAY = re.compile(r"(?<!\d)(\d{1,2})[./-](\d{1,2})[./-](\d{4})(?!\d)")
ISO_DAY = re.compile(r"(?<!\d)(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)")
AGE = re.compile(r"(?<!\d)(\d{1,3})\s*(?:anni|anno|enne|years?(?:\s+old)?|yo)\b", re.IGNORECASE)
SHORT_YEAR = re.compile(r"(?<!\w)['’](\d{2})(?!\w)")
NUMBER = re.compile(r"[+(]?\d[\d.()/-]*")
ONE_CODE = re.compile(r"\s*(?:[A-Z]{6}[0-9LMNP-V]{2}[A-EHLMPRST][0-9LMNP-V]{2}[A-Z]"
                      r"[0-9LMNP-V]{3}[A-Z]|(?:STP|ENI)\d{13})")  # fmt: skip
# Said around a name and no part of it.
AROUND = frozenset(
    {"signora", "signor", "sig", "sigra", "ra", "sigr", "dott", "dottor", "dottoressa", "prof"}
    | {"nato", "nata", "nel", "classe", "circa", "anni", "mr", "mrs", "born", "aged", "about"}
)


class Slip(StrEnum):
    """Why nobody was found, when the question itself tells."""

    CHECK_CHARACTER = "check_character"
    SHORT = "short"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The parts of a question. `years` are equally likely; `numbers` may be that of a case."""

    words: tuple[str, ...] = ()
    years: frozenset[int] = frozenset()
    born: date | None = None
    phones: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    case: int | None = None


@dataclass
class _Reader:
    today: date
    years: set[int] = field(default_factory=set)
    born: date | None = None
    phones: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    small: list[int] = field(default_factory=list)


def read(text: str, today: date) -> Asked:
    """Take the question apart; whatever is not understood is left out."""
    text = text.replace("\0", " ")[:LONGEST]
    if case := CASE.fullmatch(text):
        return Asked(case=int(case[1]))
    compact = re.sub(r"[\s.-]", "", text).upper()
    if ONE_CODE.fullmatch(compact):
        return Asked(codes=(compact,))
    reader = _Reader(today)
    rest = _dates(reader, text)
    numbers: list[str] = []
    for word in rest.replace(",", " ").replace(";", " ").split():
        if NUMBER.fullmatch(word):
            numbers.append(word)
            continue
        _numbers(reader, numbers)
        numbers = []
        _word(reader, word)
    _numbers(reader, numbers)
    alone = not (reader.words or reader.phones or reader.codes)
    return Asked(
        words=tuple(reader.words[:WORDS]),
        years=frozenset(reader.years),
        born=reader.born,
        phones=tuple(dict.fromkeys(reader.phones)),
        codes=tuple(dict.fromkeys(reader.codes)),
        case=_alone(text) if alone or reader.phones else None,
    )


def slip(text: str) -> Slip | None:
    """What to look at first in a question that found nobody."""
    compact = re.sub(r"[\s.-]", "", text).upper()
    if tax_code.SHAPE.fullmatch(compact) and not tax_code.is_right(compact):
        return Slip.CHECK_CHARACTER
    return Slip.SHORT if compact.isalpha() and len(compact) < BEGINNING else None


def _dates(reader: _Reader, text: str) -> str:
    """Full dates, ages and short years; returns the rest."""
    for pattern, order in ((DAY, (3, 2, 1)), (ISO_DAY, (1, 2, 3))):
        for found in pattern.finditer(text):
            reader.years.add(int(found[order[0]]))
            text = text.replace(found[0], " ")
            # Of a day that does not exist only the year is believed.
            with suppress(ValueError):
                reader.born = date(*(int(found[part]) for part in order))
    for found in AGE.finditer(text):
        _aged(reader, int(found[1]))
    text = AGE.sub(" ", text)
    for found in SHORT_YEAR.finditer(text):
        short, now = int(found[1]), reader.today.year
        reader.years.add(now - now % 100 + short - (100 if short > now % 100 else 0))
    return SHORT_YEAR.sub(" ", text)


def _aged(reader: _Reader, age: int) -> None:
    """Whoever says an age was born in one of two years."""
    if age <= OLDEST:
        reader.years |= {reader.today.year - age, reader.today.year - age - 1}


def _numbers(reader: _Reader, numbers: list[str]) -> None:
    """Neighbouring numbers: one phone number when somebody could dial it, else each its own."""
    digits = re.sub(r"\D", "", "".join(numbers))
    whole = e164_or_none("".join(numbers)) if len(digits) >= PHONE_DIGITS else None
    if whole is not None:
        reader.phones.append(whole)
        reader.codes.append(digits)
        return
    for number in numbers:
        _number(reader, re.sub(r"\D", "", number))


def _number(reader: _Reader, digits: str) -> None:
    value = int(digits)
    if len(digits) >= PHONE_DIGITS:
        reader.codes.append(digits)
        if phone := e164_or_none(digits):
            reader.phones.append(phone)
    elif FIRST_YEAR <= value <= reader.today.year:
        reader.years.add(value)
    else:
        _aged(reader, value)


def _word(reader: _Reader, word: str) -> None:
    code = re.sub(r"[\W_]", "", word).upper()
    if any(letter.isdigit() for letter in code):
        if len(code) >= CODE_LETTERS and code.isascii():
            reader.codes.append(code)
        return
    reader.words += [each for each in fold(word).split() if each not in AROUND]


def _alone(text: str) -> int | None:
    """A number with nothing beside it may be that of a case."""
    digits = text.strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 9 else None  # noqa: PLR2004
