"""Candidates: each night whoever is new or changed is compared with all; people judge the pairs."""

from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import access, deadlines, duplicates, journal, not_same, people
from registry.access import Actor, Role
from registry.duplicates import Facts
from registry.kit import clock
from registry.kit.db import Base, transaction
from registry.not_same import NotSame
from registry.people import Person
from registry.safe_contacts import ZONE

FIND = "registry.find_duplicates"
# Comparing is one duty of the whole house.
the_house = UUID(int=0)
AT_NIGHT = time(3)
BATCH = 100  # people compared in one transaction
BATCHES = 20  # batches before the worker is free for others
SHOWN = 50
# Compares everybody; what comes of it is shown to those alone who may know of both.
WATCHER = Actor(
    staff_id=None, login="centrale", name="Centrale", roles=frozenset({Role.COORDINATOR})
)


class Candidate(Base):
    """Two files that may be of one person; the smaller id first, so that a pair is kept once."""

    __tablename__ = "duplicate_candidates"
    __table_args__ = (CheckConstraint("one_id < other_id", name="candidate_one_before_other"),)

    one_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), primary_key=True)
    other_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), primary_key=True, index=True)
    score: Mapped[float]
    why: Mapped[list[str]]
    found_at: Mapped[datetime] = mapped_column(default=clock.now)


class Round(Base):
    """How far in the journal the comparing has come."""

    __tablename__ = "duplicate_rounds"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    journal_id: Mapped[int] = mapped_column(BigInteger, default=0)


def find(_house: UUID) -> None:
    """Done by a worker; killed half-way it goes on where the last batch ended."""
    for _ in range(BATCHES):
        with transaction() as session:
            if not batch(session):
                deadlines.set_(session, FIND, the_house, next_night(clock.now()))
                return
    with transaction() as session:
        deadlines.set_(session, FIND, the_house, clock.now())


def begin() -> None:
    """A chore of the sweeper: there is always a next night."""
    with transaction() as session:
        deadlines.keep(session, FIND, the_house, next_night(clock.now()))


def next_night(now: datetime) -> datetime:
    """The next three o'clock of the house."""
    local = now.astimezone(ZONE)
    day = local.date() if local.time() < AT_NIGHT else local.date() + timedelta(days=1)
    return datetime.combine(day, AT_NIGHT, ZONE)


def batch(session: Session) -> bool:
    """Compare the next few that are new or changed; False when there are none."""
    session.execute(insert(Round).values(id=1, journal_id=0).on_conflict_do_nothing())
    done = session.get_one(Round, 1, with_for_update=True, populate_existing=True)
    entries = (
        select(journal.Entry.id, journal.Entry.person_id)
        .where(
            journal.Entry.id > done.journal_id,
            journal.Entry.kind.in_([people.PersonCreated.kind, people.PersonChanged.kind]),
        )
        .order_by(journal.Entry.id)
        .limit(BATCH)
    )
    found = session.execute(entries).all()
    if not found:
        return False
    ids = list(dict.fromkeys(row.person_id for row in found))
    for person in people.known(session, ids, WATCHER):
        compare(session, person)
    done.journal_id = found[-1].id
    return True


def compare(session: Session, person: Person) -> int:
    """Write down who may be the same as this person; how many pairs."""
    apart = not_same.told_apart(session, person.id) | {person.id}
    hits = duplicates.similar(session, Facts.of(session, person), WATCHER)
    rows: list[dict[str, Any]] = []
    for hit in hits:
        if hit.person.id not in apart:
            one, other = sorted((person.id, hit.person.id))
            why = [each.value for each in hit.why]
            rows.append({"one_id": one, "other_id": other, "score": hit.score, "why": why})
    for row in rows:
        session.execute(
            insert(Candidate).values(found_at=clock.now(), **row).on_conflict_do_nothing()
        )
    return len(rows)


def open_(session: Session, actor: Actor, limit: int = SHOWN) -> list[Candidate]:
    """Pairs nobody has judged, surest first; both must be known to the actor, and still two."""
    known = access.visible(select(Person.id), Person.restricted, actor)
    told = select(NotSame.one_id).where(
        NotSame.one_id == Candidate.one_id, NotSame.other_id == Candidate.other_id
    )
    wanted = (
        select(Candidate)
        .where(Candidate.one_id.in_(known), Candidate.other_id.in_(known), ~told.exists())
        .order_by(Candidate.score.desc(), Candidate.found_at)
    )
    return list(session.scalars(wanted.limit(limit)))
