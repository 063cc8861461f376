"""The command `centrale`: finds the verb, loads what it needs, says errors in a sentence."""

import errno
import importlib
import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
from pydantic import ValidationError
from rich.console import Console

from registry.kit import clock
from registry.kit.errors import Problem
from registry.kit.settings import PREFIX, default_home, settings

INTERRUPTED = 130


@dataclass(frozen=True)
class Verb:
    """Where a verb is written. Its module is loaded when it is asked for."""

    module: str
    function: str
    says: str
    hidden: bool = False


VERBS = {
    "up": Verb("cli_house", "up", "Start everything: engines, pages, worker, sweeper, receivers."),
    "demo": Verb("cli_house", "demo", "The same with a sample town and simulated people."),
    "web": Verb("cli_web", "web", "Serve pages, API and live feed."),
    "work": Verb("cli_work", "work", "Do slow and outside work (Celery)."),
    "sweep": Verb("cli_sweep", "sweep", "Keep deadlines and pass events on."),
    "receive": Verb("cli_receive", "receive", "Receive alarms from devices."),
    "carrier": Verb("cli_carrier", "carrier", "Be the built-in telephone network."),
    "migrate": Verb("cli_records", "migrate", "Bring the database to this version."),
    "town": Verb("cli_town", "town", "Load the sample town.", hidden=True),
    "check-up": Verb("cli_check_up", "check_up", "Look for what is not as it should be here."),
    "settings": Verb("cli_settings", "show", "List each setting, its value and its meaning."),
    "staff": Verb("cli_records", "staff_verbs", "Who works here."),
    "token": Verb("cli_records", "token_verbs", "Access of programs."),
    "journal": Verb("cli_records", "journal_verbs", "The journal of who did what."),
    "backup": Verb("cli_backup", "backup", "Write the house to one sealed file."),
    "restore": Verb("cli_backup", "restore", "Make a house of such a file."),
    "restore-person": Verb("cli_backup", "restore_person", "Bring back one file, to be read."),
    "keys": Verb("cli_keys", "verbs", "The keys of this installation."),
    "import": Verb("cli_people", "verbs", "Bring in people from another registry."),
    "devices": Verb("cli_devices", "verbs", "Telecare devices."),
    "simulate": Verb("cli_simulate", "verbs", "Simulated callers, homes and teams."),
    "check-migrations": Verb("cli_migrations", "check", "Migrations alone.", hidden=True),
    "check": Verb("cli_checks", "check", "Format, lint, contracts, types, migrations."),
    "test": Verb("cli_checks", "test", "Run every test; further words go to pytest."),
}


def main() -> None:
    """Run one verb. Errors end in one sentence on standard error and a code that is not zero."""
    words = sys.argv[1:]
    asked = next((word for word in words if not word.startswith("-")), "")
    try:
        assemble(asked)(words, prog_name="centrale", standalone_mode=True)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except Exception as error:  # noqa: BLE001 - the last door before the user
        Console(stderr=True).print(
            f"[bold red]centrale:[/] {sentence(error)}", soft_wrap=True, highlight=False
        )
        sys.exit(1)


def assemble(asked: str) -> Callable[..., Any]:
    """The command line with the asked verb in full and the others by name."""
    app = typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        help="Centrale, the software of a Centrale Operativa Sociale.",
    )
    app.callback()(_nothing)
    for name, verb in VERBS.items():
        found = _nothing
        if name == asked:
            found = getattr(importlib.import_module(f"webconsole.{verb.module}"), verb.function)
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name, help=verb.says, no_args_is_help=True)
            continue
        extra = {"allow_extra_args": True, "ignore_unknown_options": True} if name == "test" else {}
        app.command(name, help=verb.says, hidden=verb.hidden, context_settings=extra)(found)
    return typer.main.get_command(app)


def _nothing() -> None:
    """Stand in for a verb that was not asked for."""


def sentence(error: Exception) -> str:
    """What went wrong and what to do, for a person."""
    for explain in (_of_ours, _of_settings, _of_system, _of_database):
        if said := explain(error):
            return said
    return _unforeseen(error)


def _of_ours(error: Exception) -> str:
    return str(error) if isinstance(error, Problem) else ""


def _of_settings(error: Exception) -> str:
    if not isinstance(error, ValidationError) or error.title != "Settings":
        return ""
    said = []
    for each in error.errors(include_url=False):
        if each["type"] == "default_factory_not_called":
            continue
        name = "_".join(str(part) for part in each["loc"]).upper()
        says = each["msg"].removeprefix("Value error, ")
        said.append(f"{PREFIX}{name}: {says}" if name else says)
    return f"{'; '.join(said)} (`centrale settings` explains each setting)"


def _of_system(error: Exception) -> str:
    if isinstance(error, ModuleNotFoundError):
        return (
            f"The package {error.name} is missing: remove the folder .venv and run "
            "./centrale again, which installs what the lock file names"
        )
    if not isinstance(error, OSError):
        return ""
    where = error.filename or _home()
    if error.errno == errno.ENOSPC:
        return f"The disk is full ({where}): free some space and start again"
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return f"{where} cannot be used ({error.strerror}): set CENTRALE_HOME to a folder of yours"
    return f"{where}: {error.strerror}" if error.strerror else ""


def _of_database(error: Exception) -> str:
    # By name: the supervisor never loads the database's packages.
    kinds = {kind.__name__ for kind in type(error).__mro__}
    said = str(error)
    if "CommandError" in kinds and "Can't locate revision" in said:
        return (
            "The database was made by a newer Centrale than this one: "
            "install that version, or restore a backup made by this one"
        )
    if kinds & {"UndefinedTable", "ProgrammingError"} and "does not exist" in said:
        return "The database is not at this version: run `centrale migrate` first"
    if "OperationalError" in kinds:
        reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
        return f"The database does not answer ({reason}): check CENTRALE_DATABASE_URL and try again"
    if kinds & {"RedisError"}:
        return f"Redis does not answer ({said}): check CENTRALE_REDIS_URL and try again"
    return ""


def _unforeseen(error: Exception) -> str:
    """Keep the whole story in a file, so that it can be sent to those who write Centrale."""
    story = "".join(traceback.format_exception(error))
    place = _home() / "log"
    try:
        place.mkdir(parents=True, exist_ok=True)
        note = place / f"fault-{clock.now():%Y%m%dT%H%M%S}-{os.getpid()}.txt"
        note.write_text(story, encoding="utf-8")
    except OSError:
        return f"A fault of ours, {type(error).__name__}: {error}\n{story}"
    return f"A fault of ours ({type(error).__name__}): please send us the file {note}"


def _home() -> Path:
    try:
        return settings().home
    except ValidationError:
        return default_home()


if __name__ == "__main__":
    main()
