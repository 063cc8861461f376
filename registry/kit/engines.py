"""The engines we bring along: a private PostgreSQL and a private Valkey in the home folder.

Used when no URL is set. One process owns them, by a lock that the kernel releases however the
process ends, and they end with it; other processes of the same home use what the owner started.
"""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from registry.kit import engine_postgres, engine_valkey, roles
from registry.kit.engine_home import (
    Account,
    EngineFailure,
    Server,
    account,
    make_home,
    private,
    socket_folder,
)
from registry.kit.settings import Settings

__all__ = ["EngineFailure", "Engines", "running", "start", "temporary"]

OWNER_PATIENCE = 30.0  # seconds until the engines of another process answer
STOP_PATIENCE = 7.0  # seconds for a polite end, of both at once
TAKE_OVER_PATIENCE = 15.0  # seconds until a short command that owns them has ended

Say = Callable[[str], None]


def _quiet(_: str) -> None:
    """Say nothing."""


@dataclass(kw_only=True)
class Engines:
    """What runs, and where to find it. A URL that was set from outside is handed on as it is.

    `database_url` is the owner's, for migrations and restores; `app_url` is for all the rest.
    """

    database_url: str
    redis_url: str
    app_url: str = ""
    servers: dict[str, Server] = field(default_factory=dict)
    restart: dict[str, Callable[[], Server]] = field(default_factory=dict)
    lock: IO[str] | None = None

    def __post_init__(self) -> None:
        self.app_url = self.app_url or self.database_url

    @property
    def owned(self) -> bool:
        """Whether this process started them and will stop them."""
        return self.lock is not None

    def revive(self) -> list[str]:
        """Start again whatever has died; returns the names."""
        dead = [name for name, server in self.servers.items() if not server.alive()]
        for name in dead:
            self.servers[name] = self.restart[name]()
        return dead

    def stop(self, patience: float = STOP_PATIENCE) -> None:
        """Stop what this process started, by force after so many seconds; twice does no harm."""
        stopping = list(self.servers.values())
        self.servers.clear()
        for server in stopping:
            server.ask_to_stop()
        for server in stopping:
            server.stop(patience)
        if self.lock is not None:
            self.lock.close()
            self.lock = None


def start(
    home: Path,
    *,
    database_url: str = "",
    owner_url: str = "",
    redis_url: str = "",
    postgres_bin: str | None = None,
    valkey_bin: str | None = None,
    durable: bool = True,
    share: bool = True,
    say: Say = _quiet,
) -> Engines:
    """Start the private engines whose URL is empty, or find them running.

    `share=False` insists on owning them: it waits a little for another owner to end and then
    raises EngineFailure. `durable=False` is for tests that never pull a plug.
    """
    if database_url and redis_url:
        return Engines(
            database_url=owner_url or database_url, redis_url=redis_url, app_url=database_url
        )
    home = home.absolute()
    make_home(home)
    user = account(home / "postgres")
    run = private(socket_folder(home), user)
    engines = Engines(
        database_url=owner_url or database_url or engine_postgres.url(run),
        app_url=database_url or engine_postgres.url(run, roles.ROLE),
        redis_url=redis_url or engine_valkey.url(run),
    )
    lock = _own(home, share=share, say=say)
    if lock is None:
        _wait_for_owner(run, home, postgres=not database_url, valkey=not redis_url)
        return engines
    engines.lock = lock
    logs = home / "log"
    logs.mkdir(mode=0o700, exist_ok=True)
    if not database_url:
        engines.restart["postgres"] = lambda: engine_postgres.start(
            home, run, user, choice=postgres_bin, log=logs / "postgres.log", durable=durable
        )
    if not redis_url:
        engines.restart["valkey"] = lambda: engine_valkey.start(
            home, run, user, choice=valkey_bin, log=logs / "valkey.log"
        )
    try:
        for name, begin in engines.restart.items():
            say(f"Starting {name}")
            engines.servers[name] = begin()
    except BaseException:
        engines.stop()
        raise
    return engines


def _own(home: Path, *, share: bool, say: Say) -> IO[str] | None:
    """Take the lock of the home folder; None when another process has it and may share."""
    lock = (home / "engines.lock").open("a+")
    limit = time.monotonic() + TAKE_OVER_PATIENCE
    waiting = False
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            if share:
                lock.close()
                return None
            if time.monotonic() > limit:
                lock.close()
                raise EngineFailure(
                    f"Centrale is already running on {home} (process {holder}): stop it first, "
                    "or set CENTRALE_HOME to another folder"
                ) from None
            if not waiting:
                say(f"Waiting for process {holder}, which uses {home}")
                waiting = True
            time.sleep(0.1)
        else:
            lock.truncate(0)
            lock.write(f"{os.getpid()}\n")
            lock.flush()
            return lock


def _wait_for_owner(run: Path, home: Path, *, postgres: bool, valkey: bool) -> None:
    limit = time.monotonic() + OWNER_PATIENCE
    while (postgres and not engine_postgres.answers(run)) or (
        valkey and not engine_valkey.answers(run)
    ):
        if time.monotonic() > limit:
            raise EngineFailure(
                f"Another process holds {home} but its engines do not answer: stop it and try again"
            )
        time.sleep(0.05)


@contextmanager
def running(
    chosen: Settings,
    *,
    share: bool = True,
    say: Say = _quiet,
    stop_patience: float = STOP_PATIENCE,
) -> Iterator[Engines]:
    """Have the engines of these settings running for the time of the block."""
    database, hints = chosen.database_url, chosen.redis_url
    owner = chosen.database_owner_url if database else None
    engines = start(
        chosen.home,
        database_url=database.get_secret_value() if database else "",
        owner_url=owner.get_secret_value() if owner else "",
        redis_url=hints.get_secret_value() if hints else "",
        postgres_bin=chosen.postgres_bin,
        valkey_bin=chosen.valkey_bin,
        share=share,
        say=say,
    )
    try:
        yield engines
    finally:
        engines.stop(stop_patience)


@contextmanager
def temporary(
    *, durable: bool = False, postgres_bin: str | None = None, valkey_bin: str | None = None
) -> Iterator[Engines]:
    """Engines in a folder of their own that is removed afterwards, for tests and benches."""
    home = Path(tempfile.mkdtemp(prefix="centrale-"))
    try:
        _give_to(home, account(home / "postgres"))
        engines = start(home, durable=durable, postgres_bin=postgres_bin, valkey_bin=valkey_bin)
        try:
            yield engines
        finally:
            engines.stop()
    finally:
        shutil.rmtree(home)


def _give_to(folder: Path, user: Account) -> None:
    if user.other:
        os.chown(folder, user.uid, user.gid)
