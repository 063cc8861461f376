"""Where the private engines live: their account, their folders, and how one is started."""

import hashlib
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from registry.kit import leash
from registry.kit.errors import Unavailable

# A Unix socket's path holds 107 bytes; PostgreSQL adds 15 for its name and 5 for its lock.
LONGEST_SOCKET_FOLDER = 107 - len("/.s.PGSQL.5432.lock")
NEEDED_BYTES = 300_000_000
LARGEST_LOG = 10_000_000
# Who runs the engines when we are root, the first that exists. Only the last is on every machine.
ACCOUNTS = ("centrale", "postgres", "nobody")


class EngineFailure(Unavailable):
    """An engine cannot run; the message says why and what to do, in one sentence."""


@dataclass(frozen=True)
class Account:
    """The user an engine runs as, and whether we must change to it."""

    name: str
    uid: int
    gid: int

    @property
    def other(self) -> bool:
        return self.uid != os.geteuid()


def account(data: Path) -> Account:
    """Who runs the engines: the owner of the data there is, else as root an ordinary user."""
    mine = os.geteuid()
    if data.exists() and data.stat().st_uid != mine and mine != 0:
        raise EngineFailure(
            f"The folder {data} belongs to the user {_name(data.stat().st_uid)}: "
            "run as that user, or set CENTRALE_HOME to a folder of your own"
        )
    if mine != 0:
        return Account(_name(mine), mine, os.getegid())
    names = [_name(data.stat().st_uid)] if data.exists() else list(ACCOUNTS)
    for name in names:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        if found.pw_uid != 0:
            return Account(name, found.pw_uid, found.pw_gid)
    raise EngineFailure(
        "As root the private engines need an ordinary user to run as: "
        "make one with `useradd --system centrale`, or run Centrale as an ordinary user"
    )


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def make_home(home: Path) -> None:
    """Make the home folder if it is not there, and check that there is room in it."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home):
            pass
        free = shutil.disk_usage(home).free
    except OSError as error:
        raise EngineFailure(
            f"The home folder {home} cannot be written ({error.strerror}): "
            "set CENTRALE_HOME to a folder of your own"
        ) from error
    if free < NEEDED_BYTES:
        raise EngineFailure(
            f"The disk of {home} is nearly full ({free // 1_000_000} MB free): free at least "
            f"{NEEDED_BYTES // 1_000_000} MB, or set CENTRALE_HOME to a folder on another disk"
        )


def private(folder: Path, owner: Account) -> Path:
    """A folder only its owner can enter. One that exists is checked and never changed."""
    try:
        folder.mkdir(mode=0o700)
        if owner.other:
            os.chown(folder, owner.uid, owner.gid)
    except FileExistsError:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner.uid or found.st_mode & 0o077:
            raise EngineFailure(
                f"The folder {folder} should belong to {owner.name} alone (mode 700): "
                "move it away, or set CENTRALE_HOME to another folder"
            ) from None
    except OSError as error:
        raise EngineFailure(f"The folder {folder} cannot be made ({error.strerror})") from error
    if not reachable(folder, owner):
        raise EngineFailure(
            f"The private engines run as the user {owner.name}, who cannot enter {folder.parent}: "
            "set CENTRALE_HOME to a folder that others may pass through, for example under /var/lib"
        )
    return folder


def socket_folder(home: Path) -> Path:
    """Where the sockets are: in the home folder, or in a short place when its path is too long."""
    inside = home / "run"
    if len(os.fsencode(inside)) <= LONGEST_SOCKET_FOLDER:
        return inside
    mark = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    if os.geteuid() == 0 and Path("/run").is_dir():
        return Path(f"/run/centrale-{mark}")
    return Path(f"/tmp/centrale-{os.geteuid()}-{mark}")  # noqa: S108 - private() checks owner and mode


def reachable(path: Path, user: Account) -> bool:
    """Whether the user may pass through every folder above the path, by owner and mode."""
    return all(_may_enter(folder, user) for folder in path.absolute().parents)


def _may_enter(folder: Path, user: Account) -> bool:
    found = folder.stat()
    if found.st_uid == user.uid:
        return bool(found.st_mode & stat.S_IXUSR)
    if found.st_gid == user.gid:
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)


def leashed(
    command: Sequence[str | Path], *, ending: int, user: Account | None = None
) -> list[str]:
    """The command line under which the program ends with us, run as the user if it is another."""
    change = user is not None and user.other
    uid, gid = (user.uid, user.gid) if user is not None and change else (-1, -1)
    wrapper = [sys.executable, "-I", "-S", leash.__file__, str(int(ending)), str(os.getpid())]
    return [*wrapper, str(uid), str(gid), *(str(word) for word in command)]


class Server:
    """One engine's process: started, watched, stopped; never any other process."""

    def __init__(
        self, command: Sequence[str | Path], *, user: Account, log: Path, stops: Sequence[int]
    ) -> None:
        """`stops` are the signals that end it, politest first."""
        self.log = log
        self.stops = stops
        self._keep_log_small()
        self.log_start = log.stat().st_size if log.exists() else 0
        with log.open("ab") as sink:
            self.process = subprocess.Popen(  # noqa: S603 - our own command
                leashed(command, ending=stops[0], user=user),
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                cwd="/",
                umask=0o077,
                start_new_session=True,  # Ctrl-C is for us; we stop it in our order
            )

    def _keep_log_small(self) -> None:
        if self.log.exists() and self.log.stat().st_size > LARGEST_LOG:
            self.log.replace(self.log.with_suffix(".log.1"))

    def alive(self) -> bool:
        return self.process.poll() is None

    def said(self) -> str:
        """What it wrote to its log since this start."""
        with self.log.open("rb") as source:
            source.seek(self.log_start)
            return source.read().decode(errors="replace")

    def ask_to_stop(self) -> None:
        if self.alive():
            self.process.send_signal(self.stops[0])

    def stop(self, patience: float = 10.0) -> None:
        """End it, first politely and at last by force, and wait until it is gone (seconds)."""
        for ending in self.stops:
            if not self.alive():
                return
            self.process.send_signal(ending)
            try:
                self.process.wait(patience)
            except subprocess.TimeoutExpired:
                patience = 1.0
        if self.alive():
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()


def wait_until_gone(pid: int, patience: float) -> bool:
    """Whether the process, not our child, has ended within so many seconds."""
    limit = time.monotonic() + patience
    while time.monotonic() < limit:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False
