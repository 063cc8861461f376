"""The private engines on the real programs: both PostgreSQLs where both are here."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from registry.kit import engine_home, engine_postgres, engines
from registry.kit.engine_home import Account, EngineFailure
from registry.kit.engines import Engines
from tests.waiting import eventually

SERVERS = ["wheel", *(["path"] if shutil.which("postgres") else [])]


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A home folder the engines' user can pass through, whoever runs the tests."""
    yield from made_home()


@pytest.fixture
def spare_home() -> Iterator[Path]:
    """One that may be damaged."""
    yield from made_home()


def made_home() -> Iterator[Path]:
    with engines.temporary() as first:
        assert first.lock is not None
        place = Path(first.lock.name).parent
        first.stop()
        yield place


def ask(running: Engines, statement: str) -> str:
    with psycopg.connect(running.database_url.replace("+psycopg", "")) as connection:
        row = connection.execute(statement.encode()).fetchone()
        assert row is not None
        return str(row[0])


def hints(running: Engines) -> redis.Redis:
    return redis.Redis.from_url(running.redis_url)


@pytest.mark.parametrize("server", SERVERS)
def test_it_starts_durable_and_keeps_its_data(server: str) -> None:
    with engines.temporary(postgres_bin=None if server == "path" else server) as first:
        assert first.lock is not None
        place = Path(first.lock.name).parent
        with psycopg.connect(first.database_url.replace("+psycopg", "")) as connection:
            connection.execute("create table kept as select 42 as answer")
        first.stop()

        again = engines.start(place)
        try:
            assert ask(again, "select answer from kept") == "42"
            for promise in ("fsync", "synchronous_commit", "full_page_writes"):
                assert ask(again, f"show {promise}") == "on"
            assert ask(again, "show listen_addresses") == ""
            with hints(again) as client:
                assert client.config_get("appendonly") == {"appendonly": "yes"}
                assert client.config_get("port") == {"port": "0"}
                assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        finally:
            again.stop()


def test_data_of_another_version_chooses_its_own_server(spare_home: Path) -> None:
    made_by = (spare_home / "postgres" / "data" / "PG_VERSION").read_text().strip()
    assert engine_postgres.programs(None, spare_home / "postgres" / "data").version == int(made_by)

    (spare_home / "postgres" / "data" / "PG_VERSION").write_text("12\n")
    with pytest.raises(EngineFailure, match="was made by PostgreSQL 12"):
        engine_postgres.programs("wheel", spare_home / "postgres" / "data")


def test_the_socket_is_for_its_owner_alone(home: Path) -> None:
    running = engines.start(home, durable=False)
    try:
        folder = engine_home.socket_folder(home)
        assert folder.stat().st_mode & 0o077 == 0
        assert _connections(running) == []
    finally:
        running.stop()


def _connections(running: Engines) -> list[str]:
    return [
        str(each)
        for server in running.servers.values()
        for each in psutil.Process(server.process.pid).net_connections("inet")
    ]


def test_a_second_process_uses_what_the_first_started(home: Path) -> None:
    owner = engines.start(home, durable=False)
    try:
        other = engines.start(home)
        assert not other.owned
        assert other.database_url == owner.database_url
        other.stop()
        assert ask(owner, "select 1") == "1"
    finally:
        owner.stop()


def test_who_wants_them_alone_hears_who_has_them(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "TAKE_OVER_PATIENCE", 0.0)
    owner = engines.start(home, durable=False)
    try:
        with pytest.raises(EngineFailure, match=rf"already running .*process {os.getpid()}"):
            engines.start(home, share=False)
    finally:
        owner.stop()


def test_what_dies_is_started_again(home: Path) -> None:
    running = engines.start(home, durable=False)
    try:
        for server in running.servers.values():
            server.process.send_signal(signal.SIGKILL)
            server.process.wait()
        assert sorted(running.revive()) == ["postgres", "valkey"]
        assert running.revive() == []
        assert ask(running, "select 1") == "1"
        assert hints(running).ping()
    finally:
        running.stop()


def test_what_a_killed_server_left_at_work_is_ended_before_the_next_begins(home: Path) -> None:
    """Two servers at once on one folder would damage it."""
    running = engines.start(home, durable=False)
    url = running.database_url.replace("+psycopg", "")

    def count() -> None:
        with contextlib.suppress(psycopg.OperationalError), psycopg.connect(url) as connection:
            connection.execute("SELECT count(*) FROM generate_series(1, 1000000000)")

    busy = threading.Thread(target=count)
    try:
        busy.start()
        asked = "SELECT max(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT count%'"
        eventually(lambda: ask(running, asked) != "None")
        backend = int(ask(running, asked))
        postmaster = running.servers["postgres"].process
        postmaster.send_signal(signal.SIGKILL)
        postmaster.wait()
        assert psutil.pid_exists(backend)
        assert running.revive() == ["postgres"]
        assert engine_home.wait_until_gone(backend, 5)
        assert ask(running, "select 1") == "1"
    finally:
        running.stop()
        busy.join(10)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_engines_end_with_an_owner_that_is_killed(home: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from registry.kit import engines\n"
        "e = engines.start(Path(sys.argv[1]), durable=False)\n"
        "print(*[s.process.pid for s in e.servers.values()], flush=True); time.sleep(60)"
    )
    owner = subprocess.Popen([sys.executable, "-c", script, home], stdout=subprocess.PIPE)
    assert owner.stdout is not None
    pids = [int(each) for each in owner.stdout.readline().split()]
    owner.kill()
    owner.wait()
    owner.stdout.close()

    for pid in pids:
        assert engine_home.wait_until_gone(pid, 10)
    again = engines.start(home)
    again.stop()


def test_a_stale_pid_file_does_not_stop_the_start(home: Path) -> None:
    note = home / "postgres" / "data" / "postmaster.pid"
    stale = f"{os.getpid()}\n{note.parent}\n{int(time.monotonic())}\n5432\n"
    note.write_text(stale)
    running = engines.start(home, durable=False)
    try:
        assert int(note.read_text().splitlines()[0]) != os.getpid()
    finally:
        running.stop()
    assert not note.exists()


def test_a_damaged_valkey_file_is_set_aside(home: Path) -> None:
    for part in (home / "valkey" / "appendonlydir").glob("*.aof"):
        part.write_bytes(b"*9\r\nnot a command\r\n")
    running = engines.start(home, durable=False)
    try:
        assert hints(running).ping()
        assert list((home / "valkey").glob("appendonlydir.damaged-*"))
    finally:
        running.stop()


def test_a_damaged_database_says_so_in_one_sentence(spare_home: Path) -> None:
    (spare_home / "postgres" / "data" / "global" / "pg_control").write_bytes(b"")
    with pytest.raises(EngineFailure, match=r"did not start on .* restore the last backup"):
        engines.start(spare_home)


def test_a_home_that_cannot_be_written_is_named() -> None:
    with pytest.raises(EngineFailure, match=r"/proc/nowhere cannot be written .* CENTRALE_HOME"):
        engines.start(Path("/proc/nowhere"))


def test_a_full_disk_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_home, "NEEDED_BYTES", 10**18)
    with pytest.raises(EngineFailure, match="nearly full"):
        engines.start(home)


def test_a_folder_open_to_others_is_refused_and_not_changed(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir(mode=0o755)
    me = Account("me", os.geteuid(), os.getegid())
    with pytest.raises(EngineFailure, match="should belong to me alone"):
        engine_home.private(folder, me)
    assert folder.stat().st_mode & 0o777 == 0o755


def test_a_long_home_gets_a_short_socket_folder(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100)
    folder = engine_home.socket_folder(deep)
    assert deep not in folder.parents
    assert len(os.fsencode(folder)) <= engine_home.LONGEST_SOCKET_FOLDER
    assert folder == engine_home.socket_folder(deep)


def test_programs_out_of_reach_are_copied(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    shutil.copytree(engine_postgres.programs("wheel", tmp_path).folder.parents[1], closed / "pg")
    stranger = Account("stranger", 65533, 65533)
    found = engine_postgres.Programs(closed / "pg" / "pginstall" / "bin", 18)

    copied = engine_postgres.within_reach(found, tmp_path, stranger)

    assert copied.folder.is_relative_to(tmp_path / "programs")
    assert (copied.folder / "postgres").exists()
    assert engine_postgres.within_reach(found, tmp_path, stranger) == copied
    assert closed.stat().st_mode & 0o777 == 0o700


def test_urls_from_outside_start_nothing(tmp_path: Path) -> None:
    given = engines.start(tmp_path / "none", database_url="postgresql://x", redis_url="redis://y")
    assert given.database_url == "postgresql://x"
    assert not given.owned
    assert not (tmp_path / "none").exists()
