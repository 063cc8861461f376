"""The verb `town`: the sample town loaded, and who may sign in to it."""

import typer

from webconsole import house, migrate
from webconsole.demo import town as sample


def town() -> None:
    """Migrate, load the sample town and print its log-ins."""
    with house.open_(as_owner=True):
        migrate.up()
        sample.load()
    widest = max(len(each.login) for each in sample.LOGINS)
    for each in sample.LOGINS:
        typer.echo(f"{each.login:<{widest}}  {each.does}")
    typer.echo(f"password for all: {sample.PASSWORD}")
