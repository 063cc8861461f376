"""A backup: the database as it is now, sealed in one file with the proof that it is whole.

The keys of people lie beside it in a file of their own (`kept_keys`), never in the archive.
"""

import tomllib
from pathlib import Path

from sqlalchemy import func, select

from registry import sealing
from registry.kit import clock, crypto, dumps
from registry.kit.db import transaction
from registry.kit.settings import CHECKOUT, settings
from registry.person_keys import PersonKey
from webconsole import archives, kept_keys, versions
from webconsole.archives import Manifest, Refused

KEY = "backup.key"


def make(target: Path) -> tuple[Path, Manifest]:
    """Write an archive to the file, or into the folder under a name with the moment in it."""
    if target.is_dir():
        target /= f"centrale-{clock.now():%Y%m%dT%H%M%SZ}.backup"
    if target.exists():
        raise Refused(f"{target} is there already: choose another name")
    if not target.parent.is_dir():
        raise Refused(f"There is no folder {target.parent}")
    from_ = url()
    # Before the dump's picture is taken: whatever these name is in it.
    heads = sealing.noted()
    with transaction() as session:
        last = sealing.newest(session)
        keys = session.scalar(select(func.count()).select_from(PersonKey))
    manifest = Manifest(
        made_at=clock.now().isoformat(timespec="seconds"),
        version=_version(),
        revisions=sorted(versions.applied(from_)),
        postgres=dumps.server_version(from_),
        last_seal=last.id if last else None,
        last_mark=last.mark.hex() if last else "",
        keys=keys or 0,
    )
    pieces = dumps.dump(from_, settings().postgres_bin, without=[PersonKey.__tablename__])
    written = archives.write(target, crypto.key_file(KEY), manifest, pieces, heads)
    # After the dump: whatever it was sealed with is among them, and what is erased by now is not.
    with transaction() as session:
        kept_keys.write(session, target.parent, crypto.key_file(KEY))
    return target, written


def _version() -> str:
    """Of this code: a checkout is run as it is, without being installed."""
    said = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    return str(said["project"]["version"])


def url() -> str:
    """Of the house's database."""
    found = settings().database_url
    if found is None:
        raise Refused("No database is set")
    return found.get_secret_value()
