"""Bring the database to the version that this code expects."""

from alembic import command
from alembic.config import Config

from registry import codes
from registry.kit import db, roles
from webconsole.versions import MIGRATIONS


def config() -> Config:
    """Alembic's settings, without a file."""
    made = Config()
    made.set_main_option("script_location", str(MIGRATIONS))
    return made


def up(revision: str = "head") -> None:
    """Apply what is missing; one process at a time, the others wait and find it done.

    A list of codes that is new, and so still empty, gets the words a house starts with: without
    them nobody could close a case.
    """
    chosen = config()
    with db.engine().connect() as connection:
        chosen.attributes["connection"] = connection
        command.upgrade(chosen, revision)
    with db.engine().begin() as connection:
        roles.grant(connection)
    if revision == "head":
        with db.transaction() as session:
            codes.settle(session)


def down(revision: str) -> None:
    """Undo down to `revision`; `base` empties the database."""
    chosen = config()
    with db.engine().connect() as connection:
        chosen.attributes["connection"] = connection
        command.downgrade(chosen, revision)


def drift() -> None:
    """Raise CommandError with what differs when models and migrations do not agree."""
    chosen = config()
    with db.engine().connect() as connection:
        chosen.attributes["connection"] = connection
        command.check(chosen)
