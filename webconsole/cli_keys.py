"""The verbs on the installation's keys."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from registry.kit import crypto, key_copy
from registry.kit.settings import settings
from webconsole import backup
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
    crypto.key_file(backup.KEY)  # the first backup would make it: a copy without it opens none
    number = key_copy.save(settings().keys, to, said)
    out.print(f"{to}: {number} keys. Whoever has it, the passphrase and a backup reads everything")
