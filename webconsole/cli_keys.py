"""The verbs on the installation's keys."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from registry import identifiers, rotation
from registry.kit import blind, crypto, key_copy
from registry.kit.db import transaction
from registry.kit.settings import settings
from webconsole import app as every_model
from webconsole import backup, house
from webconsole.cli_backup import passphrase

verbs = typer.Typer()
verbs.callback()(lambda: None)
out = Console(highlight=False, soft_wrap=True)


@verbs.command()
def save(
    to: Annotated[Path, typer.Argument(help="The file to write.")],
    passphrase_file: Annotated[
        Path | None, typer.Option(help="Where the passphrase is; asked for when not given.")
    ] = None,
) -> None:
    """Copy every key into one file that a passphrase opens. Keep both apart from the backups."""
    said = passphrase(passphrase_file, confirm=True)
    # First use would make them, and a copy without them would be of no use.
    for name in (backup.KEY, blind.KEY):
        crypto.key_file(name)
    number = key_copy.save(settings().keys, to, said)
    out.print(f"{to}: {number} keys. Whoever has it, the passphrase and a backup reads everything")


@verbs.command()
def index() -> None:
    """Write the blind index anew: after the folder of keys came back without its key.

    May be stopped at any moment and begun again. The house works meanwhile.
    """
    changed, after = 0, None
    with house.open_():
        while True:
            with transaction() as session:
                after, done = identifiers.index_anew(session, after)
            changed += done
            if after is None:
                break
    out.print(f"{changed} codes were found by another key, and are found again")


@verbs.command()
def rotate() -> None:
    """Make a new key and seal every encrypted field with it, or finish what was begun.

    May be stopped or killed at any moment: the next run goes on. The house works meanwhile.
    """
    assert every_model.app is not None  # noqa: S101 - the whole application, and so every model
    with house.open_():
        with transaction() as session:
            left = sum(rotation.left(session).values())
        if not left:
            crypto.next_version()
            with transaction() as session:
                left = sum(rotation.left(session).values())
        version = crypto.newest_version()
        with Progress(console=out) as progress:
            task = progress.add_task(f"Sealing with key {version}", total=left)
            done = rotation.rotate(lambda _, number: progress.advance(task, number))
        with transaction() as session:
            left = sum(rotation.left(session).values())
    out.print(f"{done} fields are sealed with key {version}, {left} are left")
    out.print(
        "Copy the keys again (`centrale keys save`). Older keys stay for older backups: remove "
        "them with the last backup of their time"
    )
