"""Backup and restore: the sample town comes back whole in an empty home, or one is told why not."""

import os
import random
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from registry import journal, names, people, sealing
from registry.kit import crypto, db, dumps, key_copy
from registry.kit.errors import Invalid, Problem, WrongState
from registry.kit.sealed_file import Unreadable
from registry.kit.settings import settings
from registry.people import Alert, Person
from registry.person_keys import PersonKey
from tests.conftest import empty, forget_settings
from tests.waiting import eventually
from webconsole import archives, backup, bring_back, erasing, house, kept_keys, logs, restore
from webconsole.archives import Manifest, Refused
from webconsole.demo import town

# The first test waits for the town as well as for two starts of another machine's engines.
pytestmark = [pytest.mark.in_order, pytest.mark.timeout(900)]

PASSPHRASE = "quattro parole scritte a mano"
AN_HOUR_QUARTER = 15 * 60  # seconds
KEY = bytes(range(32))


def quiet(_: str) -> None:
    """Say nothing."""


def counted() -> dict[str, int]:
    with db.transaction() as session:
        return {
            table.name: session.scalar(select(func.count()).select_from(table)) or 0
            for table in db.Base.metadata.sorted_tables
        }


@pytest.fixture(scope="module")
def taken(
    _database: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, Path, dict[str, int], Manifest]]:
    """The archive of the sample town, the copy of its keys, and what was in it."""
    empty()  # of seals too, that another house may have noted here
    _long_in_use()
    town.load()
    eventually(_sealed, within=60)
    folder = tmp_path_factory.mktemp("backups")
    target, manifest = backup.make(folder)
    _one_is_erased(folder)
    key_copy.save(settings().keys, folder / "keys.json", PASSPHRASE)
    yield target, folder / "keys.json", counted(), manifest
    empty()


def _one_is_erased(folder: Path) -> None:
    """After the backup; the next one keeps the keys of people as they are then."""
    with db.transaction() as session:
        person = session.scalars(select(Person).order_by(Person.id)).first()
        assert person is not None
        erasing.erase(session, person)
        names.forget_unused(session)
        kept_keys.write(session, folder, crypto.key_file(backup.KEY))


def _long_in_use() -> None:
    """A cluster whose transaction numbers are ahead of a new one's, as in any house that ran."""
    url = settings().database_url
    assert url is not None
    dumps.spend(url.get_secret_value(), 5_000)


def _sealed() -> bool:
    sealing.seal_new()
    with db.transaction() as session:
        last = sealing.newest(session)
        return last is not None and last.end == journal.head(session)


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Another machine: an empty home, engines of its own."""
    with tempfile.TemporaryDirectory(prefix="centrale-") as folder:
        Path(folder).chmod(0o711)  # as root the engines run as somebody else
        kept = dict(os.environ)
        home = Path(folder) / "home"
        monkeypatch.setenv("CENTRALE_HOME", str(home))
        monkeypatch.setenv("CENTRALE_DATABASE_URL", "")
        monkeypatch.setenv("CENTRALE_REDIS_URL", "")
        forget_settings()
        yield home
        monkeypatch.undo()
        # A house that was opened here has said where its engines are; they are gone.
        os.environ.clear()
        os.environ.update(kept)
        forget_settings()


def test_the_sample_town_comes_back_in_an_empty_home(
    taken: tuple[Path, Path, dict[str, int], Manifest],
    elsewhere: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    archive, keys, before, manifest = taken
    began = time.monotonic()

    key_copy.load(keys, settings().keys, PASSPHRASE)
    done = restore.restore(archive, quiet)

    assert time.monotonic() - began < AN_HOUR_QUARTER
    assert done.findings == []
    assert done.later_seals == 0
    assert done.entries == before["journal"]
    assert done.erased == 1
    assert manifest.last_seal is not None
    # What the next command finds: the restored home, with engines that have stopped.
    monkeypatch.setenv("CENTRALE_HOME", str(elsewhere))
    monkeypatch.setenv("CENTRALE_DATABASE_URL", "")
    monkeypatch.setenv("CENTRALE_REDIS_URL", "")
    forget_settings()
    monkeypatch.setattr(logs, "configure", str)  # what tests read of the logs goes on as it is
    with house.open_():
        assert counted() == before | {"journal": before["journal"] + 1}
        _words_are_read()
        _the_journal_goes_on()
        db.engine().dispose()


def _words_are_read() -> None:
    with db.transaction() as session:
        assert all(each.text for each in session.scalars(select(Alert)))
        gone = session.scalars(select(Person).order_by(Person.id)).first()
        assert gone is not None
        assert (gone.given_name, gone.family_name) == ("", "")


def _the_journal_goes_on() -> None:
    """What is written after the restore sorts after what came back, so every reader meets it."""
    with db.transaction() as session:
        until_now = journal.head(session)
    with db.transaction() as session:
        someone = people.create(session, given_name="Prova", family_name="Ripresa")

    def new() -> list[journal.Entry]:
        with db.transaction() as session:
            return journal.after(session, until_now)

    # Not at once: the server may be tidying up in a transaction of its own.
    assert [each.person_id for each in eventually(new, within=60)] == [someone.id]
    with db.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Person)) == 61


def test_one_persons_file_comes_back_as_a_copy_to_be_read(
    taken: tuple[Path, Path, dict[str, int], Manifest],
) -> None:
    with db.transaction() as session:
        lost = session.scalars(select(Alert).order_by(Alert.id)).all()[-1]
        person_id, words = lost.person_id, str(lost.text)
        session.delete(lost)

    made = bring_back.bring_back(taken[0], person_id, lost_only=True)
    assert words in [each.said for each in made.pieces]
    assert person_id == made.person_id

    with db.transaction() as session:
        erased = session.scalar(
            select(PersonKey.person_id).where(PersonKey.destroyed_at.is_not(None)).limit(1)
        )
        assert lost.id not in session.scalars(select(Alert.id)).all()
    assert erased is not None
    with pytest.raises(Refused, match="was erased"):
        bring_back.bring_back(taken[0], erased)


def test_a_house_that_is_not_empty_is_left_alone(
    taken: tuple[Path, Path, dict[str, int], Manifest],
) -> None:
    with pytest.raises(Refused, match="tables already"):
        restore.restore(taken[0], quiet)


def test_without_its_key_or_with_another_one_nothing_is_touched(
    taken: tuple[Path, Path, dict[str, int], Manifest], elsewhere: Path
) -> None:
    with pytest.raises(Refused, match=r"backup\.key is missing"):
        restore.restore(taken[0], quiet)
    crypto.key_file(backup.KEY)
    with pytest.raises(Unreadable, match="made with another key"):
        restore.restore(taken[0], quiet)
    with pytest.raises(WrongState, match="another key than that of the copy"):
        key_copy.load(taken[1], settings().keys, PASSPHRASE)
    assert not (elsewhere / "postgres").exists()


def test_without_the_newest_keys_of_people_nothing_is_touched(
    taken: tuple[Path, Path, dict[str, int], Manifest], elsewhere: Path, tmp_path: Path
) -> None:
    key_copy.load(taken[1], settings().keys, PASSPHRASE)
    key = (settings().keys / backup.KEY).read_bytes()
    with pytest.raises(Refused, match="keys of people"):
        restore.restore(taken[0], quiet, tmp_path / "lost.keys")
    kept = kept_keys.place(taken[0].parent, key)
    old = kept_keys.read(kept, key)
    assert len(old.keys) >= taken[3].keys > 0
    changed = bytearray(kept.read_bytes())
    changed[-20] ^= 1
    (tmp_path / "damaged.keys").write_bytes(changed)
    with pytest.raises(Unreadable):
        restore.restore(taken[0], quiet, tmp_path / "damaged.keys")
    later = replace(taken[3], made_at="2099-01-01T00:00:00+00:00")
    with pytest.raises(Refused, match="older than the archive"):
        restore._people_keys(kept, key, later)
    assert not (elsewhere / "postgres").exists()


def test_a_wrong_passphrase_opens_no_copy_of_keys(
    taken: tuple[Path, Path, dict[str, int], Manifest], elsewhere: Path
) -> None:
    with pytest.raises(Unreadable, match="does not open"):
        key_copy.load(taken[1], settings().keys, PASSPHRASE + "!")
    with pytest.raises(Invalid, match="at least 15 letters"):
        key_copy.save(settings().keys, elsewhere / "copy.json", "breve")
    assert not settings().keys.exists()


def small(folder: Path, *, revisions: list[str] | None = None, size: int = 5_000_000) -> Path:
    """An archive of anything, without a database."""
    manifest = Manifest(
        made_at="2026-11-22T08:00:00+00:00",
        version="9.9",
        revisions=revisions or [],
        postgres=15,
        last_seal=None,
        last_mark="",
    )
    dump = random.Random(4).randbytes(size)
    archives.write(folder / "small.backup", KEY, manifest, [dump], b"")
    return folder / "small.backup"


def test_whatever_is_changed_or_cut_off_is_refused(tmp_path: Path) -> None:
    archive = small(tmp_path, size=40_000)
    whole = archive.read_bytes()
    assert archives.check(archive, KEY).size == 40_000
    dice = random.Random(7)
    for _ in range(200):
        damaged = bytearray(whole)
        if dice.random() < 0.5:
            damaged[dice.randrange(len(whole))] ^= 1 << dice.randrange(8)
        else:
            del damaged[dice.randrange(len(whole)) :]
        archive.write_bytes(bytes(damaged))
        with pytest.raises(Unreadable):
            archives.check(archive, KEY)
    archive.write_bytes(whole + b"more")
    with pytest.raises(Unreadable, match="damaged"):
        archives.check(archive, KEY)


def test_chunks_that_change_places_are_refused(tmp_path: Path) -> None:
    archive = small(tmp_path)
    whole = archive.read_bytes()
    chunk = 4 + (1 << 20) + 16
    head = len(b"CENTRALE-SEALED-1\n") + 8 + 16
    first, second = whole[head : head + chunk], whole[head + chunk : head + 2 * chunk]
    archive.write_bytes(whole[:head] + second + first + whole[head + 2 * chunk :])

    with pytest.raises(Unreadable, match="damaged"):
        archives.check(archive, KEY)


def test_nothing_of_the_database_is_readable_in_an_archive(
    taken: tuple[Path, Path, dict[str, int], Manifest],
) -> None:
    body = taken[0].read_bytes()
    assert b"PGDMP" not in body
    assert b"manifest" not in body
    assert taken[0].stat().st_mode & 0o077 == 0


def test_an_archive_of_a_newer_centrale_is_refused(tmp_path: Path, elsewhere: Path) -> None:
    settings().keys.mkdir(parents=True)
    (settings().keys / backup.KEY).write_bytes(KEY)
    archive = small(tmp_path, revisions=["9999"], size=10)

    with pytest.raises(Refused, match="made by a newer Centrale"):
        restore.restore(archive, quiet)
    assert not (elsewhere / "postgres").exists()


def test_a_backup_never_overwrites_one(tmp_path: Path) -> None:
    (tmp_path / "yesterday.backup").write_bytes(b"precious")

    with pytest.raises(Problem, match="is there already"):
        backup.make(tmp_path / "yesterday.backup")
    assert (tmp_path / "yesterday.backup").read_bytes() == b"precious"


@pytest.mark.usefixtures("_database")
def test_a_server_whose_counter_cannot_be_set_uses_its_numbers_up() -> None:
    url = settings().database_url
    assert url is not None
    with db.transaction() as session:
        now = session.scalar(select(func.pg_current_xact_id()))
    goal = int(str(now)) + 3_000

    dumps.spend(url.get_secret_value(), goal)

    assert not dumps.behind(url.get_secret_value(), goal)
