"""The verb `check-up`: what is not as it should be on this machine, in words for its keeper."""

from rich.console import Console

from registry.kit import db
from registry.kit.errors import Problem
from registry.kit.settings import settings
from webconsole import house, self_check

out = Console(highlight=False, soft_wrap=True)


class NotFit(Problem):
    """Something grave was found."""


def check_up() -> None:
    """Versions, passwords, clock, disk, permissions: everything found, the grave first."""
    with house.open_(), db.transaction() as session:
        found = self_check.findings(session, settings())
    for each in found:
        out.print(f"{'[red]✗[/]' if each.grave else '[yellow]![/]'} {each.says}")
    if any(each.grave for each in found):
        raise NotFit("The house does not serve like this")
    if not found:
        out.print("Nothing to say: all is as it should be")
