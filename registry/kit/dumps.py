"""A database as a stream of bytes, out and in again, by PostgreSQL's own pg_dump and pg_restore.

A restored database lives in a cluster whose transaction numbers begin anew, while readers of the
journal go by them: they must be moved past the greatest one that came in (decision 0009).
"""

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import psycopg
from sqlalchemy import make_url

from registry.kit import engine_postgres
from registry.kit.engine_home import Account, leashed
from registry.kit.errors import Unavailable

PIECE = 1 << 20
# Which variable of libpq stands for which word of a URL: on a command line others could read it.
VARIABLES = {
    "host": "PGHOST",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
}
EPOCH = 1 << 32  # transaction numbers in one round of PostgreSQL's 32-bit counter
# Numbers used up one by one where the counter cannot be set, as on a server of others.
MOST_SPENT = 20_000_000
SPEND = """
DO $$ BEGIN
  FOR each IN 1 .. 10000 LOOP
    EXIT WHEN pg_current_xact_id()::text::bigint > {goal};
    COMMIT;
  END LOOP;
END $$
"""
HEADROOM = 1_000


class DumpFailure(Unavailable):
    """The database could not be copied; the message has PostgreSQL's own word."""


def server_version(url: str) -> int:
    """The main version of the server that answers there."""
    with _connect(url) as connection:
        return connection.info.server_version // 10_000


def dump(url: str, choice: str | None, *, without: Iterable[str] = ()) -> Iterator[bytes]:
    """The database as one consistent picture, in pieces; DumpFailure when it breaks off.

    Of the tables `without` the rows stay here.
    """
    tool = engine_postgres.tool("pg_dump", choice, at_least=server_version(url))
    words = [
        str(tool),
        "--format=custom",
        "--no-owner",
        "--no-privileges",
        "--lock-wait-timeout=60s",
        *(f"--exclude-table-data={table}" for table in without),
    ]
    with (
        tempfile.TemporaryFile() as said,
        _run(words, url, said, stdout=subprocess.PIPE) as running,
    ):
        assert running.stdout is not None  # noqa: S101 - asked for above
        while piece := running.stdout.read(PIECE):
            yield piece
        if running.wait() != 0:
            raise _failure("The database could not be dumped", said)


def restore(url: str, choice: str | None, pieces: Iterable[bytes], *, made_by: int) -> None:
    """Fill the empty database, all or nothing; DumpFailure when it does not take it."""
    version = server_version(url)
    if version < made_by:
        raise DumpFailure(
            f"The archive comes from PostgreSQL {made_by} and here is {version}: use that or a "
            "newer one (CENTRALE_POSTGRES_BIN=wheel takes the packaged one)"
        )
    tool = engine_postgres.tool("pg_restore", choice, at_least=version)
    words = [str(tool), "--single-transaction", "--no-owner", "--no-privileges", "--dbname="]
    with tempfile.TemporaryFile() as said, _run(words, url, said, stdin=subprocess.PIPE) as running:
        assert running.stdin is not None  # noqa: S101 - asked for above
        try:
            for piece in pieces:
                running.stdin.write(piece)
            running.stdin.close()
        except BrokenPipeError as error:
            running.wait()
            raise _failure("The database could not be restored", said) from error
        if running.wait() != 0:
            raise _failure("The database could not be restored", said)


def is_empty(url: str) -> bool:
    """Whether there is no table of anybody's."""
    with _connect(url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        ).fetchone()
    return row == (0,)


def behind(url: str, greatest: int) -> bool:
    """Whether the next transactions would sort before `greatest`."""
    with _connect(url) as connection:
        row = connection.execute("SELECT pg_current_xact_id()::text::bigint").fetchone()
    return row is not None and row[0] <= greatest


def next_epoch(home: Path, user: Account, choice: str | None, greatest: int) -> None:
    """Set the stopped private server's counter past `greatest`: at once, however far it is."""
    data = home / "postgres" / "data"
    found = engine_postgres.within_reach(engine_postgres.programs(choice, data), home, user)
    command: list[str | Path] = [
        found.folder / "pg_resetwal",
        "--epoch",
        str(greatest // EPOCH + 1),
        data,
    ]
    ended = subprocess.run(  # noqa: S603 - a program we looked up
        leashed(command, ending=signal.SIGTERM, user=user),
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )
    if ended.returncode != 0:
        said = (ended.stderr.strip() or ended.stdout.strip()).splitlines()
        raise DumpFailure(
            f"The counter of transactions could not be set: {said[0] if said else 'no word of why'}"
        )


def spend(url: str, greatest: int) -> None:
    """Use up transaction numbers of a running server until `greatest` is past."""
    with _connect(url) as connection:
        row = connection.execute("SELECT pg_current_xact_id()::text::bigint").fetchone()
        if row is not None and greatest - row[0] > MOST_SPENT:
            raise DumpFailure(
                "This server's transaction numbers are far behind those of the archive: restore "
                "into a private PostgreSQL, or by a physical copy (docs/operations.md)"
            )
        connection.execute("SET synchronous_commit = off")
        while behind(url, greatest + HEADROOM):
            connection.execute(SPEND.format(goal=greatest + HEADROOM))


def _connect(url: str) -> psycopg.Connection:
    return psycopg.connect(url.replace("+psycopg", "", 1), autocommit=True, connect_timeout=10)


@contextmanager
def _run(
    words: list[str],
    url: str,
    said: IO[bytes],
    *,
    stdin: int = subprocess.DEVNULL,
    stdout: int = subprocess.DEVNULL,
) -> Iterator["subprocess.Popen[bytes]"]:
    running = subprocess.Popen(  # noqa: S603 - a program we looked up
        words, stdin=stdin, stdout=stdout, stderr=said, env=os.environ | _told(url)
    )
    try:
        with running:
            yield running
    except BaseException:
        running.kill()
        raise


def _told(url: str) -> dict[str, str]:
    parts = make_url(url)
    found = {
        VARIABLES[name]: str(value) for name, value in parts.query.items() if name in VARIABLES
    }
    known = {
        "PGHOST": parts.host,
        "PGPORT": parts.port,
        "PGUSER": parts.username,
        "PGPASSWORD": parts.password,
        "PGDATABASE": parts.database,
    }
    return found | {name: str(value) for name, value in known.items() if value}


def _failure(what: str, said: IO[bytes]) -> DumpFailure:
    """The first line alone: the others may hold rows."""
    said.seek(0)
    lines = said.read().decode(errors="replace").strip().splitlines()
    return DumpFailure(f"{what}: {lines[0] if lines else 'no word from PostgreSQL'}")
