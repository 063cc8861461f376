"""The command line: verbs by name, settings explained, errors in one sentence."""

import importlib
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from pydantic import ValidationError

from registry.kit.errors import Unavailable
from registry.kit.settings import CHECKOUT, Settings
from tests import processes
from tests.processes import Said
from webconsole import cli, cli_checks, cli_migrations, doors, migrate, versions


def centrale(*words: str, **told: str) -> Said:
    """Run one verb as a user does, with these settings besides."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CENTRALE_")}
    asked = kept | told | {"NO_COLOR": "1", "COLUMNS": "200"}
    return processes.centrale(*words, environment=asked)


def test_every_verb_is_listed_and_found() -> None:
    said = subprocess.run(
        [sys.executable, "-m", "webconsole.cli", "--help"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name, verb in cli.VERBS.items():
        assert (name in said) or verb.hidden
        module = importlib.import_module(f"webconsole.{verb.module}")
        assert callable(getattr(module, verb.function))


def test_every_setting_is_explained_and_secrets_are_not_shown() -> None:
    told = {"CENTRALE_TWILIO_AUTH_TOKEN": "segretissimo", "CENTRALE_HTTP_PORT": "8123"}
    said = centrale("settings", **told)
    assert said.returncode == 0
    for name, field in Settings.model_fields.items():
        assert f"CENTRALE_{name.upper()}" in said.stdout
        assert field.description
    assert "8123" in said.stdout
    assert "segretissimo" not in said.stdout


def test_a_wrong_setting_ends_in_one_sentence() -> None:
    ended = centrale("settings", CENTRALE_HTTP_PORT="otto")
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1
    assert "CENTRALE_HTTP_PORT" in ended.stderr


def test_a_home_that_cannot_be_written_ends_in_one_sentence() -> None:
    ended = centrale("migrate", CENTRALE_HOME="/proc/nowhere")
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1
    assert "set CENTRALE_HOME to a folder of your own" in ended.stderr


def test_a_database_that_does_not_answer_ends_in_one_sentence() -> None:
    nowhere = "postgresql+psycopg://nobody:parola@127.0.0.1:1/none"
    ended = centrale("migrate", CENTRALE_DATABASE_URL=nowhere, CENTRALE_REDIS_URL="redis://x")
    assert ended.returncode == 1
    assert "check CENTRALE_DATABASE_URL" in ended.stderr.splitlines()[-1]
    assert "Traceback" not in ended.stderr
    assert "parola" not in ended.stderr


def test_a_port_in_use_names_the_setting_and_the_process() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Unavailable, match=rf"process {os.getpid()} .*CENTRALE_HTTP_PORT"):
            doors.check(Settings(http_port=port))


def test_a_demo_opens_the_doors_nobody_has_spoken_of() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        opened = doors.all_open(Settings(dc09_port=port - 1))
        assert list(opened) == ["CENTRALE_RECEIVER_LINES_PORT", "CENTRALE_SOS_ACCESS_PORT"]
        assert len({str(port), *opened.values()}) == 3
        shut = doors.all_open(Settings(dc09_port=port - 1, receiver_lines_port=0))
        assert list(shut) == ["CENTRALE_SOS_ACCESS_PORT"]


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (Unavailable("The kettle is cold: light it"), r"^The kettle is cold: light it$"),
        (OSError(28, "No space left on device", "/x"), r"^The disk is full \(/x\): free some"),
        (PermissionError(13, "Permission denied", "/x"), r"/x cannot be used .* CENTRALE_HOME"),
        (ModuleNotFoundError("no", name="celery"), r"package celery is missing: .*\.venv"),
    ],
)
def test_errors_say_what_to_do(error: Exception, says: str) -> None:
    assert re.search(says, cli.sentence(error))


def test_a_fault_of_ours_leaves_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cli, "_home", lambda: tmp_path)
    said = cli.sentence(ZeroDivisionError("division by zero"))
    (note,) = (tmp_path / "log").glob("fault-*.txt")
    assert str(note) in said
    assert "ZeroDivisionError" in note.read_text()


def test_the_carrier_twilio_says_what_it_misses() -> None:
    with pytest.raises(ValidationError, match="CENTRALE_TWILIO_ACCOUNT_SID") as caught:
        Settings(carrier="twilio")
    assert "CENTRALE_PUBLIC_URL" in cli.sentence(caught.value)


def test_every_check_is_a_program_that_is_here() -> None:
    for step in cli_checks.STEPS:
        assert Path(step.words[0]).exists()


def test_a_migration_that_holds_up_a_running_house_is_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(cli_checks.Failed, match="hold up a running house"):
        cli_migrations.dangers(["ALTER TABLE people ADD COLUMN shoe_size integer NOT NULL;"])
    assert "adding-required-field" in capsys.readouterr().out
    cli_migrations.dangers(["ALTER TABLE people ADD COLUMN shoe_size integer;"])


def test_the_newest_version_is_the_one_alembic_knows() -> None:
    known = ScriptDirectory.from_config(migrate.config())
    assert versions.newest() == set(known.get_heads())


def test_a_database_that_cannot_be_asked_needs_migrating() -> None:
    assert not versions.is_newest("postgresql+psycopg://nobody@127.0.0.1:1/none")
