"""What alerts, contacts and subscribers' files say of somebody's health and troubles is sealed."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from registry.kit import crypto

revision: str = "0022"
down_revision: str | None = "0021"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

COLUMNS = (("alerts", "text"), ("contacts", "note"), ("subscribers", "health"))
# The tables are small and nothing of this version may find words in clear: a short lock is right.
TO_BYTES = """ALTER TABLE {table}
-- squawk-ignore changing-column-type
ALTER COLUMN {column} TYPE bytea USING convert_to({column}, 'UTF8')"""
TO_WORDS = (
    "ALTER TABLE {table} ALTER COLUMN {column} TYPE text USING convert_from({column}, 'UTF8')"
)


def upgrade() -> None:
    for table, column in COLUMNS:
        op.execute(TO_BYTES.format(table=table, column=column))
        for row, value in _values(table, column):
            _write(table, column, row, crypto.seal(value, f"{table}.{column}", row))


def downgrade() -> None:
    for table, column in COLUMNS:
        for row, value in _values(table, column):
            _write(table, column, row, crypto.unseal(value, f"{table}.{column}", row))
        op.execute(TO_WORDS.format(table=table, column=column))


def _values(table: str, column: str) -> list[tuple[object, bytes]]:
    asked: Any = sa.select(sa.column("id"), sa.column(column)).select_from(sa.table(table))
    return [(row, bytes(value)) for row, value in op.get_bind().execute(asked)]


def _write(table: str, column: str, row: object, value: bytes) -> None:
    target = sa.table(table, sa.column("id"), sa.column(column))
    op.get_bind().execute(target.update().where(target.c.id == row).values({column: value}))
