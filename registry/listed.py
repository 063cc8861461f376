"""Whose names were shown in a list, and which lists and pages left the house as file or paper."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from sqlalchemy.orm import Session

from registry import journal


@dataclass(frozen=True, kw_only=True)
class PeopleListed(journal.Event):
    """`where` is the list; `shown` are the ids of those on the page."""

    what_for: ClassVar[str] = "list"

    where: str
    shown: list[str]


@dataclass(frozen=True, kw_only=True)
class ListExported(journal.Event):
    """Downloaded as a file."""

    what_for: ClassVar[str] = "export"

    what: str


@dataclass(frozen=True, kw_only=True)
class PagePrinted(journal.Event):
    """`where` is the kind of page; `shown` are the ids of those on it."""

    what_for: ClassVar[str] = "print"

    where: str
    shown: list[str]


def note(session: Session, where: str, ids: Iterable[UUID | None]) -> None:
    """Keep in the journal who was shown; a list of nobody is no look at anybody."""
    shown = sorted({str(each) for each in ids if each is not None})
    on_the_page(session, shown)
    if shown:
        journal.record(session, PeopleListed(where=where, shown=shown))


def exported(session: Session, what: str) -> None:
    """Keep in the journal that this file was taken."""
    journal.record(session, ListExported(what=what))


def printed(session: Session, where: str, ids: Iterable[UUID]) -> None:
    """Keep in the journal that this page went to paper, and who was on it."""
    journal.record(session, PagePrinted(where=where, shown=sorted(map(str, ids))))


def on_the_page(session: Session, ids: Iterable[object]) -> None:
    """Remember for this request whom its page shows: should it be printed, it says so itself."""
    session.info.setdefault("shown", set()).update(map(str, ids))
