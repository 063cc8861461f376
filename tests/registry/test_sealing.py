"""Seals show any edit, deletion, swap or truncation of the journal."""

import random
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import time_machine
from sqlalchemy import select, text

from registry import journal, sealing
from registry.kit import clock
from registry.kit.db import engine, factory, transaction
from registry.kit.settings import settings
from tests.waiting import eventually


@dataclass(frozen=True, kw_only=True)
class DoorOpened(journal.Event):
    door_id: UUID


@pytest.fixture(autouse=True)
def _sealed(database: None) -> None:
    """Four sealed batches of ten facts."""
    for batch in range(4):
        for _ in range(10):
            with transaction() as session:
                journal.record(session, DoorOpened(door_id=uuid4(), case_id=uuid4()))
        eventually(_readable)
        with time_machine.travel(clock.now() + timedelta(minutes=batch), tick=False):
            assert sealing.seal_new() == 10


def _readable() -> bool:
    """Another worker's open transaction may hold readers of the whole server back for a moment."""
    with transaction() as session:
        last = session.scalar(select(sealing.Seal).order_by(sealing.Seal.id.desc()).limit(1))
        return len(journal.after(session, last.end if last else journal.START)) == 10


def findings() -> list[str]:
    with transaction() as session:
        return [f"{each.seal}: {each.says}" for each in sealing.verify(session)]


def numbers() -> tuple[list[int], list[int]]:
    """The ids of the entries and of the seals, in order."""
    with transaction() as session:
        entries = session.scalars(select(journal.Entry.id).order_by(journal.Entry.id)).all()
        return list(entries), list(session.scalars(select(sealing.Seal.id).order_by("id")))


def tamper(*statements: str) -> None:
    """As somebody who owns the database would: the triggers are switched off."""
    with engine().begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for each in statements:
            assert connection.execute(text(each)).rowcount != 0


def test_an_untouched_journal_has_nothing_to_find() -> None:
    assert findings() == []


TAMPERINGS = {
    "edit": "UPDATE journal SET at = at + interval '1 second' WHERE id = {a}",
    "edit a fact": "UPDATE journal SET facts = '{{\"door_id\": null}}' WHERE id = {a}",
    "edit an actor": "UPDATE journal SET actor_id = gen_random_uuid() WHERE id = {a}",
    "delete": "DELETE FROM journal WHERE id = {a}",
    "swap": "UPDATE journal SET facts = (SELECT facts FROM journal j WHERE j.id ="
    " {a} + {b} - journal.id) WHERE id IN ({a}, {b})",
    "truncate": "DELETE FROM journal WHERE id > {a}",
    "insert": "INSERT INTO journal (xid, at, kind, facts) SELECT xid, at, kind, facts"
    " FROM journal WHERE id = {a}",
    "cut the last seals": "DELETE FROM journal_seals WHERE id > {s}",
    "drop a seal": "DELETE FROM journal_seals WHERE id = {s}",
    "edit a seal": "UPDATE journal_seals SET entries = entries + 1 WHERE id = {s}",
}


@pytest.mark.parametrize("kind", TAMPERINGS)
def test_tampering_is_found(kind: str) -> None:
    entries, seals = numbers()
    first, second = random.sample(entries[:-1], 2)

    tamper(TAMPERINGS[kind].format(a=first, b=second, s=seals[1]))

    assert findings(), f"{kind} at {first} and {second} was not found"


def test_none_of_many_random_tamperings_goes_unfound(pytestconfig: pytest.Config) -> None:
    """`--tamperings 1000` is the proof; each is undone before the next."""
    entries, seals = numbers()
    tries = pytestconfig.getoption("--tamperings")
    unfound = []
    with engine().begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for number in range(tries):
            dice = random.Random(number)
            kind = dice.choice(sorted(TAMPERINGS))
            first, second = dice.sample(entries[:-1], 2)
            undone = connection.begin_nested()
            written = TAMPERINGS[kind].format(a=first, b=second, s=dice.choice(seals[:-1]))
            assert connection.execute(text(written)).rowcount != 0
            with factory(bind=connection, join_transaction_mode="conditional_savepoint") as session:
                if not list(sealing.verify(session)):
                    unfound.append((number, kind))
            undone.rollback()

    assert unfound == []
    assert findings() == []


def test_cutting_the_tail_with_its_seals_is_found() -> None:
    entries, seals = numbers()
    tamper(
        f"DELETE FROM journal WHERE id > {entries[29]}",
        f"DELETE FROM journal_seals WHERE id > {seals[2]}",
    )

    assert findings() == [f"{seals[3]}: was made and is gone: the journal was cut off"]


def test_a_seal_that_a_crash_kept_from_the_file_is_noted_by_the_next_round() -> None:
    heads = settings().keys / sealing.HEADS
    lines = heads.read_text().splitlines(keepends=True)
    heads.write_text("".join(lines[:-1]))

    sealing.seal_new()

    assert heads.read_text().splitlines(keepends=True) == lines
    assert findings() == []
