"""A retention rule: how long which files are kept after what, by which law; no years are ours.

No single national term for social files exists (DPR 445/2000 art. 68 wants a plan of each archive),
so the rules are data: lists come from them, somebody authorises, then they are carried out. Where
several rules meet in one file, the longest keeps it.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, Date, cast, func, select, true
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import access, journal, still_needed
from registry.access import Actor, Right
from registry.cases import Area, Case
from registry.contacts import Contact
from registry.kit import clock
from registry.kit.db import Base, Id
from registry.kit.errors import Invalid
from registry.people import Person

MOST_YEARS = 150
MOST = 1_000  # files on one list


class Trigger(StrEnum):
    """From when the years are counted."""

    LAST_CASE_CLOSED = "last_case_closed"
    LAST_CONTACT = "last_contact"


class Disposition(StrEnum):
    """What becomes of the file when they have passed."""

    ANONYMISE = "anonymise"
    # Handed to an archive whole, then erased here (registry/transfers.py).
    TRANSFER = "transfer"
    KEEP = "keep"


@dataclass(frozen=True, kw_only=True)
class RetentionRuleWritten(journal.Event):
    rule_id: UUID


class RetentionRule(Base):
    """`years` None: kept for good, as the archive's plan may say.

    `area` is the class of files: those with a case of this area; None means all of them.
    """

    __tablename__ = "retention_rules"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    area: Mapped[Area | None]
    trigger: Mapped[Trigger]
    years: Mapped[int | None]
    disposition: Mapped[Disposition]
    source: Mapped[str]
    ended_at: Mapped[datetime | None]


def write(
    session: Session,
    actor: Actor,
    *,
    name: str,
    trigger: Trigger,
    years: int | None,
    disposition: Disposition,
    source: str,
    area: Area | None = None,
) -> RetentionRule:
    """A new rule; the rules there are do not change, they end. Raises Invalid."""
    access.require(actor, Right.COORDINATE)
    for field, said in (("name", name), ("source", source)):
        if not said.strip():
            raise Invalid("Write it in a few words", field=field)
    if disposition is not Disposition.KEEP and not years:
        raise Invalid("Write after how many years", field="years")
    if years is not None and not 0 < years <= MOST_YEARS:
        raise Invalid("Write after how many years", field="years")
    if session.scalar(select(RetentionRule.id).where(RetentionRule.name == name.strip())):
        raise Invalid("There is a rule of this name already", field="name")
    rule = RetentionRule(
        name=name.strip(),
        area=area,
        trigger=trigger,
        years=years,
        disposition=disposition,
        source=source.strip(),
    )
    session.add(rule)
    session.flush()
    journal.record(session, RetentionRuleWritten(rule_id=rule.id))
    return rule


def end(session: Session, rule: RetentionRule, actor: Actor) -> None:
    """No list is made by it any more; those there are stay."""
    access.require(actor, Right.COORDINATE)
    if rule.ended_at is None:
        rule.ended_at = clock.now()
        journal.record(session, RetentionRuleWritten(rule_id=rule.id))


def all_(session: Session) -> list[RetentionRule]:
    """Those in force first."""
    wanted = select(RetentionRule).order_by(RetentionRule.ended_at.is_not(None), RetentionRule.name)
    return list(session.scalars(wanted))


def due(session: Session, rule: RetentionRule) -> list[tuple[UUID, date]]:
    """Whose years have passed, with the day they began to count; the longest waiting first.

    Not what is still needed, nor a file that became part of another: it goes with that one.
    """
    if rule.disposition is Disposition.KEEP or rule.years is None or rule.ended_at is not None:
        return []
    others = [each for each in all_(session) if each.ended_at is None and each is not rule]
    wanted = (
        select(Person.id, cast(_began(rule), Date))
        .where(Person.merged_into.is_(None), _covers(rule), _passed(rule), ~still_needed.needed())
        .where(*(~_covers(each) | _passed(each) for each in others))
        .order_by(_began(rule))
        .limit(MOST)
    )
    return [(row[0], row[1]) for row in session.execute(wanted)]


def _covers(rule: RetentionRule) -> ColumnElement[bool]:
    """Whether a file is of the rule's class."""
    if rule.area is None:
        return true()
    return select(Case.id).where(Case.person_id == Person.id, Case.area == rule.area).exists()


def _passed(rule: RetentionRule) -> ColumnElement[bool]:
    """Whether the rule no longer keeps a file; one for good always does."""
    if rule.disposition is Disposition.KEEP or rule.years is None:
        return ~true()
    today = clock.now().date()
    before = date(today.year - rule.years, today.month, min(today.day, 28))
    return cast(_began(rule), Date) <= before


def _began(rule: RetentionRule) -> ColumnElement[datetime | None]:
    """The moment from which the years count."""
    closed = select(func.max(Case.closed_at)).where(Case.person_id == Person.id)
    if rule.area is not None:
        closed = closed.where(Case.area == rule.area)
    if rule.trigger is Trigger.LAST_CASE_CLOSED:
        return closed.scalar_subquery()
    met = select(func.max(Contact.at)).where(Contact.person_id == Person.id).scalar_subquery()
    return func.greatest(func.coalesce(met, Person.created_at), closed.scalar_subquery())
