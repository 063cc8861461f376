"""Which readings of files deserve a question: pure, over one week of who opened what."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from uuid import UUID

MANY = 20  # files in a week below which nobody is asked
TIMES_MEDIAN = 3
OFTEN = 5  # openings of one file in a week without any work on it


class Why(StrEnum):
    RESERVED_WITHOUT_WORK = "reserved_without_work"
    SAME_FAMILY_NAME = "same_family_name"
    BROKE_GLASS = "broke_glass"
    OFTEN_WITHOUT_WORK = "often_without_work"
    MANY_FILES = "many_files"


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One file opened once. `namesake`: reader and person share a family name."""

    staff_id: UUID
    person_id: UUID
    role: str
    reserved: bool = False
    namesake: bool = False
    broke_glass: bool = False


@dataclass(frozen=True, kw_only=True)
class Unusual:
    """A question for the auditor to ask; `person_id` is None when it is about the whole week."""

    why: Why
    staff_id: UUID
    person_id: UUID | None
    times: int


def unusual(readings: Iterable[Reading], worked: Collection[tuple[UUID, UUID]]) -> list[Unusual]:
    """The gravest kind first. `worked` are pairs (staff, person) with some work on the file."""
    together = defaultdict[tuple[UUID, UUID], list[Reading]](list)
    for each in readings:
        together[each.staff_id, each.person_id].append(each)
    found = [
        Unusual(why=why, staff_id=staff_id, person_id=person_id, times=len(those))
        for (staff_id, person_id), those in together.items()
        for why in _of_one(those, (staff_id, person_id) in worked)
    ]
    found += _many(together)
    order = list(Why)
    return sorted(found, key=lambda each: (order.index(each.why), -each.times, str(each.staff_id)))


def _of_one(those: list[Reading], worked: bool) -> Iterable[Why]:
    """What is unusual in how one person of the staff read one file."""
    if any(each.broke_glass for each in those):
        yield Why.BROKE_GLASS
    if worked:
        return
    if any(each.reserved for each in those):
        yield Why.RESERVED_WITHOUT_WORK
    if any(each.namesake for each in those):
        yield Why.SAME_FAMILY_NAME
    if len(those) >= OFTEN:
        yield Why.OFTEN_WITHOUT_WORK


def _many(together: dict[tuple[UUID, UUID], list[Reading]]) -> list[Unusual]:
    """Those who opened far more files than the others of their role."""
    files = Counter(staff_id for staff_id, _ in together)
    roles = {each.staff_id: each.role for those in together.values() for each in those}
    found = []
    for staff_id, number in files.items():
        others = [
            n for other, n in files.items() if other != staff_id and roles[other] == roles[staff_id]
        ]
        if number >= MANY and number > TIMES_MEDIAN * (median(others) if others else 0):
            found.append(
                Unusual(why=Why.MANY_FILES, staff_id=staff_id, person_id=None, times=number)
            )
    return found
