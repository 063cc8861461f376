"""The check-up: known faults, passwords everybody knows, disk, permissions; grave things refuse."""

import shutil
from collections import namedtuple
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from sqlalchemy import text
from sqlalchemy.orm import Session

from registry import identifiers, people, staff
from registry.access import Role
from registry.identifiers import IdentifierKind
from registry.kit import blind, crypto, live, passwords
from registry.kit.db import transaction
from registry.kit.errors import Unavailable
from registry.kit.settings import Settings, settings
from tests.conftest import forget_settings
from webconsole import (
    cli,
    cli_check_up,
    cli_web,
    house,
    known_faults,
    machine_clock,
    self_check,
)
from webconsole.demo import town

Usage = namedtuple("Usage", "total used free")  # noqa: PYI024 - as shutil returns it


def says(found: object) -> str:
    return " ".join(each.says for each in found)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("branch", "release", "grave", "words"),
    [
        (14, 20, True, "too old"),
        (15, 19, False, "bring it to 15.20"),
        (17, 11, False, "17.12"),
        (17, 12, None, ""),
        (18, 6, False, "18.7"),
        (18, 7, None, ""),
        (19, 0, None, ""),
    ],
)
def test_versions_of_postgresql(branch: int, release: int, grave: bool | None, words: str) -> None:
    found = list(self_check.postgres_version(branch, release))
    assert [each.grave for each in found] == ([] if grave is None else [grave])
    assert words in says(found)


def test_codes_that_are_not_found_and_keys_of_another_archive_are_told(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nina = people.create(session, given_name="Nina")
    assert list(self_check.codes(session)) == []
    people.add_identifier(session, nina, kind=IdentifierKind.PASSPORT, value="YA 0000001")
    session.expire_all()
    assert list(self_check.codes(session)) == []

    # The folder came back without the key of the index: codes are read, and nobody is found.
    (settings().keys / blind.KEY).rename(tmp_path / "kept")
    assert "centrale keys index" in says(self_check.codes(session))
    assert identifiers.holders(session, "YA0000001") == []
    after, changed = identifiers.index_anew(session, None)
    assert changed == 1
    assert identifiers.index_anew(session, after) == (None, 0)
    session.expire_all()
    assert list(self_check.codes(session)) == []
    assert identifiers.holders(session, "ya 0000001") == [nina.id]

    # Another folder altogether.
    (tmp_path / "fields-1.key").write_bytes(bytes(32))
    crypto.house_cipher.cache_clear()
    monkeypatch.setattr(Settings, "keys", tmp_path)
    session.expire_all()
    assert "cannot be read" in says(self_check.codes(session))
    crypto.house_cipher.cache_clear()


def test_a_clock_that_no_server_keeps_is_told() -> None:
    assert "time server" in says(self_check.own_clock(kept=False))
    assert [list(self_check.own_clock(kept)) for kept in (True, None)] == [[], []]
    assert machine_clock.follows_a_server() in {True, False, None}


@pytest.mark.parametrize(
    ("name", "version", "words"),
    [
        ("Valkey", "8.1.8", "8.1.9"),
        ("Valkey", "8.1.10", ""),
        ("Valkey", "9.1.2", ""),
        ("Valkey", "9.2.0", ""),
        ("Redis", "7.2.10", "7.2.11"),
        ("Redis", "8.2.6", ""),
    ],
)
def test_versions_of_the_hints(name: str, version: str, words: str) -> None:
    found = list(self_check.hints_version(name, version))
    assert bool(found) is bool(words)
    assert words in says(found)


def test_a_password_of_the_sample_town_is_grave_outside_of_it(session: Session) -> None:
    person = staff.add(session, login=town.LOGINS[0].login, name="A", roles={Role.OPERATOR})
    person.password = passwords.hash_(town.PASSWORD)
    (found,) = self_check.sample_passwords(session, Settings(demo=False))
    assert found.grave
    assert town.LOGINS[0].login in found.says
    assert town.PASSWORD not in found.says
    assert list(self_check.sample_passwords(session, Settings(demo=True))) == []
    person.password = passwords.hash_("un altro lungo inverno")
    assert list(self_check.sample_passwords(session, Settings(demo=False))) == []


@pytest.mark.parametrize(
    ("free", "grave"), [(5_000_000_000, None), (900_000_000, False), (5_000_000, True)]
)
def test_the_disk(free: int, grave: bool | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, free))
    found = list(self_check.disk(Path("/somewhere")))
    assert [each.grave for each in found] == ([] if grave is None else [grave])


def test_keys_that_others_can_read_are_grave_and_an_open_env_is_said(tmp_path: Path) -> None:
    keys, env = tmp_path / "keys", tmp_path / ".env"
    keys.mkdir(mode=0o700)
    (keys / "fields.key").touch(mode=0o600)
    env.touch(mode=0o600)
    assert list(self_check.secrets(keys, env)) == []
    (keys / "fields.key").chmod(0o644)
    env.chmod(0o640)
    found = {each.says.split(" can")[0]: each.grave for each in self_check.secrets(keys, env)}
    assert found == {str(keys / "fields.key"): True, str(env): False}


def test_an_address_without_tls(tmp_path: Path) -> None:
    assert list(self_check.address("https://centrale.example.it")) == []
    assert list(self_check.address("http://127.0.0.1:8080")) == []
    assert "https" in says(self_check.address("http://centrale.example.it"))


def test_the_verb_and_the_pages_refuse_what_is_grave(
    database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with transaction() as session:
        known = says(self_check.findings(session, settings()))
    assert "synchronous_commit off" in known, "the tests' own server forgets on purpose"
    assert "owner of its tables" in known

    monkeypatch.setattr(
        self_check, "address", lambda _: [self_check.Finding("Questo è grave", grave=True)]
    )
    with pytest.raises(Unavailable, match="Questo è grave"):
        cli_web._look_around(settings())
    monkeypatch.setattr(house, "open_", nullcontext)
    with pytest.raises(cli_check_up.NotFit):
        cli_check_up.check_up()
    assert cli.VERBS["check-up"].module == "cli_check_up"


@pytest.mark.parametrize(("apart", "said"), [(0, False), (5, True), (-5, True)])
def test_a_clock_that_is_wrong_is_said(session: Session, apart: int, said: bool) -> None:
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=apart)):
        found = says(self_check.database(session))
    assert ("let both follow a time server" in found) is said


@pytest.mark.usefixtures("_database")
def test_a_redis_that_does_not_answer_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CENTRALE_REDIS_URL", "redis://127.0.0.1:9/0")
    forget_settings()
    try:
        (found,) = self_check.hints()
    finally:
        monkeypatch.undo()
        forget_settings()
    assert "Redis does not answer" in found.says
    assert not found.grave


def test_the_engines_that_come_with_the_house_are_looked_up(session: Session) -> None:
    """What the wheels bring is in the tables: a branch that nobody looked up would pass unseen."""
    number = int(session.scalar(text("SHOW server_version_num")) or 0)
    assert number // 10_000 in known_faults.POSTGRES
    said = str(live.client().info("server")["valkey_version"])
    main, branch, *_ = map(int, said.split("."))
    assert (main, branch) in known_faults.HINTS["Valkey"]
