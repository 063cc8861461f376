"""The verb `devices import`: telecare units in bulk, from a file."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from registry.kit.db import transaction
from registry.kit.errors import Invalid
from telecare import device_files
from webconsole import cli_device_tokens, house

verbs = typer.Typer()
verbs.add_typer(cli_device_tokens.verbs, name="token", help="Tokens of apps and webhooks.")
out = Console(highlight=False, soft_wrap=True, markup=False)


@verbs.callback()
def _group() -> None:
    """Telecare devices."""


@verbs.command("import")
def import_(
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV: account,protocol,key,heartbeat_s,label[,area,carrier,test_every_s]."
        ),
    ],
) -> None:
    """Add or change the devices of a CSV file. A bad line is told, and the others go in."""
    try:
        content = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid(f"{file} is not text in UTF-8: save it so and import it again") from error
    with house.open_(), transaction() as session:
        done = device_files.import_csv(session, content)
    for line, message, params in done.said:
        out.print(f"line {line}: {message % params}")
    for line, problem in done.refused:
        out.print(f"line {line}: {problem}")
    out.print(f"{done.added} added, {done.changed} changed, {done.unchanged} as before")
    if done.refused:
        raise Invalid("Some lines were refused: correct them and import the file again")
