"""Opening hours as people write them, "lun-ven 9:00-13:00; mar 15:00-17:30", read and checked."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time

from registry.kit.errors import Invalid

DAYS = ("lun", "mar", "mer", "gio", "ven", "sab", "dom")
ENGLISH = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ALWAYS = re.compile(r"\s*(?:h\s*24|24\s*h|24/24|sempre|always)\s*", re.IGNORECASE)
PART = re.compile(
    r"\s*(?P<days>[a-zà-ù]+(?:\s*[-,/]\s*[a-zà-ù]+)*)\s+"
    r"(?P<opens>\d{1,2})(?:[:.](?P<opens_min>\d{2}))?\s*[-–]\s*"
    r"(?P<closes>\d{1,2})(?:[:.](?P<closes_min>\d{2}))?\s*",
    re.IGNORECASE,
)
MIDNIGHT = 24


@dataclass(frozen=True, order=True)
class Span:
    """One stretch of one weekday (0 is Monday); it closes at `closes`, 23:59 for midnight."""

    day: int
    opens: time
    closes: time


def read(text: str) -> tuple[Span, ...]:
    """The stretches in order; none for an empty text. Raises Invalid when it cannot be read."""
    if not text.strip():
        return ()
    if ALWAYS.fullmatch(text):
        return tuple(Span(day, time(0), time(23, 59)) for day in range(len(DAYS)))
    return tuple(sorted(set(_spans(text))))


def is_open(text: str, local: datetime) -> bool:
    """Whether it is open at that local moment."""
    at = local.time()
    return any(
        span.day == local.weekday() and span.opens <= at < span.closes for span in read(text)
    )


def _spans(text: str) -> Iterator[Span]:
    for part in filter(str.strip, text.split(";")):
        found = PART.fullmatch(part)
        if found is None:
            raise _unreadable(part)
        opens = _time(found["opens"], found["opens_min"], part)
        closes = _time(found["closes"], found["closes_min"], part)
        if closes <= opens:
            raise _unreadable(part)
        for day in _days(found["days"], part):
            yield Span(day, opens, closes)


def _days(text: str, part: str) -> Iterator[int]:
    for each in re.split(r"[,/]", text):
        ends = [_day(word.strip(), part) for word in each.split("-")]
        if len(ends) == 1:
            yield ends[0]
            continue
        first, last = ends[0], ends[-1]
        yield from range(first, last + 1) if first <= last else (*range(first, 7), *range(last + 1))


def _day(word: str, part: str) -> int:
    start = word.lower()[:3]
    for names in (DAYS, ENGLISH):
        if start in names:
            return names.index(start)
    raise _unreadable(part)


def _time(hour: str, minute: str | None, part: str) -> time:
    if int(hour) == MIDNIGHT and int(minute or 0) == 0:
        return time(23, 59)
    try:
        return time(int(hour), int(minute or 0))
    except ValueError:
        raise _unreadable(part) from None


def _unreadable(part: str) -> Invalid:
    return Invalid(
        "“%(part)s” cannot be read as opening hours. Write for example lun-ven 9:00-13:00",
        field="hours",
        part=part.strip(),
    )
