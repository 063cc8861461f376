"""The verb `settings`: each setting, what it is now, and what it means."""

from pydantic import SecretStr
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from registry.kit.settings import PREFIX, Settings, settings

MASK = "•••••"
WIDE = 120  # columns from which a table reads better than a list


def show() -> None:
    """List each setting, its value and its meaning. Secrets are masked."""
    console = Console(highlight=False)
    chosen = settings()
    rows = [
        (f"{PREFIX}{name}".upper(), _value(chosen, name), field.description or "")
        for name, field in type(chosen).model_fields.items()
    ]
    if console.width < WIDE:
        for name, value, meaning in rows:
            console.print(f"[bold]{name}[/] = {value}", soft_wrap=True)
            console.print(Padding(meaning, (0, 0, 0, 4)))
        return
    table = Table(title="Settings, from the environment or .env", title_justify="left")
    for heading, style in (("setting", "bold"), ("value", ""), ("meaning", "")):
        table.add_column(heading, style=style, no_wrap=heading == "setting", overflow="fold")
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _value(chosen: Settings, name: str) -> str:
    source = "" if name in chosen.model_fields_set else " [dim](default)[/]"
    return f"{_shown(getattr(chosen, name))}{source}"


def _shown(value: object) -> str:
    if value is None or value == "":
        return "[dim]not set[/]"
    if isinstance(value, SecretStr):
        return MASK
    if isinstance(value, bool):
        return "on" if value else "off"
    return escape(str(value))
