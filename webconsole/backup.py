"""A backup: the database as it is now, sealed in one file with the proof that it is whole."""

import tomllib
from pathlib import Path

from registry import sealing
from registry.kit import clock, crypto, dumps
from registry.kit.db import transaction
from registry.kit.settings import CHECKOUT, settings
from webconsole import archives, versions
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
    url = _url()
    # Before the dump's picture is taken: whatever these name is in it.
    heads = sealing.noted()
    with transaction() as session:
        last = sealing.newest(session)
    manifest = Manifest(
        made_at=clock.now().isoformat(timespec="seconds"),
        version=_version(),
        revisions=sorted(versions.applied(url)),
        postgres=dumps.server_version(url),
        last_seal=last.id if last else None,
        last_mark=last.mark.hex() if last else "",
    )
    pieces = dumps.dump(url, settings().postgres_bin)
    return target, archives.write(target, crypto.key_file(KEY), manifest, pieces, heads)


def _version() -> str:
    """Of this code: a checkout is run as it is, without being installed."""
    said = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    return str(said["project"]["version"])


def _url() -> str:
    url = settings().database_url
    if url is None:
        raise Refused("No database is set")
    return url.get_secret_value()
