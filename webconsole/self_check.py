"""What the house finds out about itself before it serves: grave things refuse, others are said.

Each finding is one sentence for whoever runs the machine: what is wrong, and what to do.
"""

import re
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidTag
from redis.exceptions import RedisError
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from registry import identifiers, staff
from registry.identifiers import Identifier
from registry.kit import clock, live, passwords, roles
from registry.kit.settings import CHECKOUT, Settings
from webconsole import machine_clock
from webconsole.demo import town as sample
from webconsole.known_faults import HINTS, OLDEST_POSTGRES, POSTGRES

CLOCKS_APART = timedelta(seconds=2)
DISK_LITTLE, DISK_NONE = 2_000_000_000, 200_000_000  # bytes free
HERE = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be; a grave one keeps the house from serving."""

    says: str
    grave: bool = False


def findings(session: Session, chosen: Settings) -> list[Finding]:
    """All of them, the grave ones first."""
    found = [
        *database(session),
        *own_clock(None if chosen.demo else machine_clock.follows_a_server()),
        *hints(),
        *sample_passwords(session, chosen),
        *codes(session),
        *disk(chosen.home),
        *secrets(chosen.keys, CHECKOUT / ".env"),
        *address(chosen.public_url),
    ]
    return sorted(found, key=lambda each: not each.grave)


def database(session: Session) -> Iterator[Finding]:
    """Version, durability, clock, and as whom we work there."""
    number = int(session.scalar(text("SHOW server_version_num")) or 0)
    yield from postgres_version(number // 10_000, number % 10_000)
    for name in ("fsync", "full_page_writes", "synchronous_commit"):
        if session.scalar(text(f"SHOW {name}")) == "off":
            yield Finding(
                f"PostgreSQL has {name} off: alarms that were acknowledged may be lost. Put it on"
            )
    theirs = session.scalar(select(func.clock_timestamp()))
    if theirs is not None and abs(theirs - clock.now()) > CLOCKS_APART:
        yield Finding(
            f"The clocks of this machine and of the database are {abs(theirs - clock.now())} "
            "apart: let both follow a time server"
        )
    if roles.owns(session.connection()):
        yield Finding(
            "The application works as the owner of its tables, so the journal is protected by a "
            "trigger alone: connect as centrale_app (docs/operations.md)"
        )


def own_clock(kept: bool | None) -> Iterator[Finding]:
    """On one machine the database has the same clock: that they agree says nothing of either."""
    if kept is False:
        yield Finding(
            "No time server keeps the clock of this machine: times of alarms and of the journal "
            "drift. Let chrony or systemd-timesyncd run on it"
        )


def postgres_version(branch: int, release: int) -> Iterator[Finding]:
    if branch < OLDEST_POSTGRES:
        yield Finding(
            f"PostgreSQL {branch} is too old: {OLDEST_POSTGRES} or newer is needed", grave=True
        )
    elif (branch, release) < POSTGRES.get(branch, (0, 0)):
        wanted = ".".join(map(str, POSTGRES[branch]))
        yield Finding(f"PostgreSQL {branch}.{release} has known faults: bring it to {wanted}")


def hints() -> Iterator[Finding]:
    """Redis or Valkey; nothing is lost without it."""
    try:
        told = live.client().info("server")
    except RedisError:
        yield Finding("Redis does not answer: screens look once a second, calls wait for it")
        return
    is_valkey = "valkey_version" in told
    said = str(told["valkey_version" if is_valkey else "redis_version"])
    yield from hints_version("Valkey" if is_valkey else "Redis", said)


def hints_version(name: str, said: str) -> Iterator[Finding]:
    main, branch, release, *_ = (*map(int, re.findall(r"\d+", said)), 0, 0, 0)
    mended = HINTS[name].get((main, branch))
    if mended is not None and (main, branch, release) < mended:
        wanted = ".".join(map(str, mended))
        yield Finding(f"{name} {said} has known faults: bring it to {wanted} or newer")


def sample_passwords(session: Session, chosen: Settings) -> Iterator[Finding]:
    """The sample town's log-ins are known to everybody who has read the code."""
    if chosen.demo:
        return
    for each in sample.LOGINS:
        known = staff.by_login(session, each.login)
        if known and known.active and passwords.right(sample.PASSWORD, known.password):
            yield Finding(
                f"The log-in {each.login} still has the password of the sample town: change it, or "
                "close the account",
                grave=True,
            )


def codes(session: Session) -> Iterator[Finding]:
    """Under another key of the index nobody is found by their code, and nothing else would tell."""
    try:
        known = session.scalars(select(Identifier).order_by(Identifier.id.desc()).limit(1)).first()
        if known is not None and not identifiers.is_found(known):
            yield Finding(
                "Nobody is found by codice fiscale or document: the key of their index is not in "
                "the folder of keys. Bring it back, or run: centrale keys index"
            )
    except InvalidTag:
        yield Finding(
            "What is encrypted cannot be read: the folder of keys is not that of this archive. "
            "Bring it back (centrale keys save made a copy of it)"
        )


def disk(home: Path) -> Iterator[Finding]:
    free = shutil.disk_usage(home).free
    if free < DISK_LITTLE:
        yield Finding(
            f"Only {free // 1_000_000} MB are free for {home}: without space no alarm is "
            "acknowledged. Free some",
            grave=free < DISK_NONE,
        )


def secrets(keys: Path, env: Path) -> Iterator[Finding]:
    """Whoever reads the keys reads what is encrypted with them."""
    for place in (keys, *(sorted(keys.iterdir()) if keys.is_dir() else ()), env):
        if not place.exists():
            continue
        mode = stat.S_IMODE(place.stat().st_mode)
        if mode & 0o077:
            wanted = "700" if place.is_dir() else "600"
            yield Finding(
                f"{place} can be read by others ({mode:03o}): chmod {wanted} {place}",
                grave=place.suffix == ".key",
            )


def address(public_url: str) -> Iterator[Finding]:
    parts = urlsplit(public_url)
    if parts.scheme != "https" and parts.hostname not in HERE:
        yield Finding(
            f"{public_url} is not https: browsers will not keep anybody signed in. Put a proxy "
            "with TLS in front (docs/operations.md)"
        )
