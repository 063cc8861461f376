"""Documents of a case: added with a form, given out as a download that nothing can run in."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, UploadFile
from starlette.responses import Response

from registry import access, attachments, cases
from registry.access import Right
from registry.case_parts_api import given_out
from registry.cases import Case
from registry.door import Me, allow
from registry.kit.errors import NotAllowed
from registry.kit.http import InTransaction
from webconsole.pages.case_verbs import Here, readers

router = APIRouter(include_in_schema=False, prefix="/casi/{case_id}/documenti")
Short = Annotated[str, Form(max_length=80)]


@router.post("", dependencies=[allow(Right.WRITE_CASES)])
def add(
    on: Here,
    file: UploadFile,
    circle: Short = "",
    role: Short = "",
    compartment: Short = "",
) -> Response:
    content = file.file.read(attachments.most() + 1)

    def work(case: Case) -> None:
        chosen = readers(circle, role, compartment)
        name = file.filename or ""
        attachments.add(on.session, case, on.me, name=name, content=content, **chosen)

    return on.do(work, form="document", circle=circle, role=role)


@router.get("/{attachment_id}", dependencies=[allow(Right.READ_CASES)])
def download(case_id: UUID, attachment_id: UUID, session: InTransaction, me: Me) -> Response:
    """Written in the journal."""
    case = cases.read(session, case_id, me)
    if not access.sees(me, case.compartment):
        raise NotAllowed("This is a reserved part of the file, and it is not open to you")
    return given_out(*attachments.read(session, case, attachment_id, me))
