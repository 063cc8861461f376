"""A disposal list: files whose years have passed, proposed by a rule, authorised, then carried out.

The archive of a municipality is protected: nothing is thrown away without an authorisation, which
has a number (d.lgs. 42/2004 art. 21), and four eyes. A legal hold stops it to the last moment.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import access, deadlines, journal, names, retention, still_needed
from registry.access import Actor, Right
from registry.kit import clock
from registry.kit.db import Base, Id, get, locked, transaction
from registry.kit.errors import Invalid, NotAllowed
from registry.kit.states import move
from registry.people import Person
from registry.retention import Disposition, RetentionRule

EXECUTE = "registry.execute_disposal"


class DisposalState(StrEnum):
    PROPOSED = "proposed"
    AUTHORISED = "authorised"
    # Only where the rule wants a transfer: the archive has the files.
    HANDED_OVER = "handed_over"
    EXECUTED = "executed"
    REFUSED = "refused"


STEPS = {
    DisposalState.PROPOSED: {DisposalState.AUTHORISED, DisposalState.REFUSED},
    DisposalState.AUTHORISED: {DisposalState.HANDED_OVER, DisposalState.EXECUTED},
    DisposalState.HANDED_OVER: {DisposalState.EXECUTED},
    DisposalState.EXECUTED: set[DisposalState](),
    DisposalState.REFUSED: set[DisposalState](),
}


OPEN = (DisposalState.PROPOSED, DisposalState.AUTHORISED, DisposalState.HANDED_OVER)


class ItemState(StrEnum):
    """What became of one file."""

    WAITING = "waiting"
    ERASED = "erased"
    # It is needed (again), or became part of another file.
    KEPT = "kept"


@dataclass(frozen=True, kw_only=True)
class DisposalProposed(journal.Event):
    disposal_id: UUID
    files: int


@dataclass(frozen=True, kw_only=True)
class DisposalAuthorised(journal.Event):
    disposal_id: UUID


@dataclass(frozen=True, kw_only=True)
class DisposalRefused(journal.Event):
    disposal_id: UUID


@dataclass(frozen=True, kw_only=True)
class DisposalExecuted(journal.Event):
    disposal_id: UUID


@dataclass(frozen=True, kw_only=True)
class PersonErased(journal.Event):
    disposal_id: UUID


@dataclass(frozen=True, kw_only=True)
class PersonErasedAgain(journal.Event):
    """A restored backup was older than the erasure."""


class Disposal(Base):
    """One list."""

    __tablename__ = "disposals"

    id: Mapped[Id]
    rule_id: Mapped[UUID] = mapped_column(ForeignKey("retention_rules.id"))
    state: Mapped[DisposalState] = mapped_column(default=DisposalState.PROPOSED)
    proposed_at: Mapped[datetime] = mapped_column(default=clock.now)
    proposed_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))
    # The number of the authorisation.
    authorisation: Mapped[str] = mapped_column(default="")
    executed_at: Mapped[datetime | None]


class DisposalItem(Base):
    """One file on it; the number is all that stays of who it was."""

    __tablename__ = "disposal_items"
    __table_args__ = (UniqueConstraint("disposal_id", "person_id"),)

    id: Mapped[Id]
    disposal_id: Mapped[UUID] = mapped_column(ForeignKey("disposals.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), index=True)
    since: Mapped[date]
    state: Mapped[ItemState] = mapped_column(default=ItemState.WAITING)


# How a file is emptied: filled by webconsole/wiring.py, which knows every package.
ERASE: list[Callable[[Session, Person], None]] = []


def propose(session: Session, rule: RetentionRule, actor: Actor) -> Disposal:
    """A list of what is due and on no other list. Invalid when nothing is."""
    access.require(actor, Right.COORDINATE)
    found = due(session, rule)
    if not found:
        raise Invalid("No file is due by this rule")
    disposal = Disposal(rule_id=rule.id, proposed_by=actor.staff_id)
    session.add(disposal)
    session.flush()
    session.add_all(
        DisposalItem(disposal_id=disposal.id, person_id=person_id, since=since)
        for person_id, since in found
    )
    journal.record(session, DisposalProposed(disposal_id=disposal.id, files=len(found)))
    return disposal


def due(session: Session, rule: RetentionRule) -> list[tuple[UUID, date]]:
    """What a list by this rule would have now: what is due and on no list yet."""
    listed = set(
        session.scalars(
            select(DisposalItem.person_id)
            .join(Disposal)
            .where(Disposal.state.in_(OPEN) | (DisposalItem.state == ItemState.ERASED))
        )
    )
    return [each for each in retention.due(session, rule) if each[0] not in listed]


def authorise(session: Session, disposal: Disposal, actor: Actor, *, number: str) -> None:
    """By somebody else than who proposed it, with the number.

    A worker then carries it out; where the rule wants a transfer, once the files were handed over.
    """
    _decide(session, disposal, actor, DisposalState.AUTHORISED)
    if not number.strip():
        raise Invalid("Write the number of the authorisation", field="number")
    disposal.authorisation = number.strip()
    journal.record(session, DisposalAuthorised(disposal_id=disposal.id))
    if not transfers(session, disposal):
        carry_out(session, disposal)


def transfers(session: Session, disposal: Disposal) -> bool:
    """Whether its rule wants the files handed to an archive first."""
    return get(session, RetentionRule, disposal.rule_id).disposition is Disposition.TRANSFER


def carry_out(session: Session, disposal: Disposal) -> None:
    deadlines.set_(session, EXECUTE, disposal.id, clock.now())


def refuse(session: Session, disposal: Disposal, actor: Actor) -> None:
    """The files stay, and may come on another list."""
    _decide(session, disposal, actor, DisposalState.REFUSED)
    journal.record(session, DisposalRefused(disposal_id=disposal.id))


def _decide(session: Session, disposal: Disposal, actor: Actor, to: DisposalState) -> None:
    access.require(actor, Right.COORDINATE)
    if actor.staff_id is None or actor.staff_id == disposal.proposed_by:
        raise NotAllowed("Somebody else than who proposed the list decides on it")
    move(disposal, to, STEPS)
    disposal.decided_at, disposal.decided_by = clock.now(), actor.staff_id
    session.flush()


def execute(disposal_id: UUID) -> None:
    """Done by a worker, a file a transaction; killed, it goes on, and twice does no harm."""
    while _next(disposal_id):
        pass
    with transaction() as session:
        names.forget_unused(session)
    with transaction() as session:
        disposal = locked(session, Disposal, disposal_id)
        if _may_be_carried_out(session, disposal):
            move(disposal, DisposalState.EXECUTED, STEPS)
            disposal.executed_at = clock.now()
            journal.record(session, DisposalExecuted(disposal_id=disposal.id))


def _next(disposal_id: UUID) -> bool:
    with transaction() as session:
        disposal = locked(session, Disposal, disposal_id)
        item = session.scalar(
            select(DisposalItem)
            .where(DisposalItem.disposal_id == disposal_id, DisposalItem.state == ItemState.WAITING)
            .order_by(DisposalItem.id)
            .limit(1)
        )
        if item is None or not _may_be_carried_out(session, disposal):
            return False
        person = locked(session, Person, item.person_id)
        if not may_go(session, person):
            item.state = ItemState.KEPT
            return True
        for erase in ERASE:
            erase(session, person)
        item.state = ItemState.ERASED
        journal.record(session, PersonErased(person_id=person.id, disposal_id=disposal_id))
        return True


def _may_be_carried_out(session: Session, disposal: Disposal) -> bool:
    if disposal.state is DisposalState.AUTHORISED:
        return not transfers(session, disposal)
    return disposal.state is DisposalState.HANDED_OVER


def may_go(session: Session, person: Person) -> bool:
    """Whether nothing that happened since the list was made keeps the file."""
    return person.merged_into is None and not still_needed.is_(session, person.id)


def latest(session: Session, limit: int = 50) -> list[Disposal]:
    """Newest first."""
    wanted = select(Disposal).order_by(Disposal.proposed_at.desc()).limit(limit)
    return list(session.scalars(wanted))


def counts(session: Session, disposal_id: UUID) -> dict[ItemState, int]:
    """How many files of a list are in which state."""
    asked = (
        select(DisposalItem.state, func.count())
        .where(DisposalItem.disposal_id == disposal_id)
        .group_by(DisposalItem.state)
    )
    return {row[0]: row[1] for row in session.execute(asked)}


def files(session: Session, disposal_id: UUID) -> list[DisposalItem]:
    """The files of a list, the longest waiting first."""
    wanted = select(DisposalItem).where(DisposalItem.disposal_id == disposal_id)
    return list(session.scalars(wanted.order_by(DisposalItem.since)))
