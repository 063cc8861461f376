"""One person's file out of a backup: as a copy to be read in the house, which overwrites nothing.

Where a file was mangled by mistake, or somebody asks what was kept of them on a day, the archive is
opened beside the house, their file gathered as for subject access, and put before who reads it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry import journal, subject_access
from registry.access import HOUSE
from registry.kit import clock, db, dumps, engines
from registry.kit.db import get
from registry.kit.settings import settings
from registry.people import Person
from registry.person_keys import PersonKey
from registry.subject_access import ExportBroughtBack, Piece, SubjectExport
from webconsole import archives, backup, gathering, kept_keys, versions
from webconsole.archives import Manifest, Refused
from webconsole.kept_keys import Kept


def bring_back(source: Path, person_id: UUID, *, lost_only: bool = False) -> SubjectExport:
    """Make a draft of what the backup says of the person; `lost_only`: what the file lacks now.

    Raises a Problem: another key, a damaged archive, one of another version, somebody who is not in
    it, or whose file was erased since: that is for good.
    """
    path = settings().keys / backup.KEY
    if not path.exists():
        raise Refused(f"{path} is missing: bring back the folder of keys")
    key = path.read_bytes()
    manifest = archives.check(source, key)
    if manifest.revisions != sorted(versions.applied(backup.url())):
        raise Refused(
            f"The archive was made by Centrale {manifest.version}, with another schema: restore it "
            "as a house of its own, with that version, and read the file there"
        )
    kept, now = _here(person_id)
    with _opened(source, key, manifest) as there:
        kept_keys.bring(there, kept)
        person = there.get(Person, person_id)
        if person is None:
            raise Refused(f"Nobody of this number is in the backup of {manifest.made_at}")
        found = gathering.pieces(there, person)
    with db.transaction() as session:
        told = [each for each in found if not (lost_only and each in now)]
        made = subject_access.draft(session, person_id, HOUSE, told)
        journal.record(
            session,
            ExportBroughtBack(person_id=person_id, export_id=made.id, of=manifest.made_at),
        )
    return made


def _here(person_id: UUID) -> tuple[Kept, list[Piece]]:
    """The keys that open the words of the person, and what the file says now."""
    with db.transaction() as session:
        person = get(session, Person, person_id)
        theirs = PersonKey.person_id.in_((person_id, person.merged_into or person_id))
        keys = list(
            session.scalars(select(PersonKey).where(theirs | PersonKey.person_id.is_(None)))
        )
        if any(each.destroyed_at for each in keys if each.person_id is not None):
            raise Refused("The file was erased with an authorisation: it is not brought back")
        return Kept(clock.now(), keys), gathering.pieces(session, person)


@contextmanager
def _opened(source: Path, key: bytes, manifest: Manifest) -> Iterator[Session]:
    """The archive in engines that are gone afterwards, with all that was in it."""
    with engines.temporary(postgres_bin=settings().postgres_bin) as scratch:
        url = scratch.database_url
        dumps.restore(
            url, settings().postgres_bin, archives.database(source, key), made_by=manifest.postgres
        )
        engine = db.connect(url, pool_size=1)
        try:
            with db.factory(bind=engine) as session:
                yield session
        finally:
            engine.dispose()
