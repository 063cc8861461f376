"""The Italian codice fiscale: only a wrong check character is an error, all else a warning.

Decree of the Ministry of Finance of 23 December 1976, and the 128 forms of omocodia: any of the
seven digits may be written as a letter when two people would have the same code.
"""

import re
from datetime import date
from enum import StrEnum
from typing import NamedTuple

SHAPE = re.compile(
    r"[A-Z]{6}[0-9LMNP-V]{2}[A-EHLMPRST][0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{3}[A-Z]", re.ASCII
)
PROVISIONAL = re.compile(r"[0-9]{11}", re.ASCII)
DIGIT_PLACES = (6, 7, 9, 10, 12, 13, 14)
LETTER_FOR_DIGIT = "LMNPQRSTUV"
DIGIT_FOR_LETTER = {letter: str(digit) for digit, letter in enumerate(LETTER_FOR_DIGIT)}
MONTHS = "ABCDEHLMPRST"
FEMALE = 40  # added to the day
VOWELS = frozenset("AEIOU")
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
# The worth of a character in the first, third … fifteenth place: digits, then letters.
ODD = (
    1, 0, 5, 7, 9, 13, 15, 17, 19, 21,
    1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
)  # fmt: skip


class Doubt(StrEnum):
    """What does not fit, and may still be right."""

    SHAPE = "shape"
    SURNAME = "surname"
    GIVEN_NAME = "given_name"
    BIRTH = "birth"
    OMOCODIA = "omocodia"


class Birth(NamedTuple):
    """The two last digits of the year; a century is not in the code."""

    year: int
    month: int
    day: int


def check_character(code: str) -> str:
    """The sixteenth character that belongs to the first fifteen."""
    total = 0
    for place, character in enumerate(code[:15]):
        at = ALPHABET.index(character)
        total += (at - 10 if at >= 10 else at) if place % 2 else ODD[at]  # noqa: PLR2004
    return ALPHABET[10 + total % 26]


def is_right(code: str) -> bool:
    """Whether the check character belongs to the code; a shape we do not know passes."""
    if SHAPE.fullmatch(code):
        return check_character(code) == code[15]
    return not PROVISIONAL.fullmatch(code) or _luhn(code)


def _luhn(digits: str) -> bool:
    doubled = [int(each) * (1 + at % 2) for at, each in enumerate(digits)]
    return sum(each // 10 + each % 10 for each in doubled) % 10 == 0


def plain(code: str) -> str:
    """The code with digits for the letters of omocodia, its check character recomputed."""
    if not SHAPE.fullmatch(code):
        return code
    first = "".join(
        DIGIT_FOR_LETTER.get(each, each) if place in DIGIT_PLACES else each
        for place, each in enumerate(code[:15])
    )
    return first + check_character(first)


def birth(code: str) -> Birth | None:
    """None when the code says no day that exists in a month."""
    digits = plain(code)
    if not SHAPE.fullmatch(digits):
        return None
    day = int(digits[9:11]) % FEMALE
    found = Birth(int(digits[6:8]), MONTHS.index(digits[8]) + 1, day)
    try:
        date(2000, found.month, found.day)
    except ValueError:
        return None
    return found


def doubts(
    code: str, *, given_name: str = "", family_name: str = "", birth_date: date | None = None
) -> list[Doubt]:
    """What a person should look at twice; names are folded letters (spelling.fold)."""
    if not SHAPE.fullmatch(code):
        return [] if PROVISIONAL.fullmatch(code) else [Doubt.SHAPE]
    found = [Doubt.OMOCODIA] if plain(code) != code else []
    if family_name and three_letters(family_name) != code[:3]:
        found.append(Doubt.SURNAME)
    if given_name and three_letters(given_name, given=True) != code[3:6]:
        found.append(Doubt.GIVEN_NAME)
    born = birth(code)
    if born is None or (
        birth_date and born != (birth_date.year % 100, birth_date.month, birth_date.day)
    ):
        found.append(Doubt.BIRTH)
    return found


def three_letters(name: str, *, given: bool = False) -> str:
    """Consonants, then vowels, then X; of four consonants in a given name not the second."""
    letters = [letter for letter in name.upper() if "A" <= letter <= "Z"]
    consonants = [letter for letter in letters if letter not in VOWELS]
    if given and len(consonants) > 3:  # noqa: PLR2004
        del consonants[1]
    vowels = [letter for letter in letters if letter in VOWELS]
    return "".join([*consonants, *vowels, "X", "X", "X"])[:3]
