"""Seals show any edit, deletion, swap or truncation of the journal."""

import json
import random
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import time_machine
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from registry import journal, seal_exports, sealing
from registry.kit import clock
from registry.kit.db import engine, factory, transaction
from registry.kit.errors import Invalid
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


def test_an_auditor_is_told_how_far_the_seals_reach() -> None:
    with transaction() as session:
        journal.record(session, DoorOpened(door_id=uuid4()))
    with transaction() as session:
        told = sealing.reach(session)
        last = sealing.newest(session)
    assert last is not None
    assert (told.seals, told.entries, told.not_sealed) == (4, 40, 1)
    assert told.until == last.sealed_at


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
    "slip in before the beginning": "INSERT INTO journal (xid, at, kind, facts) SELECT -1, at,"
    " kind, facts FROM journal WHERE id = {a}",
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


def rewrite(session: Session) -> None:
    """As somebody with the database and the keys would: every seal made anew, ours noted too."""
    session.execute(text("SET LOCAL session_replication_role = replica"))
    key, mark, end = sealing._key(), b"", journal.START
    lines = []
    for seal in session.scalars(select(sealing.Seal).order_by(sealing.Seal.id)).all():
        covered = sealing._between(session, end, seal.end)
        seal.entries, seal.digest, seal.previous = len(covered), sealing._digest(covered), mark
        seal.signature = key.sign(seal.statement)
        mark, end = seal.mark, seal.end
        lines.append(json.dumps({"seal": seal.id, "mark": mark.hex()}) + "\n")
    session.flush()
    (settings().keys / sealing.HEADS).write_text("".join(lines))


def test_a_journal_rewritten_and_signed_again_is_found_by_a_seal_kept_elsewhere(
    tmp_path: Path,
) -> None:
    entries, _ = numbers()
    assert seal_exports.export(tmp_path)
    assert not seal_exports.export(tmp_path)
    tamper(f"DELETE FROM journal WHERE id = {entries[3]}")
    with transaction() as session:
        rewrite(session)
    assert findings() == []

    with transaction() as session:
        (found,) = seal_exports.compare(session, tmp_path)
    assert "was rewritten" in found.says


def test_seals_kept_elsewhere_miss_what_was_cut_off_and_a_changed_key(tmp_path: Path) -> None:
    _, seals = numbers()
    kept = tmp_path / "elsewhere.jsonl"
    seal_exports.export(kept)
    with transaction() as session:
        assert list(seal_exports.compare(session, kept)) == []
    tamper(f"DELETE FROM journal_seals WHERE id = {seals[-1]}")
    kept.write_text(kept.read_text().replace('"key": "', '"key": "00'))
    with transaction() as session:
        said = [each.says for each in seal_exports.compare(session, kept)]
    assert ["another key" in said[0], "cut off" in said[1]] == [True, True]
    kept.write_text("[1]")
    with transaction() as session, pytest.raises(Invalid, match="not a list of seals"):
        list(seal_exports.compare(session, kept))


def test_the_newest_seal_leaves_the_house_each_hour(tmp_path: Path) -> None:
    place = tmp_path / "away"
    exporter = seal_exports.Exporter(lambda: place / "seals.jsonl")
    exporter.look()  # the disk of the others is not mounted: said in the log, tried again
    place.mkdir()
    exporter.look()
    assert list(place.iterdir()) == []
    with time_machine.travel(clock.now() + timedelta(minutes=2)):
        exporter.look()
    assert (place / "seals.jsonl").read_text().count("\n") == 1


def test_a_seal_that_a_crash_kept_from_the_file_is_noted_by_the_next_round() -> None:
    heads = settings().keys / sealing.HEADS
    lines = heads.read_text().splitlines(keepends=True)
    heads.write_text("".join(lines[:-1]))

    sealing.seal_new()

    assert heads.read_text().splitlines(keepends=True) == lines
    assert findings() == []
