"""Cases: stages with a history, manager and deputy, target groups, legal holds."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0019"
down_revision: str | None = "0018"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("cases", sa.Column("stage", sa.Text(), nullable=True))
    op.add_column("cases", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.create_table(
        "case_statuses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("open", "suspended", "closed", name="casestate", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("reason", sa.LargeBinary(), nullable=True),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_case_statuses_case_id"), "case_statuses", ["case_id"], unique=False)
    op.create_table(
        "case_assignments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column(
            "part",
            sa.Enum("manager", "deputy", name="part", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("given_by", sa.Uuid(), nullable=True),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.ForeignKeyConstraint(["given_by"], ["staff.id"]),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        op.f("ix_case_assignments_case_id"), "case_assignments", ["case_id"], unique=False
    )
    op.create_index(
        "ix_case_assignments_one",
        "case_assignments",
        ["case_id", "part"],
        unique=True,
        postgresql_where=sa.text("until IS NULL"),
    )
    op.create_index(
        "ix_case_assignments_staff",
        "case_assignments",
        ["staff_id"],
        unique=False,
        postgresql_where=sa.text("until IS NULL"),
    )
    op.create_table(
        "case_targets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("set_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("until >= since", name="target_ends_after_it_begins"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.ForeignKeyConstraint(["set_by"], ["staff.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_case_targets_case_id"), "case_targets", ["case_id"], unique=False)
    op.create_index(
        "ix_case_targets_one",
        "case_targets",
        ["case_id", "code"],
        unique=True,
        postgresql_where=sa.text("until IS NULL"),
    )
    op.create_table(
        "case_holds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("set_by", sa.Uuid(), nullable=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.ForeignKeyConstraint(["released_by"], ["staff.id"]),
        sa.ForeignKeyConstraint(["set_by"], ["staff.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_case_holds_case_id"), "case_holds", ["case_id"], unique=False)
    op.create_index(
        "ix_case_holds_one",
        "case_holds",
        ["case_id"],
        unique=True,
        postgresql_where=sa.text("until IS NULL"),
    )
    # Cases that are there begin their history now: who opened them is in the journal.
    op.execute(
        "INSERT INTO case_statuses (id, case_id, state, at) "
        "SELECT gen_random_uuid(), id, 'open', opened_at FROM cases"
    )
    op.execute(
        "INSERT INTO case_statuses (id, case_id, state, at) "
        "SELECT gen_random_uuid(), id, 'closed', closed_at FROM cases WHERE closed_at IS NOT NULL"
    )


def downgrade() -> None:
    op.drop_table("case_holds")
    op.drop_table("case_targets")
    op.drop_table("case_assignments")
    op.drop_table("case_statuses")
    op.drop_column("cases", "version")
    op.drop_column("cases", "stage")
