"""A restore: an archive becomes a house again, in a home or a database where nothing is yet."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select, text

from registry import journal, names, sealing
from registry.disposals import PersonErasedAgain
from registry.kit import db, dumps, engines
from registry.kit.engine_home import account
from registry.kit.sealed_file import Unreadable
from registry.kit.settings import Settings, settings
from registry.sealing import Finding
from webconsole import archives, backup, erasing, house, kept_keys, migrate, versions
from webconsole.archives import Manifest, Refused
from webconsole.kept_keys import Kept

# Seconds for everything that came in to reach the disk: its server must end in good order, or the
# counter of its transactions cannot be set.
STOP_PATIENCE = 600.0

Tell = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Restored:
    """What came back, and what does not fit."""

    manifest: Manifest
    entries: int
    later_seals: int
    # Files that were erased after the backup, and are again.
    erased: int
    findings: list[Finding]


def restore(source: Path, tell: Tell, people_keys: Path | None = None) -> Restored:
    """Fill the empty house of the present settings; a failed attempt leaves it as empty as it was.

    Raises a Problem with a sentence: another key, a damaged archive, one of a newer Centrale, a
    house that is not empty, a server that is too old.
    """
    chosen = settings()
    key = _key(chosen)
    tell("Reading the archive to its end")
    manifest = archives.check(source, key)
    _must_be_known(manifest)
    kept = _people_keys(people_keys or kept_keys.place(source.parent, key), key, manifest)
    private = chosen.database_url is None
    if private and (chosen.home / "postgres" / "data").exists():
        raise Refused(
            f"{chosen.home} has a database already: restore into another home (CENTRALE_HOME), "
            "or move its folder postgres away"
        )
    with _undone(chosen, private=private):
        entries = _fill(chosen, source, key, manifest, tell, private=private)
        later = _bring_seals(chosen, archives.seals(source, key), manifest)
        findings, erased = _prove(manifest, kept, tell)
    return Restored(
        manifest=manifest, entries=entries, later_seals=later, erased=erased, findings=findings
    )


def _key(chosen: Settings) -> bytes:
    path = chosen.keys / backup.KEY
    if not path.exists():
        raise Refused(
            f"{path} is missing: bring back the folder of keys, or name a copy made by "
            "`centrale keys save` with --keys"
        )
    return path.read_bytes()


def _people_keys(path: Path, key: bytes, manifest: Manifest) -> Kept | None:
    """The newest edition: an older one may lack a key, or still have one that was destroyed."""
    if not manifest.keys:
        return None
    if not path.exists():
        raise Refused(
            f"{path} is missing: it has the keys of people, without which nobody reads what was "
            "written of them. Name its newest copy with --people-keys"
        )
    kept = kept_keys.read(path, key)
    if kept.made_at < datetime.fromisoformat(manifest.made_at):
        raise Refused(f"{path} is older than the archive: use its newest copy")
    return kept


def _must_be_known(manifest: Manifest) -> None:
    unknown = sorted(set(manifest.revisions) - versions.known())
    if unknown:
        raise Refused(
            f"The archive was made by a newer Centrale ({manifest.version}, schema "
            f"{', '.join(unknown)}): install that version, then restore"
        )


@contextmanager
def _undone(chosen: Settings, *, private: bool) -> Iterator[None]:
    try:
        yield
    except BaseException:
        if private:
            shutil.rmtree(chosen.home / "postgres", ignore_errors=True)
        raise


def _fill(
    chosen: Settings, source: Path, key: bytes, manifest: Manifest, tell: Tell, *, private: bool
) -> int:
    """Bring the rows in, and let new transactions sort after theirs; the number of entries."""
    with engines.running(chosen, share=False, say=tell, stop_patience=STOP_PATIENCE) as running:
        url = running.database_url
        if not dumps.is_empty(url):
            raise Refused("The database has tables already: restore into an empty one")
        tell("Restoring the database")
        pieces = archives.database(source, key)
        dumps.restore(url, chosen.postgres_bin, pieces, made_by=manifest.postgres)
        entries, greatest = _counted(url)
        late = dumps.behind(url, greatest)
        if late and not private:
            tell("Moving the counter of transactions")
            dumps.spend(url, greatest)
    if late and private:
        user = account(chosen.home / "postgres")
        dumps.next_epoch(chosen.home, user, chosen.postgres_bin, greatest)
    return entries


def _counted(url: str) -> tuple[int, int]:
    engine = db.connect(url, pool_size=1)
    try:
        with engine.connect() as connection:
            connection.execute(text("SET statement_timeout = 0"))
            row = connection.execute(
                text("SELECT count(*), coalesce(max(xid), 0) FROM journal")
            ).one()
            words = connection.execute(
                text("SELECT coalesce(max(xid), 0) FROM name_words")
            ).scalar()
    finally:
        engine.dispose()
    return int(row[0]), max(int(row[1]), int(words or 0))


def _bring_seals(chosen: Settings, seals: bytes, manifest: Manifest) -> int:
    """The list as it was; a longer one that was here is kept aside. Returns seals that are lost."""
    path = chosen.keys / sealing.HEADS
    here = path.read_bytes() if path.exists() else b""
    if here and here != seals:
        path.rename(path.with_name(f"{path.stem}-before-restore-{os.getpid()}{path.suffix}"))
    path.write_bytes(seals)
    numbers = [json.loads(line)["seal"] for line in here.splitlines() if line.strip()]
    return sum(1 for each in numbers if each > (manifest.last_seal or 0))


def _prove(manifest: Manifest, kept: Kept | None, tell: Tell) -> tuple[list[Finding], int]:
    """Start it as it will run, bring it to this version, and recompute every seal."""
    with house.open_(as_owner=True):
        try:
            tell("Bringing the database to this version")
            migrate.up()
            erased = _open_words(kept, manifest, tell) if kept else 0
            tell("Recomputing the seals of the journal")
            with db.transaction() as session:
                session.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
                if journal.head(session) == journal.START and manifest.last_seal:
                    raise Unreadable("Readers do not find the journal's entries")
                findings = list(sealing.verify(session))
                marks = {each.id: each.mark.hex() for each in session.scalars(select(sealing.Seal))}
        finally:
            db.engine().dispose()
            db.engine.cache_clear()
    if manifest.last_seal and marks.get(manifest.last_seal) != manifest.last_mark:
        findings.append(Finding(manifest.last_seal, "is not the last seal that the archive names"))
    return findings, erased


def _open_words(kept: Kept, manifest: Manifest, tell: Tell) -> int:
    """Bring the keys of people; whoever was erased since is erased again, each in one piece."""
    tell("Bringing the keys of people")
    with db.transaction() as session:
        kept_keys.bring(session, kept)
    with db.transaction() as session:
        moment = datetime.fromisoformat(manifest.made_at)
        erased = kept_keys.erased_since(session, kept, moment)
        for person in erased:
            erasing.erase(session, person)
            journal.record(session, PersonErasedAgain(person_id=person.id))
    with db.transaction() as session:
        names.forget_unused(session)
    return len(erased)
