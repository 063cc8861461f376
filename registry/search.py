"""The one box: whoever is meant, by number, code, case, or name however it was misspelt."""

import hashlib
import hmac
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Integer,
    Select,
    Text,
    Uuid,
    and_,
    any_,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from registry import (
    access,
    asked,
    cases,
    identifiers,
    journal,
    listed,
    matching,
    nicknames,
    people,
)
from registry.access import Actor, Right
from registry.asked import Asked
from registry.cases import Case
from registry.kit import clock
from registry.kit.crypto import key_file
from registry.matching import Fact, Known, Said, Score, Why
from registry.names import UNKNOWN_YEAR, Name, NameKey
from registry.people import Person
from registry.places import Address, AddressKind
from registry.spelling import fold
from registry.vocabulary import VOCABULARY, Shelf

SHOWN = 10  # people in an answer: a short list is read, a long one is not
CANDIDATES = 3000  # people scored for one question
CERTAIN = 0.88  # below this the whole vocabulary is searched, too: two slips and a wrong year
TOWN_WORDS = 5
KEY = "search.key"
# Where somebody hides is nothing to find them by.
TELLABLE = Address.kind != AddressKind.HIDDEN


@dataclass(frozen=True, kw_only=True)
class PeopleSearched(journal.Event):
    """Who was shown; what was asked only as a keyed digest, to tell equal questions."""

    what_for: ClassVar[str] = "search"

    digest: str
    shown: list[str]


@dataclass(frozen=True)
class Hit:
    person: Person
    score: float
    why: tuple[Why, ...]


@dataclass(frozen=True, kw_only=True)
class Found:
    """The best first. `ask_for` is the fact to ask next when there are too many namesakes."""

    people: list[Hit]
    ask_for: Fact | None = None
    case: Case | None = None

    @property
    def persons(self) -> list[Person]:
        return [hit.person for hit in self.people]


def find(session: Session, words: str, actor: Actor) -> Found:
    """At most SHOWN people whom the actor may know of. The journal keeps that it was asked."""
    question = asked.read(words, clock.now().date())
    found = _found(session, question, actor)
    note(session, words, found.people)
    return found


def note(session: Session, words: str, shown: list[Hit]) -> None:
    """Keep in the journal that somebody looked, and whom they saw."""
    ids = [str(hit.person.id) for hit in shown]
    listed.on_the_page(session, ids)
    journal.record(session, PeopleSearched(digest=_digest(words), shown=ids))


def _digest(words: str) -> str:
    """The same for the same question, and of no use without the key."""
    said = " ".join(sorted(fold(words).split()))
    return hmac.new(key_file(KEY), said.encode(), hashlib.sha256).hexdigest()


def _found(session: Session, question: Asked, actor: Actor) -> Found:
    case = _case(session, question, actor)
    certain = _exactly(session, question, case, actor)
    if not question.words:
        return Found(people=certain[:SHOWN], case=case)
    sayings = sayings_of(session, question)
    scored, as_good = ranked(session, sayings, actor)
    there = {hit.person.id for hit in certain}
    others = _hits(session, [pair for pair in scored if pair[0].person_id not in there], actor)
    return Found(
        people=[*certain, *others][:SHOWN],
        ask_for=None if certain else matching.ask_for(sayings[-1], as_good),
        case=case,
    )


def _case(session: Session, question: Asked, actor: Actor) -> Case | None:
    if question.case is None or not access.can(actor, Right.READ_CASES):
        return None
    return cases.by_number(session, question.case, actor)


def _exactly(session: Session, question: Asked, case: Case | None, actor: Actor) -> list[Hit]:
    """By what belongs to one person or one home."""
    found = defaultdict[UUID, list[Why]](list)
    for code in question.codes:
        for person_id in identifiers.holders(session, code):
            found[person_id].append(Why.IDENTIFIER)
    for number in question.phones:
        for person_id in people.phone_holders(session, number):
            found[person_id].append(Why.PHONE)
    if case is not None and case.person_id is not None:
        found[case.person_id].append(Why.CASE)
    # Asked also when nobody has that number: see _known.
    asked_for = question.codes or question.phones or case is not None
    there = people.known(session, found, actor) if asked_for else []
    return [Hit(person, 1.0, tuple(found[person.id])) for person in there]


def sayings_of(session: Session, question: Asked) -> list[Said]:
    """What was said, and once more for each town among the words; the richest last."""
    VOCABULARY.refresh(session)
    plain = Said(words=question.words, years=question.years, born=question.born)
    towns = [replace(plain, words=rest, town=town) for rest, town in _towns(question.words) if rest]
    return [plain, *towns[:1]]


def _towns(words: tuple[str, ...]) -> Iterable[tuple[tuple[str, ...], str]]:
    """The rest and the town, longest town first: many surnames are towns, too."""
    for size in range(min(TOWN_WORDS, len(words)), 0, -1):
        for at in range(len(words) - size, -1, -1):
            town = " ".join(words[at : at + size])
            if town in VOCABULARY.towns:
                yield words[:at] + words[at + size :], town


def named(
    session: Session, said: Said, actor: Actor, *, limit: int = SHOWN, among: Iterable[UUID] = ()
) -> list[Hit]:
    """By names and birth alone; `among` are weighed, too, whatever their year."""
    VOCABULARY.refresh(session)
    scored, _ = ranked(session, [said], actor, limit)
    there = {known.person_id for known, _ in scored}
    others = set(among) - there
    weighed, _ = matching.best(
        [said], _known(session, others, said.town, actor) if others else [], limit
    )
    return _hits(session, [*scored, *weighed], actor)


def ranked(
    session: Session, sayings: Sequence[Said], actor: Actor, limit: int = SHOWN
) -> tuple[list[tuple[Known, Score]], int]:
    """The best of those whose names are near, and how many are as good as the first."""
    near = _looked_up(session, sayings, _alike)
    known = _known(session, near, sayings[-1].town, actor)
    found, as_good = matching.best(sayings, known, limit)
    if found and found[0][1].value >= CERTAIN:
        return found, as_good
    far = _looked_up(session, sayings, Shelf.far)
    for said in sayings:
        far |= _by_given_name_and_year(session, said)
    more = _known(session, far - near, sayings[-1].town, actor)
    return matching.best(sayings, [*known, *more], limit)


def _alike(shelf: Shelf, word: str) -> list[str]:
    begun = shelf.beginning(word) if len(word) >= matching.BEGINNING else []
    return [*shelf.alike(word), *begun]


def _looked_up(
    session: Session, sayings: Sequence[Said], near: Callable[[Shelf, str], list[str]]
) -> set[UUID]:
    """Ids of whoever has a surname near one said, and the year or a given name near one said."""
    found: set[UUID] = set()
    for said in sayings:
        families, givens = _near(said.words, near)
        for lookup in _lookups(said, families, givens):
            found |= set(session.scalars(lookup))
    return found


def _near(
    words: tuple[str, ...], near: Callable[[Shelf, str], list[str]]
) -> tuple[list[str], list[str]]:
    """The surnames and given names that exist near any reading of the words."""
    families = dict[str, None]()
    givens = dict[str, None]()
    for reading in matching.readings(words):
        if reading.family:
            families |= dict.fromkeys(near(VOCABULARY.family, reading.family))
        for given in {*reading.given, "".join(reading.given)} - {""}:
            givens |= dict.fromkeys([*near(VOCABULARY.given, given), *nicknames.others(given)])
    return list(families), list(givens)


def _lookups(said: Said, families: list[str], givens: list[str]) -> Iterator[Select[UUID]]:
    """Each is one walk in one B-tree."""
    family, given = _in(NameKey.family, families), _in(NameKey.given, givens)
    single = len(said.words) == 1
    if said.years:
        born = NameKey.birth_year == any_(literal(_near_years(said), ARRAY(Integer())))
        alone = given if single else and_(given, NameKey.family == "")
        yield _person_ids(or_(and_(family, born), and_(alone, born)))
    elif single:
        yield _person_ids(NameKey.family == said.words[0])
        yield _person_ids(NameKey.given == said.words[0])
        yield _person_ids(family)
        yield _person_ids(given)
    else:
        yield _person_ids(_in(NameKey.family, ["", *families]), _in(NameKey.given, ["", *givens]))
    if single and said.town:
        yield _person_ids(family, _living_in(said.town))
        yield _person_ids(given, _living_in(said.town))


def _by_given_name_and_year(session: Session, said: Said) -> set[UUID]:
    """For surnames that two slips made into others, as they do with short ones."""
    if len(said.words) == 1 or not said.years:
        return set()
    born = NameKey.birth_year == any_(literal(_near_years(said), ARRAY(Integer())))
    return set(session.scalars(_person_ids(_in(NameKey.given, list(said.words)), born)))


def _person_ids(*wanted: ColumnElement[bool]) -> Select[UUID]:
    return select(NameKey.person_id).where(*wanted).limit(CANDIDATES)


def _in(column: InstrumentedAttribute[str], words: list[str]) -> ColumnElement[bool]:
    """Sent as one text, which costs far less than an array; an empty word stands first."""
    written = "\n" + "\n".join(words) if words[:1] == [""] else "\n".join(words)
    return column == any_(func.string_to_array(written, "\n"))


def _near_years(said: Said) -> list[int]:
    years = {year + near for year in said.years for near in (-1, 0, 1)}
    return sorted(years | {UNKNOWN_YEAR})


def _living_in(town: str) -> ColumnElement[bool]:
    written = sorted(VOCABULARY.towns[town])
    there = select(Address.person_id).where(
        func.lower(Address.town) == any_(literal(written, ARRAY(Text()))), TELLABLE
    )
    return NameKey.person_id.in_(there)


def _known(session: Session, ids: set[UUID], town: str, actor: Actor) -> list[Known]:
    """The names and birth of those whom the actor may know of: nobody else is ever scored.

    Asked also when nobody has such a name, so that the time of an answer does not tell a name that
    only a reserved person has from one that nobody has.
    """
    wanted = literal(sorted(ids), ARRAY(Uuid()))
    chosen = (
        select(
            Person.id,
            Person.given_name,
            Person.family_name,
            Person.birth_year,
            Person.birth_date,
            Name.given_name,
            Name.family_name,
        )
        .outerjoin(Name, Name.person_id == Person.id)
        .where(Person.id == any_(wanted))
        .order_by(Name.id)
    )
    rows = session.execute(access.visible(chosen, Person.restricted, actor)).all()
    others = defaultdict[UUID, list[tuple[str, str]]](list)
    for person_id, given, family, _, _, other_given, other_family in rows:
        if other_given is not None:
            others[person_id].append((other_given or given, other_family or family))
    towns = _towns_of(session, wanted) if town else {}
    found = {
        person_id: Known(
            person_id=person_id,
            names=((given, family), *others.get(person_id, ())),
            birth_year=year,
            birth_date=born,
            towns=frozenset(towns.get(person_id, ())),
        )
        for person_id, given, family, year, born, _, _ in rows
    }
    return list(found.values())


def _towns_of(session: Session, ids: ColumnElement[Any]) -> dict[UUID, list[str]]:
    found = defaultdict[UUID, list[str]](list)
    for person_id, town in session.execute(
        select(Address.person_id, Address.town).where(Address.person_id == any_(ids), TELLABLE)
    ):
        found[person_id].append(fold(town))
    return found


def _hits(session: Session, scored: list[tuple[Known, Score]], actor: Actor) -> list[Hit]:
    ids = [known.person_id for known, _ in scored]
    there = {person.id: person for person in people.known(session, ids, actor)}
    return [
        Hit(there[known.person_id], found.value, found.why)
        for known, found in scored
        if known.person_id in there
    ]
