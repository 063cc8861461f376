"""The verbs `backup` and `restore`: one sealed file out of the house, and a house out of it."""

import time
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console

from registry.kit import crypto, key_copy
from registry.kit.settings import settings
from webconsole import backup as backups
from webconsole import bring_back, house, kept_keys
from webconsole import restore as restoring
from webconsole.cli_records import Broken

MEGABYTE = 1_000_000
out = Console(highlight=False, soft_wrap=True)


def backup(
    to: Annotated[Path, typer.Argument(help="A folder, or the file to write.")],
) -> None:
    """Write the database to one sealed file, while the house runs. The keys are not in it."""
    began = time.monotonic()
    with house.open_():
        target, manifest = backups.make(to)
    out.print(
        f"{target}: {manifest.size / MEGABYTE:.1f} MB of database, last seal "
        f"{manifest.last_seal or 'none'}, {time.monotonic() - began:.1f} s"
    )
    beside = kept_keys.place(target.parent, crypto.key_file(backups.KEY))
    out.print(
        f"{beside.name} beside it has the keys of people: copy it along, over the copy before, and "
        "keep no older one"
    )
    out.print(
        f"It opens with {settings().keys / backups.KEY} alone: "
        "keep a copy of the keys elsewhere (`centrale keys save`)"
    )


def restore(
    archive: Annotated[Path, typer.Argument(help="A file made by `centrale backup`.")],
    keys: Annotated[Path | None, typer.Option(help="A copy made by `centrale keys save`.")] = None,
    passphrase_file: Annotated[Path | None, typer.Option(help="Where its passphrase is.")] = None,
    people_keys: Annotated[
        Path | None, typer.Option(help="The newest keys of people; else looked for beside it.")
    ] = None,
) -> None:
    """Make a house of an archive, in an empty home; says whether the journal's seals still fit."""
    began = time.monotonic()
    if keys is not None:
        key_copy.load(keys, settings().keys, passphrase(passphrase_file))
    done = restoring.restore(archive, out.print, people_keys)
    out.print(
        f"Restored as of {done.manifest.made_at}: {done.entries} entries of the journal, "
        f"{time.monotonic() - began:.1f} s"
    )
    if done.later_seals:
        out.print(
            f"{done.later_seals} seals were made after this backup: what they covered is lost, and "
            f"their list is kept in {settings().keys}"
        )
    if done.erased:
        out.print(f"{done.erased} files were erased after this backup, and are erased again")
    for finding in done.findings:
        out.print(f"seal {finding.seal}: {finding.says}")
    if done.findings:
        raise Broken(f"The journal does not match its seals in {len(done.findings)} places")
    out.print("The journal matches its seals. Start with `centrale up`")


def restore_person(
    archive: Annotated[Path, typer.Argument(help="A file made by `centrale backup`.")],
    person: Annotated[UUID, typer.Argument(help="The number in the address of the person's page.")],
    *,
    lost_only: Annotated[bool, typer.Option(help="Only what the file no longer says.")] = False,
) -> None:
    """Bring one person's file out of a backup, as a copy to be read; overwrites nothing."""
    with house.open_():
        made = bring_back.bring_back(archive, person, lost_only=lost_only)
        number = len(made.pieces)
    out.print(
        f"{number} pieces wait to be read on the page /persone/{person}/privacy/copie/{made.id}: "
        "whoever reads every part of the file hands the copy over, or writes anew what was lost"
    )


def passphrase(path: Path | None, *, confirm: bool = False) -> str:
    """From the file, else asked for: never from the line, which others can read."""
    if path is not None:
        return path.read_text(encoding="utf-8").strip()
    asked: str = typer.prompt("Passphrase", hide_input=True, confirmation_prompt=confirm)
    return asked
