"""The verb `import people`: another registry, from a file, with progress; it goes on if stopped."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import Progress

from registry import importing, imports, imports_api
from registry.import_rows import Field
from registry.imports import Import, ImportState
from registry.kit.db import get, locked, transaction
from registry.kit.errors import Invalid
from webconsole import house

verbs = typer.Typer()
out = Console(highlight=False, soft_wrap=True, markup=False)


@verbs.callback()
def _group() -> None:
    """Bring in what another registry has."""


@verbs.command("people")
def import_people(
    file: Annotated[Path, typer.Argument(help="CSV or XLSX; the first line names the columns.")],
    source: Annotated[str, typer.Option(help="Whose registry it is: its codes are kept so.")],
    column: Annotated[
        list[str] | None,
        typer.Option(help=f"FIELD=HEADING where it is not clear; fields: {', '.join(Field)}."),
    ] = None,
    trial: Annotated[bool, typer.Option(help="Try every row and write nothing.")] = False,
) -> None:
    """Take in the people of a file. Called again after a stop it goes on where it was."""
    content = file.read_bytes()
    with house.open_():
        job_id = _begun(file.name, source, content, column or [], for_real=not trial)
        with Progress(console=out) as shown:
            task = shown.add_task("rows", total=None)
            while not _over(job_id, shown, task):
                importing.run(job_id)
        with transaction() as session:
            job = get(session, Import, job_id)
            said = [(each.row, each.message) for each in imports.refusals(session, job)]
    for row, message in said:
        out.print(f"line {row}: {message}")
    made = "would be added" if trial else "added"
    out.print(f"{job.made} {made}, {job.already} here already, {job.refused} refused")
    if said:
        raise Invalid("Some lines were refused: correct them and import the file again")


def _begun(name: str, source: str, content: bytes, columns: list[str], *, for_real: bool) -> UUID:
    """The same file of the same source that was not finished is gone on with."""
    with transaction() as session:
        for each in imports.latest(session):
            same = (each.file_name, each.source, each.for_real) == (name, source, for_real)
            if same and each.going and each.content == content:
                return each.id
        job = imports_api.received(session, None, name, source, content)
        if columns:
            chosen = dict(each.partition("=")[::2] for each in columns)
            if unknown := sorted(set(chosen) - set(Field)):
                raise Invalid(f"There is no field {unknown[0]}: the fields are {', '.join(Field)}")
            imports_api.mapped(job, {**job.mapping, **chosen})
        job.state = ImportState.CHECKED
        imports.begin(session, locked(session, Import, job.id), for_real=for_real)
        return job.id


def _over(job_id: UUID, shown: Progress, task: int) -> bool:
    with transaction() as session:
        job = get(session, Import, job_id)
        shown.update(task, total=job.total, completed=job.done)  # type: ignore[arg-type]
        return not job.going
