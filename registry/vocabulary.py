"""The vocabulary: every distinct surname, given name and town, in the memory of each process.

A misspelt word is compared with the eighty thousand surnames that exist and not with millions of
people; what is close is then looked up in plain B-trees.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from enum import StrEnum
from itertools import islice
from operator import itemgetter
from threading import Lock
from typing import TypeVar

from rapidfuzz import process
from rapidfuzz.distance import OSA
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Identity,
    Index,
    any_,
    delete,
    func,
    insert,
    literal,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, Session, mapped_column
from sqlalchemy.types import Text

from registry.kit.db import Base
from registry.spelling import fold, sound

CLOSE = 40  # words taken for one, best first
BEGINNINGS = 60  # words taken for a beginning
LONG = 6  # letters from which two slips are forgiven, else one
# One row at least: who is under way now, and beside it the words committed since the last look.
NEW = text(
    "SELECT pg_current_snapshot()::text, pg_current_xact_id_if_assigned()::text, kind, word "
    "FROM (SELECT 1) AS one LEFT JOIN name_words "
    "ON xid >= :unborn OR xid = ANY (string_to_array(:open, ',')::bigint[])"
)
# A process's first look arranges all words, and whoever asks meanwhile waits for it.
PATIENCE = text(
    "SELECT set_config('idle_in_transaction_session_timeout', '60s', true), "
    "set_config('statement_timeout', '30s', true)"
)
# Held by whoever counts on a word that is there, and alone by whoever takes words away.
WORDS_LOCK = 0x3074D5
OWN_XID = text("pg_current_xact_id()::text::bigint")


K = TypeVar("K")


class WordKind(StrEnum):
    FAMILY = "family"
    GIVEN = "given"
    TOWN = "town"


class Word(Base):
    """One word of one kind; twice when two transactions met it first, which harms nobody."""

    __tablename__ = "name_words"
    __table_args__ = (Index("ix_name_words_word", "word", "kind"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    kind: Mapped[WordKind]
    word: Mapped[str]
    # Readers ask for what was committed since their last look, by slow transactions, too.
    xid: Mapped[int] = mapped_column(BigInteger, server_default=OWN_XID, index=True)


def learn(session: Session, kind: WordKind, words: Iterable[str]) -> None:
    """Keep the words that nobody has met yet."""
    wanted = {word for word in words if word}
    if not wanted:
        return
    session.execute(select(func.pg_advisory_xact_lock_shared(WORDS_LOCK)))
    known = select(Word.word).where(
        Word.kind == kind, Word.word == any_(literal(sorted(wanted), ARRAY(Text())))
    )
    new = sorted(wanted - set(session.scalars(known)))
    if new:
        session.execute(insert(Word), [{"kind": kind, "word": word} for word in new])


def forget(session: Session, unused: ColumnElement[bool]) -> int:
    """Take words away; whoever has just met one of them has it written, or writes it anew."""
    found = list(session.scalars(select(Word.id).where(unused)))
    if not found:
        return 0
    session.execute(select(func.pg_advisory_xact_lock(WORDS_LOCK)))
    gone = delete(Word).where(Word.id.in_(found), unused).returning(Word.id)
    return len(session.execute(gone.execution_options(synchronize_session=False)).all())


class Shelf:
    """The words of one kind, arranged by every way in which one is looked for."""

    def __init__(self) -> None:
        self.known: set[str] = set()
        self.sorted: list[str] = []
        self.by_start: dict[tuple[str, int], list[str]] = {}
        self.by_length: dict[int, list[str]] = {}
        self.by_sound: dict[str, list[str]] = {}
        self.by_tail: dict[str, list[str]] = {}

    def add(self, words: Iterable[str]) -> None:
        """Each list is replaced and never changed: somebody may be reading it."""
        new = {word for word in words if word not in self.known}
        if not new:
            return
        _extend(self.by_start, ((word[0], len(word)) for word in new), new)
        _extend(self.by_length, map(len, new), new)
        _extend(self.by_sound, map(sound, new), new)
        _extend(self.by_tail, (word[1:] for word in new), new)
        self.sorted = sorted((*self.sorted, *new))
        self.known = self.known | new

    def alike(self, word: str) -> list[str]:
        """The word itself, what sounds the same, and slips of the hand after the first letter."""
        heard = self.by_sound.get(sound(word), [])
        first = [*self._exactly(word), *islice(heard, CLOSE), *self._first_letter(word)]
        near = _near(word, [self.by_start.get((word[0], size), []) for size in _sizes(word)])
        return list(dict.fromkeys((*first, *near)))[: 2 * CLOSE]

    def far(self, word: str) -> list[str]:
        """All words within reach of one slip, or two in a long one: some milliseconds.

        A word that exists is not taken for another one: `alike` has what is near it.
        """
        if word in self.known:
            return [word]
        return _near(word, [self.by_length.get(size, []) for size in _sizes(word)])

    def beginning(self, word: str) -> list[str]:
        at = bisect_left(self.sorted, word)
        begun = islice(self.sorted, at, at + BEGINNINGS)
        return [each for each in begun if each.startswith(word)]

    def _exactly(self, word: str) -> list[str]:
        return [word] if word in self.known else []

    def _first_letter(self, word: str) -> list[str]:
        """Wrong, missing, one too many, or changed with the second."""
        turned = word[1:2] + word[:1] + word[2:]
        missing = self.by_tail.get(word, [])
        return [*self.by_tail.get(word[1:], [])[:CLOSE], *missing[:CLOSE]] + [
            each for each in (word[1:], turned) if each in self.known
        ]


def _extend(index: dict[K, list[str]], keys: Iterable[K], words: Iterable[str]) -> None:
    gathered = defaultdict[K, list[str]](list)
    for key, word in zip(keys, words, strict=True):
        gathered[key].append(word)
    for key, more in gathered.items():
        index[key] = [*index.get(key, ()), *more]


def _slips(word: str) -> int:
    return 2 if len(word) >= LONG else 1


def _sizes(word: str) -> range:
    return range(len(word) - _slips(word), len(word) + _slips(word) + 1)


def _near(word: str, among: list[list[str]]) -> list[str]:
    """The nearest first. The lists are long, and putting them together would cost half as much."""
    most = _slips(word)
    found = [
        (distance, each)
        for words in among
        for each, distance, _ in process.extract(
            word, words, scorer=OSA.distance, score_cutoff=most, limit=CLOSE
        )
    ]
    return [each for _, each in sorted(found, key=itemgetter(0))[:CLOSE]]


class Vocabulary:
    """What this process knows of the words; brought up to date before each search."""

    def __init__(self) -> None:
        self.shelves = {kind: Shelf() for kind in (WordKind.FAMILY, WordKind.GIVEN)}
        self.towns: dict[str, frozenset[str]] = {}
        # At the last look: the first transaction that had not begun, and those under way.
        self.unborn = 0
        self.open: list[int] = []
        self.lock = Lock()

    def refresh(self, session: Session) -> None:
        """Take in what was committed since the last look; words later undone stay, unused."""
        if not self.unborn:
            session.execute(PATIENCE)
        with self.lock:
            rows = session.execute(
                NEW, {"unborn": self.unborn, "open": ",".join(map(str, self.open))}
            ).all()
            gathered = defaultdict[WordKind, list[str]](list)
            for _, _, kind, word in rows:
                if kind is not None:
                    gathered[WordKind(kind)].append(word)
            for town in gathered.pop(WordKind.TOWN, []):
                self.towns[fold(town)] = self.towns.get(fold(town), frozenset()) | {town}
            for kind, words in gathered.items():
                self.shelves[kind].add(words)
            snapshot, own, _, _ = rows[0]
            _, unborn, others = snapshot.split(":")
            self.unborn = int(unborn)
            self.open = [int(each) for each in (*others.split(","), own or "") if each]

    @property
    def family(self) -> Shelf:
        return self.shelves[WordKind.FAMILY]

    @property
    def given(self) -> Shelf:
        return self.shelves[WordKind.GIVEN]


VOCABULARY = Vocabulary()
