"""What somebody gets who asked for their data: for machines, for people, and their documents."""

import io
import json
import zipfile
from collections.abc import Iterator
from uuid import UUID

from sqlalchemy.orm import Session

from registry import attachments, cases
from registry.access import Actor
from registry.attachments import Attachment, AttachmentState
from registry.subject_access import SubjectExport


def archive(session: Session, made: SubjectExport, me: Actor, sheet: bytes) -> bytes:
    """A ZIP of the lines that were left and the documents whose name was left as it is.

    Raises WrongState while a scanner still looks at one of them.
    """
    facts = [
        {"part": each.table, "field": each.field, "at": each.at, "value": each.said}
        for each in made.shown
    ]
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("dati.json", json.dumps(facts, ensure_ascii=False, indent=1))
        packed.writestr("dati.html", sheet)
        for number, (document, content) in enumerate(_documents(session, made, me), start=1):
            packed.writestr(f"documenti/{number:03}.{document.ending.lstrip('.')}", content)
    return whole.getvalue()


def _documents(
    session: Session, made: SubjectExport, me: Actor
) -> Iterator[tuple[Attachment, bytes]]:
    """Those that still are there, as they are; each one is in the journal as read."""
    left_out = {*made.hidden, *made.blacked_out}
    for place, each in enumerate(made.pieces):
        if not each.document or str(place) in left_out:
            continue
        case_id, document_id = map(UUID, each.document.split("/"))
        there = session.get(Attachment, document_id)
        if there is not None and there.state is not AttachmentState.REFUSED and there.sealed_name:
            yield attachments.read(session, cases.read(session, case_id, me), document_id, me)
