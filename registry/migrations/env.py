"""Alembic's entry: every model of every package, on the connection we are given."""

from alembic import context
from sqlalchemy import Connection, text

import webconsole.app  # noqa: F401 - the whole application, and so every model
from registry.kit import db

MIGRATION_LOCK = 0x317
TIMEOUTS = ("SET lock_timeout = '5s'", "SET statement_timeout = '10min'")


def migrate(connection: Connection) -> None:
    context.configure(
        connection=connection, target_metadata=db.Base.metadata, compare_server_default=False
    )
    with context.begin_transaction():
        for each in TIMEOUTS:
            connection.execute(text(each.replace("SET", "SET LOCAL")))
        connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is None:
    with db.engine().connect() as opened:
        migrate(opened)
        opened.commit()
else:
    migrate(given)
    given.commit()
