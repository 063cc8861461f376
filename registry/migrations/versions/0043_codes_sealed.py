"""Codici fiscali and all other codes of people are sealed, and found by a blind index."""

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from registry.kit import blind, clock, crypto, sealed, subject_keys

revision: str = "0043"
down_revision: str | None = "0042"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BATCH = 2_000
NAME = "identifiers.value"
BEFORE_ALL = "00000000-0000-0000-0000-000000000000"
CODES = sa.table(
    "identifiers",
    sa.column("id", sa.Uuid()),
    sa.column("person_id", sa.Uuid()),
    sa.column("value", sa.LargeBinary()),
    sa.column("found_by", sa.Text()),
)
KEYS = sa.table(
    "subject_keys",
    sa.column("id", sa.LargeBinary()),
    sa.column("made_for", sa.Uuid()),
    sa.column("person_id", sa.Uuid()),
    sa.column("wrapped", sa.LargeBinary()),
    sa.column("made_at", sa.DateTime(timezone=True)),
    sa.column("destroyed_at", sa.DateTime(timezone=True)),
)
# The table is locked shortly: nothing of this version may find codes in clear.
TO_BYTES = """ALTER TABLE identifiers
-- squawk-ignore changing-column-type
ALTER COLUMN value TYPE bytea USING convert_to(value, 'UTF8')"""
TO_WORDS = "ALTER TABLE identifiers ALTER COLUMN value TYPE text USING convert_from(value, 'UTF8')"
FOUND_BY = "ALTER TABLE identifiers ADD COLUMN found_by text DEFAULT '' NOT NULL"
# Nobody may write a code that is not found.
NO_DEFAULT = """ALTER TABLE identifiers
-- squawk-ignore ban-drop-default
ALTER COLUMN found_by DROP DEFAULT"""
APART = "identifiers_value_kind_person_id_key"
NOT_APART = f"""ALTER TABLE identifiers
-- squawk-ignore ban-drop-constraint
DROP CONSTRAINT {APART}"""


def upgrade() -> None:
    op.execute(NOT_APART)
    op.execute(TO_BYTES)
    op.execute(FOUND_BY)
    for rows in _parts(CODES.c.person_id):
        keys = _keys([row.person_id for row in rows])
        written = [
            {
                "of": row.id,
                "said": sealed.seal(
                    bytes(row.value), NAME, crypto.mark_of(row.id), keys[row.person_id]
                ),
                "found": blind.index(NAME, bytes(row.value).decode()),
            }
            for row in rows
        ]
        change = CODES.update().where(CODES.c.id == sa.bindparam("of"))
        change = change.values(value=sa.bindparam("said"), found_by=sa.bindparam("found"))
        op.get_bind().execute(change, written)
    op.execute(NO_DEFAULT)
    op.create_index(
        "ux_identifiers_found_by", "identifiers", ["found_by", "kind", "person_id"], unique=True
    )


def downgrade() -> None:
    """A code whose key was destroyed reads as nothing; so does its row, which goes."""
    op.drop_index("ux_identifiers_found_by", table_name="identifiers")
    wrapped = sa.select(KEYS.c.wrapped).where(
        KEYS.c.id == sa.func.substring(CODES.c.value, 2, subject_keys.ID)
    )
    for rows in _parts(wrapped.scalar_subquery().label("wrapped")):
        opened = [
            {"of": row.id, "said": sealed.open_(bytes(row.wrapped) + bytes(row.value), NAME)[0]}
            for row in rows
            if row.wrapped
        ]
        change = CODES.update().where(CODES.c.id == sa.bindparam("of"))
        op.get_bind().execute(change.values(value=sa.bindparam("said")), opened)
    op.drop_column("identifiers", "found_by")
    op.execute(TO_WORDS)
    op.create_unique_constraint(APART, "identifiers", ["value", "kind", "person_id"])


def _parts(more: Any) -> Iterator[list[Any]]:
    after: Any = BEFORE_ALL
    asked = sa.select(CODES.c.id, CODES.c.value, more).order_by(CODES.c.id).limit(BATCH)
    while rows := list(op.get_bind().execute(asked.where(CODES.c.id > after))):
        yield rows
        after = rows[-1].id


def _keys(people: Sequence[Any]) -> dict[Any, subject_keys.Key]:
    bind = op.get_bind()
    asked = sa.select(KEYS.c.made_for, KEYS.c.id, KEYS.c.wrapped).where(
        KEYS.c.made_for.in_(people), KEYS.c.destroyed_at.is_(None)
    )
    found = {row.made_for: (bytes(row.id), bytes(row.wrapped)) for row in bind.execute(asked)}
    fresh = {each: subject_keys.fresh() for each in people if each not in found}
    if fresh:
        made = [
            {"id": id_, "made_for": each, "person_id": each, "wrapped": key, "made_at": clock.now()}
            for each, (id_, key) in fresh.items()
        ]
        bind.execute(KEYS.insert(), made)
    return {each: subject_keys.unwrap(*key) for each, key in (found | fresh).items()}
