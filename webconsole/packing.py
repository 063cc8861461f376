"""The package for an archive: whole files with their documents, the same bytes for the same files.

Each part has its digest in the index, so that whoever keeps it can prove that nothing changed.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from sqlalchemy.orm import Session

from registry import attachments, cases, circles, pictures
from registry.access import Actor
from registry.attachments import AttachmentState
from registry.disposals import Disposal
from registry.kit.errors import NotAllowed, WrongState
from registry.people import Person
from registry.pictures import Shows
from webconsole import gathering

INDEX = "index.json"
# A fixed day: the package is the same whenever it is made.
DAY = (1980, 1, 1, 0, 0, 0)


def package(session: Session, disposal: Disposal, those: Iterable[Person], me: Actor) -> bytes:
    """A ZIP. Raises NotAllowed when a part of a file is for others than the asker to read."""
    out, index = io.BytesIO(), dict[str, str]()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for person in those:
            gathering.require(session, person, me)
            for name, content in _parts(session, person, me):
                index[name] = hashlib.sha256(content).hexdigest()
                packed.writestr(_named(name), content)
        told = {
            "list": str(disposal.id),
            "authorisation": disposal.authorisation,
            "sha256": index,
        }
        packed.writestr(_named(INDEX), _json(told))
    return out.getvalue()


def _parts(session: Session, person: Person, me: Actor) -> Iterator[tuple[str, bytes]]:
    pieces = [asdict(each) for each in gathering.pieces(session, person)]
    names = dict[str, str]()
    for case in sorted(cases.of_person(session, person.id), key=lambda each: each.id):
        for document in attachments.of_case(session, case.id):
            if not circles.reads(me, document):
                raise NotAllowed(
                    "Some parts of this file are not yours: who reads them all gathers the copy"
                )
            if document.state is AttachmentState.WAITING:
                raise WrongState("The document is still being checked. Try again in a minute")
            if document.state is not AttachmentState.REFUSED:
                content = attachments.content_of(session, document.id)
                name = f"documents/{document.id}.{document.ending.lstrip('.')}"
                names[name] = document.sealed_name.decode()
                yield f"{person.id}/{name}", content
    yield f"{person.id}/file.json", _json({"kept": pieces, "documents": names})
    for shows in Shows:
        if pictures.of(session, person.id, shows) is not None:
            yield f"{person.id}/{shows}.jpg", pictures.large(session, person.id, shows)


def _named(name: str) -> zipfile.ZipInfo:
    told = zipfile.ZipInfo(name, DAY)
    told.compress_type = zipfile.ZIP_DEFLATED
    return told


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True).encode()
