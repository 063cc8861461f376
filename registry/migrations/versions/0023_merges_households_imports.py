"""Files that became one and can be parted, pairs to judge, households, imports of registries."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0023"
down_revision: str | None = "0022"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("people", sa.Column("merged_into", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        "people_merged_into_fkey",
        "people",
        "people",
        ["merged_into"],
        ["id"],
        postgresql_not_valid=True,
    )
    op.create_index(op.f("ix_people_merged_into"), "people", ["merged_into"])
    _merges()
    _households()
    _imports()


def _merges() -> None:
    op.create_table(
        "merges",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("stays_id", sa.Uuid(), nullable=False),
        sa.Column("gone_id", sa.Uuid(), nullable=False),
        sa.Column("merged_at", MOMENT, nullable=False),
        sa.Column("merged_by", sa.Uuid(), nullable=True),
        sa.Column("undone_at", MOMENT, nullable=True),
        sa.Column("undone_by", sa.Uuid(), nullable=True),
        sa.Column("before", sa.LargeBinary(), nullable=False),
        sa.Column("moved", postgresql.JSONB(), nullable=False),
        sa.Column("left", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["stays_id"], ["people.id"]),
        sa.ForeignKeyConstraint(["gone_id"], ["people.id"]),
        sa.ForeignKeyConstraint(["merged_by"], ["staff.id"]),
        sa.ForeignKeyConstraint(["undone_by"], ["staff.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_merges_stays_id"), "merges", ["stays_id"])
    op.create_index(
        "ix_merges_gone",
        "merges",
        ["gone_id"],
        unique=True,
        postgresql_where=sa.text("undone_at IS NULL"),
    )
    op.create_table(
        "duplicate_candidates",
        sa.Column("one_id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("why", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("found_at", MOMENT, nullable=False),
        sa.CheckConstraint("one_id < other_id", name="candidate_one_before_other"),
        sa.ForeignKeyConstraint(["one_id"], ["people.id"]),
        sa.ForeignKeyConstraint(["other_id"], ["people.id"]),
        sa.PrimaryKeyConstraint("one_id", "other_id"),
    )
    op.create_index(op.f("ix_duplicate_candidates_other_id"), "duplicate_candidates", ["other_id"])
    op.create_table(
        "duplicate_rounds",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("journal_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def _households() -> None:
    op.create_table(
        "households",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "household_stays",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.String(40), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["household_id"], ["households.id"]),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_household_stays_household_id"), "household_stays", ["household_id"])
    op.create_index(op.f("ix_household_stays_person_id"), "household_stays", ["person_id"])
    op.create_index(
        "ix_household_stays_now",
        "household_stays",
        ["person_id"],
        unique=True,
        postgresql_where=sa.text("valid_to IS NULL"),
    )


def _imports() -> None:
    op.create_table(
        "imports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("mapping", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("for_real", sa.Boolean(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("made", sa.Integer(), nullable=False),
        sa.Column("already", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "import_refusals",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"]),
        sa.PrimaryKeyConstraint("import_id", "row"),
    )


def downgrade() -> None:
    for table in (
        "import_refusals",
        "imports",
        "household_stays",
        "households",
        "duplicate_rounds",
        "duplicate_candidates",
        "merges",
    ):
        op.drop_table(table)
    op.drop_index(op.f("ix_people_merged_into"), table_name="people")
    op.drop_constraint("people_merged_into_fkey", "people", type_="foreignkey")
    op.drop_column("people", "merged_into")
