"""What we are told of somebody: tidied, and believed only where it can be true."""

from datetime import date
from typing import Any

from registry.kit import clock
from registry.kit.errors import Invalid

FIRST_YEAR = 1900
NAMES = ("given_name", "family_name", "known_as")


def believable(year: int | None, born: date | None) -> int | None:
    """The birth year, from the date where there is one. Raises Invalid when nobody has it."""
    year = born.year if born is not None else year
    if year is not None and not FIRST_YEAR <= year <= clock.now().year:
        raise Invalid("The birth year %(year)s cannot be right", field="birth_year", year=year)
    return year


def tidy(facts: dict[str, Any]) -> dict[str, Any]:
    """Without blanks around names; an age that was told carries its day."""
    tidied = {name: facts[name].strip() if name in NAMES else facts[name] for name in facts}
    if "declared_age" in tidied:
        told = tidied["declared_age"] is not None
        tidied["declared_age_on"] = clock.now().date() if told else None
    return tidied


def age(
    born: date | None, year: int | None, declared: int | None, declared_on: date | None
) -> int | None:
    """Whole years; from the year alone it may be one too many until the birthday."""
    today = clock.now().date()
    if born is not None:
        return today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    if year is not None:
        return today.year - year
    if declared is None:
        return None
    return declared + (today - (declared_on or today)).days // 365
