"""JSON of imports: a file, what its columns are, a trial, the real thing, and every refused row."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, UploadFile, status
from pydantic import BaseModel, Field

from registry import import_rows, imports
from registry.access import Actor, Right
from registry.door import Me, allow, exports, fresh
from registry.imports import Import, ImportState
from registry.kit.db import get, locked
from registry.kit.errors import Invalid
from registry.kit.http import InTransaction
from registry.people_api import Out

router = APIRouter(prefix="/imports", tags=["registry"])
IMPORTS = [allow(Right.COORDINATE)]
Heading = Annotated[str, Field(max_length=200)]


class MappingIn(BaseModel):
    """Field of ours -> heading of the file."""

    mapping: dict[import_rows.Field, Heading]


class Beginning(BaseModel):
    """Without `for_real` every row is tried and nothing is written."""

    for_real: bool = False


class ImportOut(Out):
    id: UUID
    file_name: str
    source: str
    mapping: dict[str, str]
    state: ImportState
    for_real: bool
    total: int
    done: int
    made: int
    already: int
    refused: int
    created_at: datetime
    ended_at: datetime | None


class RefusalOut(Out):
    """`message` is a key of the catalogue."""

    row: int
    field: str
    message: str


@router.get("", dependencies=IMPORTS)
def list_imports(session: InTransaction) -> dict[str, list[ImportOut]]:
    return {"items": [ImportOut.model_validate(each) for each in imports.latest(session)]}


@router.post(
    "", dependencies=IMPORTS, response_model=ImportOut, status_code=status.HTTP_201_CREATED
)
def upload(
    file: UploadFile, source: Annotated[str, Form(max_length=80)], session: InTransaction, me: Me
) -> Import:
    return received(session, me, file.filename or "", source, file.file.read())


def received(
    session: InTransaction, me: Actor | None, name: str, source: str, content: bytes
) -> Import:
    """The file as it came, with the columns that its headings propose."""
    if not source.strip():
        raise Invalid("Write whose registry this is", field="source")
    heads = import_rows.headings(content)
    job = Import(
        staff_id=me.staff_id if me else None,
        file_name=name[:200],
        source=source.strip(),
        content=content,
        mapping=import_rows.proposed(heads),
        total=sum(1 for _ in import_rows.rows(content)),
    )
    session.add(job)
    session.flush()
    return job


@router.get("/{import_id}", dependencies=IMPORTS, response_model=ImportOut)
def read(import_id: UUID, session: InTransaction) -> Import:
    return get(session, Import, import_id)


@router.put("/{import_id}/mapping", dependencies=IMPORTS, response_model=ImportOut)
def map_columns(import_id: UUID, said: MappingIn, session: InTransaction) -> Import:
    job = locked(session, Import, import_id)
    return mapped(job, {field.value: head for field, head in said.mapping.items()})


def mapped(job: Import, mapping: dict[str, Any]) -> Import:
    """What each column is. Raises Invalid for a column that is not there, or without any name."""
    if job.going:
        raise Invalid("Stop the import first")
    chosen = {field: head for field, head in mapping.items() if head}
    there = import_rows.headings(job.content)
    if missing := [head for head in chosen.values() if head not in there]:
        raise Invalid("The file has no column “%(column)s”", column=missing[0])
    if chosen.keys().isdisjoint({"family_name", "given_name"}):
        raise Invalid("Say which column is the name", field="family_name")
    job.mapping = chosen
    return job


@router.post("/{import_id}/begin", dependencies=IMPORTS, response_model=ImportOut)
def begin(import_id: UUID, how: Beginning, session: InTransaction) -> Import:
    job = locked(session, Import, import_id)
    imports.begin(session, job, for_real=how.for_real)
    return job


@router.post("/{import_id}/stop", dependencies=IMPORTS, response_model=ImportOut)
def stop(import_id: UUID, session: InTransaction) -> Import:
    job = locked(session, Import, import_id)
    imports.stop(session, job)
    return job


@router.post("/{import_id}/resume", dependencies=IMPORTS, response_model=ImportOut)
def resume(import_id: UUID, session: InTransaction) -> Import:
    job = locked(session, Import, import_id)
    imports.resume(session, job)
    return job


@router.get("/{import_id}/refusals", dependencies=[*IMPORTS, fresh(), exports("import_refusals")])
def list_refusals(import_id: UUID, session: InTransaction) -> dict[str, list[RefusalOut]]:
    """Every row that was not taken, in the order of the file."""
    job = get(session, Import, import_id)
    return {"items": [RefusalOut.model_validate(each) for each in imports.refusals(session, job)]}
