"""The hidden verb `check-migrations`: from nothing to now, no drift, nothing dangerous."""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import typer
from alembic.util import CommandError
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError

from registry.kit import db, engines
from registry.kit.settings import CHECKOUT
from webconsole import house, migrate
from webconsole.cli_checks import Failed

CHANGES = ("CREATE", "ALTER", "DROP", "COMMENT", "UPDATE", "DELETE")


def check() -> None:
    """Apply every migration to a new database, compare it with the models, read its statements."""
    statements: list[str] = []

    def note(*given: Any) -> None:
        statement: str = given[2]  # after the connection and the cursor
        if statement.strip().upper().startswith(CHANGES) and "alembic_version" not in statement:
            statements.append(statement.strip().rstrip(";") + ";")

    with engines.temporary() as running:
        house.use(running, as_owner=True)
        event.listen(db.engine(), "before_cursor_execute", note)
        try:
            migrate.up()
            migrate.drift()
        except DBAPIError as error:
            raise Failed(f"A migration does not run: {error.orig}\n{error.statement}") from error
        except CommandError as error:
            raise Failed(f"Models and migrations differ: {error}") from error
        finally:
            db.engine().dispose()
    dangers(statements)


def dangers(statements: list[str]) -> None:
    """Refuse what would hold up a running house: squawk's rules, with the exceptions we chose."""
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "migrations.sql"
        written.write_text("\n".join(statements) + "\n", encoding="utf-8")
        ended = subprocess.run(  # noqa: S603 - a tool of our own lock file
            [
                Path(sys.executable).with_name("squawk"),
                "--config",
                CHECKOUT / ".squawk.toml",
                written,
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    if ended.returncode != 0:
        typer.echo(ended.stdout)
        raise Failed("squawk found statements that would hold up a running house")
