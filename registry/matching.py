"""How well somebody fits what was said: one score of names, year and town, with its reasons."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from rapidfuzz.distance import OSA, JaroWinkler

from registry import nicknames
from registry.spelling import fold, forms, parts, sound

ENOUGH_ALIKE = 0.72  # a name less alike than this is another name
NAMES = 0.85  # the share of the names when a year was said, too
SAME_YEAR, NEXT_YEAR, UNKNOWN_YEAR = 0.15, 0.09, 0.06
TOWN = 0.07
SOUNDS_ALIKE = 0.93
NICKNAME = 0.96
INITIAL = 0.9
MISSING = 0.6  # a name that the file lacks neither speaks for the person nor against
ONLY_FAMILY, ONLY_GIVEN = 0.97, 0.95  # half a name is less; a lone word is rather a surname
EXTRA_NAME = 0.02
BEGINNING = 3  # letters that are enough for a beginning
ABOUND = 3  # as good as the best, from which one more fact is asked for
AS_GOOD = 0.02


class Why(StrEnum):
    """What speaks for somebody."""

    PHONE = "phone"
    IDENTIFIER = "identifier"
    CASE = "case"
    FAMILY = "family"
    FAMILY_ALIKE = "family_alike"
    GIVEN = "given"
    GIVEN_ALIKE = "given_alike"
    NICKNAME = "nickname"
    OTHER_NAME = "other_name"
    BIRTH_DATE = "birth_date"
    YEAR = "year"
    YEAR_NEAR = "year_near"
    PLACE = "place"


class Fact(StrEnum):
    """What may be asked for when namesakes abound."""

    GIVEN_NAME = "given_name"
    BIRTH_YEAR = "birth_year"
    PLACE = "place"
    PHONE = "phone"


@dataclass(frozen=True, kw_only=True)
class Said:
    """Names in any order, the birth years that are equally likely, and a town."""

    words: tuple[str, ...] = ()
    years: frozenset[int] = frozenset()
    born: date | None = None
    town: str = ""


@dataclass(frozen=True, kw_only=True)
class Known:
    """What the file says of somebody; `names` are (given, family), the current one first."""

    person_id: UUID
    names: tuple[tuple[str, str], ...]
    birth_year: int | None = None
    birth_date: date | None = None
    towns: frozenset[str] = field(default_factory=frozenset)


class Score(NamedTuple):
    """From 0 to 1, and why."""

    value: float
    why: tuple[Why, ...]


class Reading(NamedTuple):
    """One way to tell surname and given names apart in what was said."""

    family: str
    given: tuple[str, ...]


@lru_cache(maxsize=1024)
def readings(words: tuple[str, ...]) -> tuple[Reading, ...]:
    """Every split in two, the surname first or last, or all of it one surname or given name."""
    found = [Reading("".join(words), ())]
    for at in range(1, len(words)):
        found.append(Reading("".join(words[:at]), words[at:]))
        found.append(Reading("".join(words[at:]), words[:at]))
    if len(words) == 1:
        found.append(Reading("", words))
    return tuple(dict.fromkeys(found))


@lru_cache(maxsize=1 << 17)
def alike(said: str, written: str) -> float:
    """How alike two folded words are: 1 the same, below ENOUGH_ALIKE two different ones."""
    if said == written:
        return 1.0
    if not said or not written:
        return MISSING
    measured = (
        JaroWinkler.similarity(said, written) + OSA.normalized_similarity(said, written)
    ) / 2
    if sound(said) == sound(written):
        measured = max(measured, SOUNDS_ALIKE)
    if len(said) >= BEGINNING and written.startswith(said):
        measured = max(measured, 0.8 + 0.15 * len(said) / len(written))
    return measured


def score(said: Said, known: Known) -> Score:
    """0 when the names are others; a year that differs costs, it does not exclude."""
    best = max(
        (
            _name(reading, given, family, other=bool(at))
            for at, (given, family) in enumerate(known.names)
            for reading in readings(said.words)
        ),
        default=Score(0, ()),
    )
    if best.value < ENOUGH_ALIKE:
        return Score(0, ())
    value, why = best.value, list(best.why)
    if said.years:
        more, reason = _year(said, known)
        value = NAMES * value + more
        why += reason
    if said.town:
        lives_there = said.town in known.towns
        value = (1 - TOWN) * value + TOWN * lives_there
        why += [Why.PLACE] * lives_there
    return Score(round(min(value, 1.0), 4), tuple(why))


def _name(reading: Reading, given: str, family: str, *, other: bool) -> Score:
    family_value, family_why = _family(reading.family, family)
    given_value, given_why = _given(reading.given, given)
    why = (*family_why, *given_why, *((Why.OTHER_NAME,) if other else ()))
    if not reading.given:
        return Score(family_value * ONLY_FAMILY, why)
    if not reading.family:
        return Score(given_value * ONLY_GIVEN, why)
    return Score((family_value + given_value) / 2, why)


@lru_cache(maxsize=1 << 16)
def _family(said: str, written: str) -> Score:
    if not said:
        return Score(0, ())
    value = max(
        alike(said, each) * (1 if at == 0 else 1 - EXTRA_NAME)
        for at, each in enumerate(forms(written))
    )
    if value < ENOUGH_ALIKE:
        return Score(value, ())
    return Score(value, (Why.FAMILY if value >= 1 - EXTRA_NAME else Why.FAMILY_ALIKE,))


@lru_cache(maxsize=1 << 16)
def _given(said: tuple[str, ...], written: str) -> Score:
    """Any given name will do; all of them, and none too many, are better."""
    if not said:
        return Score(0, ())
    singly = [_one_given(each, written) for each in said]
    best = max(singly)
    mean = sum(each.value for each in singly) / len(said)
    joined = alike("".join(said), fold(written).replace(" ", ""))
    extra = EXTRA_NAME * max(0, len(parts(written)) - len(said))
    value = max(0.7 * best.value + 0.3 * mean - extra, joined)
    return Score(value, best.why)


@lru_cache(maxsize=1 << 16)
def _one_given(said: str, written: str) -> Score:
    value = max(alike(said, each) for each in forms(written))
    if value < NICKNAME and not nicknames.others(said).isdisjoint(forms(written)):
        return Score(NICKNAME, (Why.NICKNAME,))
    if len(said) == 1 and written and fold(written).startswith(said):
        value = max(value, INITIAL)
    if value < ENOUGH_ALIKE:
        return Score(value, ())
    return Score(value, (Why.GIVEN if value == 1 else Why.GIVEN_ALIKE,))


def _year(said: Said, known: Known) -> tuple[float, list[Why]]:
    if known.birth_year is None:
        return UNKNOWN_YEAR, []
    if said.born is not None and said.born == known.birth_date:
        return SAME_YEAR, [Why.BIRTH_DATE]
    if known.birth_year in said.years:
        return SAME_YEAR, [Why.YEAR]
    if not said.years.isdisjoint({known.birth_year - 1, known.birth_year + 1}):
        return NEXT_YEAR, [Why.YEAR_NEAR]
    return 0.0, []


def best(
    sayings: Sequence[Said], people: Iterable[Known], limit: int
) -> tuple[list[tuple[Known, Score]], int]:
    """The best, each by the saying that fits it best, and how many are as good as the first."""
    scored = [(max(score(said, each) for said in sayings), each) for each in people]
    fitting = [(found, each) for found, each in scored if found.value > 0]
    fitting.sort(key=lambda pair: (-pair[0].value, pair[1].names, pair[1].person_id))
    as_good = sum(found.value >= fitting[0][0].value - AS_GOOD for found, _ in fitting)
    return [(each, found) for found, each in fitting[:limit]], as_good


def ask_for(said: Said, as_good: int) -> Fact | None:
    """Which one more fact tells namesakes apart; None when there are few."""
    if as_good <= ABOUND:
        return None
    if len(said.words) == 1:
        return Fact.GIVEN_NAME
    if not said.years:
        return Fact.BIRTH_YEAR
    return Fact.PHONE if said.town else Fact.PLACE
