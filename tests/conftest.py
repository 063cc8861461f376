"""What every test stands on: real engines, one database per worker, people with names."""

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from functools import lru_cache

import hypothesis
import pytest
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import URL, Connection, create_engine, make_url, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool
from starlette.testclient import TestClient

from callcenter.carriers import account as accounts
from registry import door, sessions, staff
from registry.access import Role
from registry.kit import crypto, db, engines, jobs, live
from registry.kit.settings import settings
from registry.staff import Staff
from webconsole import migrate

pytest_plugins = ["tests.no_skips"]

# How long an example may take depends on what else the machine does: timings stay out of tests.
hypothesis.settings.register_profile("centrale", deadline=None)
hypothesis.settings.load_profile("centrale")

SERVER = "CENTRALE_TEST_SERVER"
HINTS = "CENTRALE_TEST_HINTS"
MIGRATED = "migrated"
PASSWORD = "un lungo inverno a Pozzuoli"
started = ExitStack()

LARGE = 2**21  # bytes
LARGER = text(
    "SELECT name FROM unnest(CAST(:names AS text[])) AS name"
    " WHERE pg_relation_size(name::regclass) > :size"
)
NUMBERS_BEGIN_ANEW = text(
    "SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)"
    " FROM pg_sequences WHERE last_value IS NOT NULL"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--people", type=int, default=50_000, help="size of the town in which people are searched"
    )
    parser.addoption("--kills", type=int, default=20, help="kill -9 in tests/gates/test_kills.py")
    parser.addoption("--locked", type=float, default=5, help="seconds in tests/gates/test_trouble")
    parser.addoption(
        "--loris", type=int, default=200, help="slow peers in tests/gates/test_trouble"
    )
    parser.addoption("--damaged", type=int, default=300, help="damaged frames at each door")
    parser.addoption("--damaged-apps", type=int, default=90, help="the same where apps come in")
    parser.addoption("--returning", type=int, default=500, help="units that come back at once")
    parser.addoption(
        "--tamperings", type=int, default=60, help="tries in tests/registry/test_sealing.py"
    )
    parser.addoption(
        "--rotations", type=int, default=5, help="kill -9 in tests/registry/test_rotation.py"
    )
    parser.addoption("--escalation-kills", type=int, default=2, help="kill -9 in mid-escalation")
    parser.addoption("--frozen", type=float, default=4, help="seconds a sweeper stands still")
    parser.addoption(
        "--imported", type=int, default=500, help="rows in tests/registry/test_imports.py"
    )
    parser.addoption("--guesses", type=int, default=100, help="tries in tests/gates/test_guesses")
    parser.addoption("--hostile", type=int, default=12, help="texts in tests of hostile texts")
    parser.addoption("--hostile-seed", type=int, help="repeat a run of the hostile texts")
    parser.addoption("--examples", type=int, default=1, help="cases of each operation of the API")
    parser.addoption("--kill-seed", type=int, help="repeat a run of the kills")


def pytest_configure(config: pytest.Config) -> None:
    """Whoever runs tests starts engines of their own.

    In shared ones a slow transaction of one worker would hold back the journals of all others.
    """
    if getattr(config.option, "numprocesses", None):
        return  # xdist's workers run the tests
    running = started.enter_context(engines.temporary())
    os.environ[SERVER] = running.database_url
    os.environ[HINTS] = running.redis_url


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests are shuffled; those of one running house stay in the order written, and come first.

    They are the long ones: what is short fills the end of a run.
    """
    told = sorted(filter(_shares, items), key=lambda each: (each.path, each.reportinfo()[1] or 0))
    items[:] = told + [each for each in items if not _shares(each)]


def _shares(item: pytest.Item) -> bool:
    told = {"stories", "browser", "gates"} & set(item.path.parts)
    return bool(told) or item.get_closest_marker("in_order") is not None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failure in a running house shows what its processes complained of."""
    report: pytest.TestReport = yield
    house = getattr(item, "funcargs", {}).get("house")
    if report.failed and house is not None and hasattr(house, "complaints"):
        report.sections.append(("The house complained", house.complaints()))
    return report


def pytest_unconfigure(config: pytest.Config) -> None:
    started.close()


@pytest.fixture(scope="session")
def _database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A migrated database of this worker's own, and a home with keys of its own."""
    os.environ["CENTRALE_DATABASE_URL"] = fresh("tests")
    os.environ["CENTRALE_REDIS_URL"] = hints()
    os.environ["CENTRALE_HOME"] = str(tmp_path_factory.mktemp("home"))
    # Hundreds of requests by one token are what tests do; the limit has its own.
    os.environ["CENTRALE_REQUESTS_PER_SECOND"] = "0"
    forget_settings()
    yield
    db.engine().dispose()
    live.client().close()


def fresh(name: str) -> str:
    """The URL of a new database: a copy of one that is migrated once."""
    server = make_url(os.environ[SERVER])
    maker = create_engine(server, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with maker.connect() as admin:
        if not admin.scalar(text(f"SELECT true FROM pg_database WHERE datname = '{MIGRATED}'")):
            _migrate_one(admin, server)
        admin.execute(text(f"CREATE DATABASE {name} TEMPLATE {MIGRATED}"))
    return server.set(database=name).render_as_string(hide_password=False)


def _migrate_one(admin: Connection, server: URL) -> None:
    kept = os.environ.get("CENTRALE_DATABASE_URL", "")
    admin.execute(text(f"CREATE DATABASE {MIGRATED}"))
    url = server.set(database=MIGRATED)
    os.environ["CENTRALE_DATABASE_URL"] = url.render_as_string(hide_password=False)
    forget_settings()
    migrate.up()
    forget_settings()
    os.environ["CENTRALE_DATABASE_URL"] = kept


def hints() -> str:
    """Where the hints of tests go: database 0 stays nobody's."""
    return os.environ[HINTS].replace("db=0", "db=1")


def forget_settings() -> None:
    """Let the process read its settings anew, and let go of what it reached with the old ones."""
    if db.engine.cache_info().currsize:
        db.engine().dispose()
    if live.client.cache_info().currsize:
        live.client().close()
    read = (settings, db.engine, live.client, jobs.app, crypto.house_cipher, accounts.account)
    for cached in read:
        cached.cache_clear()


@pytest.fixture
def session(_database: None) -> Iterator[Session]:
    """A session whose work is undone at the end, commits included."""
    with db.engine().connect() as connection, connection.begin() as outer:
        with db.factory(bind=connection, join_transaction_mode="create_savepoint") as opened:
            yield opened
        outer.rollback()


@pytest.fixture
def database(_database: None) -> Iterator[None]:
    """The real database, committed to by any number of sessions, and emptied afterwards."""
    yield
    empty()


def empty() -> None:
    """Leave nothing in the database; numbers begin anew.

    Deleting a few rows from each table takes a tenth of the time of truncating them all.
    """
    tables = [table.name for table in db.Base.metadata.sorted_tables]
    with db.engine().begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("SET LOCAL lock_timeout = '20s'"))
        if large := connection.scalars(LARGER, {"names": tables, "size": LARGE}).all():
            connection.execute(text(f"TRUNCATE {', '.join(large)} CASCADE"))
        connection.exec_driver_sql("; ".join(f"DELETE FROM {name}" for name in tables))
        connection.execute(NUMBERS_BEGIN_ANEW)
    (settings().keys / "journal-seals.jsonl").unlink(missing_ok=True)


@lru_cache(maxsize=1)
def _hashed() -> str:
    """At the least cost: with the usual one a tenth of the time of all tests is signing in."""
    return Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


def somebody(session: Session, login: str, name: str, *roles: Role) -> Staff:
    """One of the staff, able to sign in with PASSWORD."""
    person = staff.add(session, login=login, name=name, roles=set(roles))
    person.password = _hashed()
    return person


@pytest.fixture
def anna(session: Session) -> Staff:
    return somebody(session, "anna", "Anna Riva", Role.OPERATOR)


@pytest.fixture
def bruno(session: Session) -> Staff:
    return somebody(session, "bruno", "Bruno Costa", Role.OPERATOR)


@pytest.fixture
def client(database: None) -> Iterator[TestClient]:
    """The whole application over the real database; HTTPS, as the cookie wants it."""
    from webconsole.app import app  # heavy, and only some tests need it

    with TestClient(app, base_url="https://testserver") as opened:
        yield opened


@pytest.fixture
def signed_in(client: TestClient) -> Callable[..., TestClient]:
    """`signed_in("anna", Role.OPERATOR)`: the client with that person's session and CSRF token."""

    def sign_in(login: str = "anna", *roles: Role, name: str = "Anna Riva") -> TestClient:
        with db.transaction() as session:
            if staff.by_login(session, login) is None:
                somebody(session, login, name, *(roles or (Role.OPERATOR,)))
        secret, _ = sessions.sign_in(login, PASSWORD, network="192.0.2.1")
        client.cookies.set(door.COOKIE, secret, domain="testserver.local", path="/")
        client.headers[door.CSRF_HEADER] = sessions.csrf_of(secret)
        return client

    return sign_in
