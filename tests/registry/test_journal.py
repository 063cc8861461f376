"""The journal keeps order under concurrent writers, and nobody can rewrite it."""

import random
import threading
import time
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from registry import journal
from registry.journal import START, Position
from registry.kit.db import transaction

WRITERS, EACH = 8, 400


@dataclass(frozen=True, kw_only=True)
class BellRang(journal.Event):
    bell_id: UUID
    times: int = 1


def test_an_event_comes_back_as_it_was_recorded(session: Session) -> None:
    rang = BellRang(bell_id=uuid4(), case_id=uuid4(), times=3)
    journal.record(session, rang)
    session.flush()

    entry = journal.of_case(session, rang.case_id or uuid4())[0]

    assert entry.kind == "tests.bell_rang"
    assert entry.event() == rang


@pytest.mark.parametrize(
    "change", ["UPDATE journal SET kind = 'x'", "DELETE FROM journal", "TRUNCATE journal"]
)
def test_the_journal_refuses_to_be_rewritten(session: Session, change: str) -> None:
    journal.record(session, BellRang(bell_id=uuid4()))

    with pytest.raises(DBAPIError, match="append-only"), session.begin_nested():
        session.execute(text(change))


def test_a_position_is_written_and_read_back() -> None:
    assert Position.parse(str(Position(731, 12))) == Position(731, 12)
    with pytest.raises(ValueError, match="invalid literal"):
        Position.parse("yesterday")


def write(seed: int, written: list[UUID]) -> None:
    chance = random.Random(seed)
    left = EACH
    while left:
        size = min(left, chance.randint(1, 5))
        those = [BellRang(bell_id=uuid4()) for _ in range(size)]
        with transaction() as session:
            for each in those:
                journal.record(session, each)
                if chance.random() < 0.1:
                    session.execute(text("SELECT pg_sleep(0.003)"))
        written.extend(each.bell_id for each in those)
        left -= size


@pytest.mark.usefixtures("database")
def test_a_reader_that_resumes_at_random_misses_nothing_and_sees_nothing_twice() -> None:
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    written: list[UUID] = []
    writers = [threading.Thread(target=write, args=(seed + n, written)) for n in range(WRITERS)]
    for writer in writers:
        writer.start()
    seen: list[UUID] = []
    position = START
    limit = time.monotonic() + 60
    while len(seen) < WRITERS * EACH and time.monotonic() < limit:
        with transaction() as session:
            entries = journal.after(session, position, limit=chance.randint(1, 60))
        # The reader is cut off at random in the middle of what it got, and resumes from there.
        kept = entries[: chance.randint(0, len(entries))]
        seen.extend(UUID(entry.facts["bell_id"]) for entry in kept)
        position = kept[-1].position if kept else position
    with transaction() as session:
        seen.extend(
            UUID(entry.facts["bell_id"]) for entry in journal.after(session, position, limit=99)
        )
    assert len(written) == WRITERS * EACH, f"seed {seed}"
    assert len(seen) == len(set(seen)), f"seed {seed}: something was seen twice"
    assert set(seen) == set(written), f"seed {seed}: something was missed"
