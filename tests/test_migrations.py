"""Migrations: one road, from nothing to now and back, that ends where the models are."""

import os
from collections.abc import Iterator

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, make_url, select, text
from sqlalchemy.pool import NullPool

from registry import codes, people, requests, rotation
from registry.access import HOUSE
from registry.codes import CodeList
from registry.contacts import Channel
from registry.kit import clock, crypto, db
from registry.people import Alert
from registry.person_keys import PersonKey
from registry.requests import Request
from tests.conftest import SERVER, forget_settings
from webconsole import migrate

URL = "CENTRALE_DATABASE_URL"
SAID = "chiede aiuto per la spesa"


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
    _words_are_sealed_and_opened_on_the_road()

    migrate.down("base")
    assert tables() == set()

    migrate.up()
    assert tables() == made
    migrate.drift()


def test_a_new_house_has_words_in_every_list(empty_database: None) -> None:
    """A case cannot be closed without an outcome, and nobody should have to invent them first."""
    migrate.up()

    with db.transaction() as session:
        today = clock.now().date()
        assert [each for each in CodeList if not codes.in_force(session, each, today)] == []


def _words_are_sealed_and_opened_on_the_road() -> None:
    """0033: in clear before it, each under its person's key since; nothing is lost either way."""
    with db.transaction() as session:
        person = people.create(session, given_name="Prova", family_name="Inventata")
        people.add_alert(session, person, kind="health", text="anticoagulanti", reason="lo dice")
        for whose in (person.id, None):
            requests.receive(session, HOUSE, channel=Channel.DESK, expressed=SAID, person_id=whose)
    migrate.down("0032")
    with db.engine().connect() as connection:
        asked = "SELECT expressed FROM requests UNION ALL SELECT reason FROM alerts"
        assert set(connection.scalars(text(asked))) == {SAID, "lo dice"}
        sealed = bytes(connection.execute(text("SELECT text FROM alerts")).scalar_one())
    assert sealed[0] == crypto.BOUND

    migrate.up()
    with db.transaction() as session:
        assert {each.expressed for each in session.scalars(select(Request))} == {SAID}
        alert = session.scalars(select(Alert)).one()
        assert (alert.text, alert.reason) == ("anticoagulanti", "lo dice")
        assert rotation.left(session) == {"alerts.text": 1, "contacts.note": 2}
        assert set(session.scalars(select(PersonKey.person_id))) == {person.id, None}
    assert rotation.rotate() == 3


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
