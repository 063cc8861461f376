"""Migrations: one road, from nothing to now and back, that ends where the models are."""

import os
from collections.abc import Iterator

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, make_url, text
from sqlalchemy.pool import NullPool

from registry.kit import db
from tests.conftest import SERVER, forget_settings
from webconsole import migrate

URL = "CENTRALE_DATABASE_URL"


@pytest.fixture
def empty_database(_database: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A database of this test's own, with nothing in it."""
    server = make_url(os.environ[SERVER])
    name = f"migrations_{os.getpid()}"
    maker = create_engine(server, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with maker.connect() as admin:
        admin.execute(text(f"CREATE DATABASE {name}"))
    ours = server.set(database=name).render_as_string(hide_password=False)
    with monkeypatch.context() as changed:
        changed.setenv(URL, ours)
        forget_settings()
        yield
        db.engine().dispose()
    forget_settings()
    with maker.connect() as admin:
        admin.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


def tables() -> set[str]:
    with db.engine().connect() as connection:
        return set(inspect(connection).get_table_names()) - {"alembic_version"}


def test_there_is_one_head() -> None:
    assert len(ScriptDirectory.from_config(migrate.config()).get_heads()) == 1


def test_from_nothing_to_now_and_back_and_again(empty_database: None) -> None:
    migrate.up()
    made = tables()
    assert made == set(db.Base.metadata.tables)
    migrate.drift()

    migrate.down("base")
    assert tables() == set()

    migrate.up()
    assert tables() == made
    migrate.drift()


def test_what_the_models_alone_would_make_is_also_made_by_migrations(
    empty_database: None,
) -> None:
    """Triggers and functions are not seen by the search for drift: the journal's must be there."""
    migrate.up()

    with db.engine().connect() as connection:
        triggers = connection.execute(
            text("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")
        ).scalars()
        assert "journal_append_only" in set(triggers)
