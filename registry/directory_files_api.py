"""The directory as one CSV file, out and in, for programs."""

from typing import Annotated

from fastapi import APIRouter, UploadFile
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, Field
from starlette.responses import Response

from registry import directory_files
from registry.access import Right
from registry.door import allow, exports, fresh
from registry.kit.http import InTransaction

router = APIRouter(prefix="/directory", tags=["registry"])


class RefusedOut(BaseModel):
    """`message` is a key of the catalogue."""

    line: int
    field: str
    message: str


class LoadedOut(BaseModel):
    added: int
    changed: int
    refused: Annotated[list[RefusedOut], Field(description="Lines that were left out")]


@router.get(
    "/export",
    dependencies=[allow(Right.READ_CASES), fresh(), exports("directory")],
    response_class=PlainTextResponse,
)
def export(session: InTransaction) -> Response:
    """Every sheet, by name, with the columns that the import reads."""
    return Response(directory_files.export(session), media_type="text/csv; charset=utf-8")


@router.post("/import", dependencies=[allow(Right.MANAGE_DIRECTORY)])
def load(file: UploadFile, session: InTransaction) -> LoadedOut:
    """A sheet with the same body and name is brought up to date, not doubled."""
    read = directory_files.load(
        session, directory_files.text(file.file.read(directory_files.LARGEST + 1))
    )
    refused = [
        RefusedOut(line=line, field=why.field or "", message=why.message)
        for line, why in read.refused
    ]
    return LoadedOut(added=read.added, changed=read.changed, refused=refused)
