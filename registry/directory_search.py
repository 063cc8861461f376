"""Finding a service: full text in Italian, forgiving slips in words that no sheet knows."""

from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from rapidfuzz import process
from rapidfuzz.distance import OSA
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from registry import directory
from registry.directory import GRAMMAR, Service, ServiceArea
from registry.spelling import fold

WORDS = 12  # of a question
CLOSE = 3  # words taken for one that no sheet has
LONG = 6  # letters from which two slips are forgiven, else one
SHORTEST = 4  # letters from which a slip is forgiven at all
BEGINNING = 3  # letters from which a word stands for its longer forms


@dataclass(frozen=True)
class Found:
    """The best first. `read_as` are words that stood in no sheet, with what was sought instead."""

    services: list[Service]
    read_as: dict[str, list[str]]


class _Known:
    """The words of all sheets, kept until a sheet changes."""

    def __init__(self) -> None:
        self.stamp: tuple[int, datetime | None] = (-1, None)
        self.words: frozenset[str] = frozenset()
        self.lock = Lock()

    def refresh(self, session: Session) -> frozenset[str]:
        count, last = session.execute(
            select(func.count(Service.id), func.max(Service.changed_at))
        ).one()
        with self.lock:
            if (count, last) != self.stamp:
                said = (
                    " ".join(directory.texts(each)) for each in session.scalars(select(Service))
                )
                self.words = frozenset(word for text in said for word in fold(text).split())
                self.stamp = (count, last)
            return self.words


_KNOWN = _Known()


def find(
    session: Session,
    text: str,
    *,
    public: bool = False,
    area: ServiceArea | None = None,
    limit: int = 20,
) -> Found:
    """Sheets with all the words; when there is none, those with any of them."""
    words = [word for word in fold(text[:200]).split() if word.isalnum()][:WORDS]
    if not words:
        areas = [area] if area else []
        return Found(directory.listed(session, public=public, areas=areas, limit=limit), {})
    known = _KNOWN.refresh(session)
    read_as = {word: _near(word, known) for word in words if not _there(word, known)}
    each = [_term(word, read_as.get(word, [])) for word in words]
    for glue in (" & ", " | "):
        found = _matching(session, glue.join(each), public, area, limit)
        if found:
            break
    return Found(found, {word: near for word, near in read_as.items() if near})


def _there(word: str, known: frozenset[str]) -> bool:
    long = len(word) >= BEGINNING
    return word in known or (long and any(each.startswith(word) for each in known))


def _near(word: str, known: frozenset[str]) -> list[str]:
    if len(word) < SHORTEST:
        return []
    slips = 2 if len(word) >= LONG else 1
    found = process.extract(
        word, known, scorer=OSA.distance, score_cutoff=slips, limit=CLOSE, processor=None
    )
    nearest = min((distance for _, distance, _ in found), default=0)
    return [each for each, distance, _ in found if distance == nearest]


def _term(word: str, near: list[str]) -> str:
    forms = [f"{word}:*" if len(word) >= BEGINNING else word, *near]
    return f"({' | '.join(forms)})"


def _matching(
    session: Session, question: str, public: bool, area: ServiceArea | None, limit: int
) -> list[Service]:
    asked: ColumnElement[object] = func.to_tsquery(GRAMMAR, question)
    wanted = (
        select(Service)
        .where(Service.words.op("@@")(asked))
        .order_by(func.ts_rank_cd(Service.words, asked).desc(), func.lower(Service.name))
        .limit(limit)
    )
    if public:
        wanted = wanted.where(Service.published)
    if area is not None:
        wanted = wanted.where(Service.area == area)
    return list(session.scalars(wanted))
