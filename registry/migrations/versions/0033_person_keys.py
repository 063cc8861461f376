"""A key for each person; what requests, calls, alarms and teams write of somebody is sealed."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from alembic import op

from registry.kit import clock, crypto, sealed, subject_keys

revision: str = "0033"
down_revision: str | None = "0032"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BATCH = 2_000
# Clear until now. Whose they are: the person's, that of the case, or the row's own.
CLEAR = {
    "cases": ("title",),
    "addresses": ("habits", "how_to_get_in"),
    "alarms": ("note",),
    "alerts": ("reason",),
    "calls": ("sentence", "note"),
    "interventions": ("what", "reason", "report"),
    "planned_calls": ("note",),
    "requests": ("expressed", "recognised", "triage_reason", "answer"),
    "subscribers": ("doctor", "doctor_phone", "services"),
    "tech_jobs": ("note", "report"),
}
WITH_CASE = frozenset({"alarms", "calls", "interventions", "requests"})
# Sealed by the house's key until now: `centrale keys rotate` takes them over, a way back has to.
HOUSE = {
    "alerts": ("id", "text"),
    "attachments": ("id", "name"),
    "attachment_contents": ("attachment_id", "content"),
    "case_assignments": ("id", "note"),
    "case_holds": ("id", "reason"),
    "case_notes": ("id", "text"),
    "case_statuses": ("id", "reason"),
    "contacts": ("id", "note"),
    "merges": ("id", "before"),
    "large_pictures": ("picture_id", "content"),
    "openings": ("id", "reason"),
    "pictures": ("id", "small"),
    "referrals": ("id", "reason"),
    "referral_facts": ("id", "told_by", "words"),
    "safe_contacts": ("phone_id", "code_word"),
    "subject_exports": ("id", "pieces", "reason"),
    "subscribers": ("id", "way_in", "health"),
    "texts": ("id", "number", "body"),
}
# The tables are locked shortly: nothing of this version may find words in clear.
TO_BYTES = """ALTER TABLE {table}
-- squawk-ignore changing-column-type
ALTER COLUMN {column} TYPE bytea USING convert_to({column}, 'UTF8')"""
TO_WORDS = (
    "ALTER TABLE {table} ALTER COLUMN {column} TYPE text USING convert_from({column}, 'UTF8')"
)
KEYS = sa.table(
    "subject_keys",
    sa.column("id", sa.LargeBinary()),
    sa.column("made_for", sa.Uuid()),
    sa.column("person_id", sa.Uuid()),
    sa.column("wrapped", sa.LargeBinary()),
    sa.column("made_at", sa.DateTime(timezone=True)),
)


def upgrade() -> None:
    op.create_table(
        "subject_keys",
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("made_for", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("destroyed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_subject_keys_person_id", "subject_keys", ["person_id"])
    op.create_index(
        "ux_subject_keys_made_for",
        "subject_keys",
        ["made_for"],
        unique=True,
        postgresql_where=sa.text("destroyed_at IS NULL"),
    )
    for table, columns in CLEAR.items():
        for column in columns:
            _alter(table, column, TO_BYTES)
        for rows in _rows(table, columns):
            _seal(table, columns, rows)


def downgrade() -> None:
    for table, (key, *columns) in HOUSE.items():
        _open(table, key, columns, clear=False)
    for table, named in CLEAR.items():
        _open(table, "id", named, clear=True)
        for column in named:
            _alter(table, column, TO_WORDS)
    op.drop_table("subject_keys")


def _alter(table: str, column: str, statement: str) -> None:
    """The default of either form is nothing, where there is one."""
    had = op.get_bind().scalar(
        sa.text(
            "SELECT column_default IS NOT NULL FROM information_schema.columns "
            "WHERE table_name = :table AND column_name = :column"
        ),
        {"table": table, "column": column},
    )
    if had:
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT NULL")
    op.execute(statement.format(table=table, column=column))
    if had:
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT ''")


def _rows(table: str, columns: Sequence[str]) -> Iterator[list[Any]]:
    """What has words, with whose it is, in parts."""
    person, made_for = "t.person_id", "coalesce(t.person_id, t.id)"
    if table in WITH_CASE:
        person = "coalesce(t.person_id, (SELECT c.person_id FROM cases c WHERE c.id = t.case_id))"
        made_for = f"coalesce({person}, t.case_id, t.id)"
    some = " OR ".join(f"t.{column} <> ''" for column in columns)
    asked = sa.text(
        f"SELECT t.id, {person} AS person_id, {made_for} AS made_for, "  # noqa: S608 - our words
        f"{', '.join(f't.{column}' for column in columns)} FROM {table} t "
        f"WHERE t.id > :after AND ({some}) ORDER BY t.id LIMIT {BATCH}"
    )
    after: Any = "00000000-0000-0000-0000-000000000000"
    while rows := list(op.get_bind().execute(asked, {"after": after})):
        yield rows
        after = rows[-1].id


def _seal(table: str, columns: Sequence[str], rows: list[Any]) -> None:
    keys = _keys({row.made_for: row.person_id for row in rows})
    for column in columns:
        _write(
            table,
            "id",
            column,
            [
                (
                    row.id,
                    sealed.seal(
                        bytes(getattr(row, column)),
                        f"{table}.{column}",
                        crypto.mark_of(row.id),
                        keys[row.made_for],
                    ),
                )
                for row in rows
                if getattr(row, column)
            ],
        )


def _keys(owners: dict[Any, Any]) -> dict[Any, subject_keys.Key]:
    bind = op.get_bind()
    asked = sa.select(KEYS.c.made_for, KEYS.c.id, KEYS.c.wrapped).where(KEYS.c.made_for.in_(owners))
    found = {row.made_for: (bytes(row.id), bytes(row.wrapped)) for row in bind.execute(asked)}
    fresh = []
    for made_for, person_id in owners.items():
        if made_for not in found:
            found[made_for] = subject_keys.fresh()
            fresh.append(
                {
                    "id": found[made_for][0],
                    "made_for": made_for,
                    "person_id": person_id,
                    "wrapped": found[made_for][1],
                    "made_at": clock.now(),
                }
            )
    if fresh:
        bind.execute(KEYS.insert(), fresh)
    return {made_for: subject_keys.unwrap(*each) for made_for, each in found.items()}


def _open(table: str, key: str, columns: Sequence[str], *, clear: bool) -> None:
    """Out of the subjects' keys: in clear where it was, else under the house's key."""
    bind = op.get_bind()
    for column in columns:
        nothing = "" if clear else f" OR t.{column} = ''::bytea"  # older code seals that too
        asked = sa.text(
            f"SELECT t.{key} AS row, coalesce(k.wrapped, ''::bytea) || t.{column} AS said "  # noqa: S608
            f"FROM {table} t LEFT JOIN subject_keys k "
            f"ON k.id = substring(t.{column}, 2, {subject_keys.ID}) "
            f"WHERE substring(t.{column}, 1, 1) = '\\x81'::bytea{nothing}"
        )
        name = f"{table}.{column}"
        for rows in _parts(bind.execute(asked)):
            opened = [(row.row, sealed.open_(bytes(row.said), name)[0]) for row in rows]
            _write(
                table,
                key,
                column,
                [(row, said if clear else crypto.seal(said, name, row)) for row, said in opened],
            )


def _parts(found: Any) -> Iterator[list[Any]]:
    for _, rows in groupby(enumerate(found), key=lambda each: each[0] // BATCH):
        yield [row for _, row in rows]


def _write(table: str, key: str, column: str, values: list[tuple[Any, bytes]]) -> None:
    if values:
        target = sa.table(table, sa.column(key), sa.column(column))
        written = target.update().where(target.c[key] == sa.bindparam("of"))
        op.get_bind().execute(
            written.values({column: sa.bindparam("said")}),
            [{"of": row, "said": said} for row, said in values],
        )
