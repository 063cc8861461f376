"""Whether a database is at this code's version, asked without loading the application."""

import re
from pathlib import Path

import psycopg

MIGRATIONS = Path(__file__).parents[1] / "registry" / "migrations"
LINE = re.compile(r'^(revision|down_revision)\b[^=]*= *"([^"]+)"', re.MULTILINE)


def newest() -> set[str]:
    """The revisions that no other stands on: one, or more while a branch is unfinished."""
    made, stood_on = set[str](), set[str]()
    for path in (MIGRATIONS / "versions").glob("*.py"):
        for word, revision in LINE.findall(path.read_text(encoding="utf-8")):
            (made if word == "revision" else stood_on).add(revision)
    return made - stood_on


def known() -> set[str]:
    """Every revision that this code has."""
    texts = (path.read_text(encoding="utf-8") for path in (MIGRATIONS / "versions").glob("*.py"))
    return {name for text in texts for word, name in LINE.findall(text) if word == "revision"}


def applied(database_url: str) -> set[str]:
    """Where the database stands; raises psycopg.Error when it has never been migrated."""
    with psycopg.connect(database_url.replace("+psycopg", ""), connect_timeout=5) as asked:
        rows = asked.execute("SELECT version_num FROM alembic_version").fetchall()
    return {str(row[0]) for row in rows}


def is_newest(database_url: str) -> bool:
    """Whether the database needs no migration. Not being able to tell counts as no."""
    try:
        return applied(database_url) == newest()
    except psycopg.Error:
        return False
