"""The application's role: it works with every table, owns none, and changes nothing sealed."""

import os
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from registry.kit import db, roles
from tests.conftest import SERVER


@pytest.fixture
def application(database: None) -> Iterator[Connection]:
    """Connected as the application is."""
    url = make_url(os.environ["CENTRALE_DATABASE_URL"]).set(username=roles.ROLE)
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection


def test_it_may_work_with_every_table_but_those_that_only_grow(application: Connection) -> None:
    asked = text(
        "SELECT tablename, has_table_privilege(quote_ident(tablename), 'SELECT'), "
        "has_table_privilege(quote_ident(tablename), 'INSERT'), "
        "has_table_privilege(quote_ident(tablename), 'UPDATE'), "
        "has_table_privilege(quote_ident(tablename), 'DELETE'), "
        "has_table_privilege(quote_ident(tablename), 'TRUNCATE') "
        "FROM pg_tables WHERE schemaname = 'public'"
    )
    may = {row[0]: tuple(row[1:]) for row in application.execute(asked)}
    for table in db.Base.metadata.tables:
        grows = table in roles.APPEND_ONLY
        assert (table, may[table]) == (table, (True, True, not grows, not grows, False))
    assert may["alembic_version"] == (True, False, False, False, False)


@pytest.mark.parametrize("change", ["UPDATE {t} SET {c} = {c}", "DELETE FROM {t}", "TRUNCATE {t}"])
@pytest.mark.parametrize(("table", "column"), [("journal", "kind"), ("journal_seals", "digest")])
def test_what_only_grows_refuses_the_application_and_the_owner(
    application: Connection, table: str, column: str, change: str
) -> None:
    assert table in roles.APPEND_ONLY
    statement = text(change.format(t=table, c=column))
    with pytest.raises(DBAPIError, match="permission denied"):
        application.execute(statement)
    with (
        pytest.raises(DBAPIError, match="append-only"),
        db.engine().begin() as owner,
    ):
        owner.execute(statement)


@pytest.mark.parametrize(
    "trick",
    [
        "ALTER TABLE journal DISABLE TRIGGER ALL",
        "DROP TRIGGER journal_append_only ON journal",
        "SET session_replication_role = replica",
        "SET ROLE centrale",
        "ALTER TABLE people ADD COLUMN x text",
        "CREATE TABLE public.mine (x text)",
        "DROP FUNCTION journal_is_append_only() CASCADE",
        "UPDATE alembic_version SET version_num = 'x'",
        "COPY people TO '/tmp/people.csv'",
        "COPY people TO PROGRAM 'cat'",
    ],
)
def test_it_cannot_take_the_guard_away(application: Connection, trick: str) -> None:
    with pytest.raises(DBAPIError, match="InsufficientPrivilege"):
        application.execute(text(trick))


def test_the_owner_is_told_from_the_application(application: Connection) -> None:
    assert not roles.owns(application)
    with db.engine().connect() as owner:
        assert roles.owns(owner)


def test_a_server_without_the_role_is_served_by_its_owner_alone(
    database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert os.environ[SERVER]
    monkeypatch.setattr(roles, "ROLE", "nobody_of_this_name")
    with db.engine().begin() as owner:
        assert roles.grant(owner) is False
