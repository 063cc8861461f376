"""A warning at the door: who in the registry may be the person of whom a file is being made."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Self
from uuid import UUID

from sqlalchemy.orm import Session

from registry import identifiers, not_same, people, search
from registry.access import Actor
from registry.kit.errors import Conflict
from registry.matching import Said, Why
from registry.people import Person
from registry.search import Hit
from registry.spelling import parts

SHOWN = 5
SURE = 0.93  # the score from which two files may be one person's
UNKNOWN_YEAR = 0.9  # the same when the file lacks the year
YEARLESS = 0.96  # the same when we were not told the year
REACHED = 0.8  # the same when the phone number is shared, too


def N_(sentence: str) -> str:  # noqa: N802 - the mark that gathers sentences for translation
    return sentence


WARNING = N_("There may already be a file of this person. Look, or confirm that it is another")


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known of somebody before there is a file."""

    given_name: str = ""
    family_name: str = ""
    birth_year: int | None = None
    birth_date: date | None = None
    phones: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()

    @classmethod
    def of(cls, session: Session, person: Person) -> Self:
        """What a file says."""
        return cls(
            given_name=person.given_name,
            family_name=person.family_name,
            birth_year=person.birth_year,
            birth_date=person.birth_date,
            phones=tuple(phone.number for phone in person.phones),
            codes=tuple(each.value for each in identifiers.of(session, person.id)),
        )


class Similar(Conflict):
    """There are files that may be of the same person; `candidates` are their ids, best first."""

    def __init__(self, hits: list[Hit]) -> None:
        super().__init__(WARNING)
        self.more["candidates"] = [
            {"id": str(hit.person.id), "score": hit.score, "why": list(hit.why)} for hit in hits
        ]


def look(session: Session, facts: Facts, actor: Actor) -> list[Hit]:
    """The same as `similar` for somebody's eyes: kept in the journal as a search."""
    hits = similar(session, facts, actor)
    search.note(session, f"{facts.given_name} {facts.family_name}", hits)
    return hits


def similar(session: Session, facts: Facts, actor: Actor) -> list[Hit]:
    """At most SHOWN people whom the actor may know of; nobody when hardly anything is known."""
    found: dict[UUID, Hit] = {}
    for code in facts.codes:
        for person in people.known(session, identifiers.holders(session, code), actor):
            found[person.id] = Hit(person, 1.0, (Why.IDENTIFIER,))
    reached = {
        person_id for number in facts.phones for person_id in people.phone_holders(session, number)
    }
    for hit in _namesakes(session, facts, reached, actor):
        at_phone = hit.person.id in reached
        if hit.person.id not in found and hit.score >= _wanted(facts, hit.person, at_phone):
            why = (*hit.why, Why.PHONE) if at_phone else hit.why
            found[hit.person.id] = replace(hit, why=why)
    return sorted(found.values(), key=lambda hit: -hit.score)[:SHOWN]


def _namesakes(session: Session, facts: Facts, reached: set[UUID], actor: Actor) -> Iterable[Hit]:
    words = (*parts(facts.family_name), *parts(facts.given_name))
    if not (facts.family_name.strip() and facts.given_name.strip() and words):
        return []
    year = facts.birth_date.year if facts.birth_date else facts.birth_year
    said = Said(words=words, years=frozenset({year} if year else ()), born=facts.birth_date)
    return search.named(session, said, actor, limit=2 * SHOWN, among=reached)


def _wanted(facts: Facts, person: Person, at_phone: bool) -> float:
    if at_phone:
        return REACHED
    if facts.birth_year is None and facts.birth_date is None:
        return YEARLESS
    return SURE if person.birth_year is not None else UNKNOWN_YEAR


def of(session: Session, person: Person, actor: Actor) -> list[Hit]:
    """Other files that may be this person's, without those already told apart."""
    facts = Facts.of(session, person)
    others = not_same.told_apart(session, person.id) | {person.id}
    hits = [hit for hit in similar(session, facts, actor) if hit.person.id not in others]
    search.note(session, person.name, hits)
    return hits
