"""The hidden verb `town`: the database at this version, with the sample town in it."""

import typer

from webconsole import house
from webconsole import migrate as migrations
from webconsole.demo import town as sample


def town() -> None:
    """Load the sample town unless it is there, and say who can sign in."""
    with house.open_():
        migrations.up()
        sample.load()
    widest = max(len(each.login) for each in sample.LOGINS)
    typer.echo(f"Sample log-ins, all with the password: {sample.PASSWORD}")
    for each in sample.LOGINS:
        typer.echo(f"  {each.login:<{widest}}  {each.name} ({each.does})")
