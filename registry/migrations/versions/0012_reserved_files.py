"""Reserved files: who keeps them, who broke the glass, parts in compartments; checks asked for."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("people", sa.Column("kept_by", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        "people_kept_by_fkey", "people", "offices", ["kept_by"], ["id"], postgresql_not_valid=True
    )
    op.add_column("alerts", sa.Column("compartment", sa.Text(), nullable=True))
    op.add_column("cases", sa.Column("compartment", sa.Text(), nullable=True))
    op.add_column(
        "staff",
        sa.Column("compartments", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
    )
    op.create_table(
        "openings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_by", sa.Uuid(), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"]),
        sa.ForeignKeyConstraint(["seen_by"], ["staff.id"]),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_openings_person_id"), "openings", ["person_id"])
    op.create_index("ix_openings_staff", "openings", ["staff_id", "until"])
    op.create_table(
        "journal_checks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seals", sa.Integer(), nullable=False),
        sa.Column("found", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(["asked_by"], ["staff.id"]),
        sa.PrimaryKeyConstraint("id"),
    )


def downgrade() -> None:
    op.drop_table("journal_checks")
    op.drop_index("ix_openings_staff", table_name="openings")
    op.drop_index(op.f("ix_openings_person_id"), table_name="openings")
    op.drop_table("openings")
    op.drop_column("staff", "compartments")
    op.drop_column("cases", "compartment")
    op.drop_column("alerts", "compartment")
    op.drop_constraint("people_kept_by_fkey", "people", type_="foreignkey")
    op.drop_column("people", "kept_by")
