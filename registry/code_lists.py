"""Keeping the coded lists: a word, an order, a first and a last day; what was in use never goes."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from registry import journal
from registry.codes import Code, CodeList
from registry.kit import clock
from registry.kit.errors import Conflict, Invalid, NotFound

CODE = re.compile(r"[a-z][a-z0-9_]{1,39}")


@dataclass(frozen=True, kw_only=True)
class CodesChanged(journal.Event):
    list: str
    code: str


def all_(session: Session, list_: CodeList) -> list[Code]:
    """Every period of every code, those that hold today or later first."""
    today = clock.now().date()
    found = session.scalars(
        select(Code).where(Code.list == list_).order_by(Code.position, Code.code, Code.valid_from)
    )
    return sorted(found, key=lambda each: each.valid_to is not None and each.valid_to < today)


def add(
    session: Session,
    list_: CodeList,
    *,
    code: str,
    italian: str,
    english: str,
    valid_from: date,
    valid_to: date | None = None,
) -> Code:
    """A new code, or a new period of one that ended. Raises Conflict when two periods overlap."""
    if not CODE.fullmatch(code):
        raise Invalid("A code is small letters, digits and _, without spaces", field="code")
    if valid_to is not None and valid_to < valid_from:
        raise Invalid("The last day comes after the first", field="valid_to")
    for each in _of(session, list_, code):
        ends = each.valid_to or date.max
        if valid_from <= ends and each.valid_from <= (valid_to or date.max):
            raise Conflict("This code is in force in those days already", field="code")
    last = session.scalar(select(func.max(Code.position)).where(Code.list == list_))
    made = Code(
        list=list_,
        code=code,
        italian=_word(italian, "italian"),
        english=english.strip() or italian.strip(),
        valid_from=valid_from,
        valid_to=valid_to,
        position=(last or 0) + 1,
    )
    session.add(made)
    _changed(session, made)
    return made


def reword(session: Session, code: Code, *, italian: str, english: str) -> None:
    """The same code said better: what was written with it is said so, too."""
    code.italian = _word(italian, "italian")
    code.english = english.strip() or code.italian
    _changed(session, code)


def end(session: Session, code: Code, *, last_day: date) -> None:
    """Not chosen after that day; what was written with it keeps its word."""
    if last_day < code.valid_from:
        raise Invalid("The last day comes after the first", field="last_day")
    if last_day < clock.now().date() - timedelta(days=1):
        raise Invalid("What was in force until today cannot be undone", field="last_day")
    code.valid_to = last_day
    _changed(session, code)


def read(session: Session, list_: CodeList, code: str, valid_from: date) -> Code:
    found = session.get(Code, (list_, code, valid_from), with_for_update=True)
    if found is None:
        raise NotFound("There is no such %(thing)s", thing="code")
    return found


def _of(session: Session, list_: CodeList, code: str) -> list[Code]:
    wanted = select(Code).where(Code.list == list_, Code.code == code).with_for_update()
    return list(session.scalars(wanted))


def _word(text: str, field: str) -> str:
    if not text.strip():
        raise Invalid("Write it in a few words", field=field)
    return text.strip()


def _changed(session: Session, code: Code) -> None:
    session.flush()
    journal.record(session, CodesChanged(list=code.list, code=code.code))
