"""Imports of another registry: the file, what its columns are, the trial, the real thing."""

import csv
import io
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, UploadFile
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from registry import audit, import_rows, imports, imports_api
from registry.access import Actor, Right
from registry.door import Me, allow, exports, fresh
from registry.import_rows import Field
from registry.imports import Import, ImportState
from registry.kit import i18n
from registry.kit.db import get, locked
from registry.kit.errors import Problem
from registry.kit.http import InTransaction, sentence, status_of
from webconsole import person_words, rendering
from webconsole.pages import forms
from webconsole.pages.forms import Trouble
from webconsole.words import words

router = APIRouter(include_in_schema=False)
SEE_OTHER = 303
IMPORTS = [allow(Right.COORDINATE)]
SHOWN = 30  # rows named for one reason; the file has them all


class Verb(StrEnum):
    """What is done with an import that was tried, as the address says it."""

    IMPORT = "importa"
    STOP = "ferma"
    RESUME = "riprendi"


VERBS = {Verb.STOP: imports.stop, Verb.RESUME: imports.resume}


@router.get("/importazioni", dependencies=IMPORTS)
def list_imports(request: Request, session: InTransaction, me: Me) -> Response:
    return _list(request, session, me, forms.NONE)


def _list(
    request: Request, session: Session, me: Actor, trouble: Trouble, source: str = ""
) -> Response:
    found = imports.latest(session)
    return rendering.page(
        request,
        "people/imports.html",
        me=me,
        status=422 if trouble else 200,
        found=found,
        source=source,
        trouble=trouble,
        staff=audit.staff_names(session, {each.staff_id for each in found}),
        said=person_words,
        words=words(i18n.language_of(request)),
    )


@router.post("/importazioni", dependencies=IMPORTS)
def upload(
    request: Request,
    session: InTransaction,
    me: Me,
    file: UploadFile,
    source: Annotated[str, Form(max_length=80)] = "",
) -> Response:
    try:
        name = file.filename or ""
        job = imports_api.received(session, me, name, source, file.file.read())
    except Problem as problem:
        return _list(request, session, me, forms.trouble(request, problem), source)
    return RedirectResponse(f"/importazioni/{job.id}", SEE_OTHER)


@router.get("/importazioni/{import_id}", dependencies=IMPORTS)
def show(import_id: UUID, request: Request, session: InTransaction, me: Me) -> Response:
    return _show(request, session, me, get(session, Import, import_id))


def _show(
    request: Request, session: Session, me: Actor, job: Import, problem: Problem | None = None
) -> Response:
    say = i18n.catalogue(i18n.language_of(request)).gettext
    why: dict[tuple[str, str], list[int]] = {}
    for each in imports.refusals(session, job):
        why.setdefault((each.field, say(each.message)), []).append(each.row)
    return rendering.page(
        request,
        "people/import.html",
        me=me,
        status=status_of(problem) if problem else 200,
        job=job,
        heads=import_rows.headings(job.content),
        fields=list(Field),
        states=ImportState,
        # The most frequent first: one wrong column is one line.
        refusals=sorted(why.items(), key=lambda each: -len(each[1])),
        shown=SHOWN,
        trouble=sentence(request, problem) if problem else "",
        said=person_words,
        words=words(i18n.language_of(request)),
    )


@router.get(
    "/importazioni/{import_id}/rifiutate.csv",
    dependencies=[*IMPORTS, fresh(), exports("import_refusals")],
)
def export_refused(import_id: UUID, request: Request, session: InTransaction) -> Response:
    """Number of the row, column and reason: to mend the file with. Nothing of what stood in it."""
    say = i18n.catalogue(i18n.language_of(request)).gettext
    told = words(i18n.language_of(request))
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow((say("Row"), say("Column"), say("Why")))
    for each in imports.refusals(session, get(session, Import, import_id)):
        column = told.of(person_words.FIELDS, each.field) if each.field else ""
        writer.writerow((each.row, column, say(each.message)))
    name = {"Content-Disposition": 'attachment; filename="righe-rifiutate.csv"'}
    text = "\ufeff" + out.getvalue()
    return Response(text, media_type="text/csv; charset=utf-8", headers=name)


async def _chosen(request: Request) -> dict[str, Any]:
    sent = await request.form()
    return {field.value: str(sent.get(field.value, ""))[:200] for field in Field}


@router.post("/importazioni/{import_id}/prova", dependencies=IMPORTS)
def try_rows(
    import_id: UUID,
    request: Request,
    session: InTransaction,
    me: Me,
    chosen: Annotated[dict[str, Any], Depends(_chosen)],
) -> Response:
    """Every row is tried and nothing is written."""
    job = locked(session, Import, import_id)
    try:
        imports_api.mapped(job, chosen)
        imports.begin(session, job, for_real=False)
    except Problem as problem:
        return _show(request, session, me, job, problem)
    return RedirectResponse(f"/importazioni/{job.id}", SEE_OTHER)


@router.post("/importazioni/{import_id}/{verb}", dependencies=IMPORTS)
def go(import_id: UUID, verb: Verb, request: Request, session: InTransaction, me: Me) -> Response:
    """Take the rows in, stop, or go on after the last row that was dealt with."""
    job = locked(session, Import, import_id)
    try:
        if verb in VERBS:
            VERBS[verb](session, job)
        else:
            imports.begin(session, job, for_real=True)
    except Problem as problem:
        return _show(request, session, me, job, problem)
    return RedirectResponse(f"/importazioni/{job.id}", SEE_OTHER)
