"""Planned calls: the plans of a person, and the list of each day."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "call_plans",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column(
            "purpose",
            sa.Enum(
                "company",
                "check",
                "medication",
                "heat",
                "cold",
                name="purpose",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "by",
            sa.Enum("operator", "system", name="by", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("days", sa.Text(), nullable=False),
        sa.Column("at", sa.Time(), nullable=False),
        sa.Column("within_minutes", sa.Integer(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["people.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_call_plans_person", "call_plans", ["person_id"], unique=False)
    op.create_table(
        "planned_calls",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "purpose",
            sa.Enum(
                "company",
                "check",
                "medication",
                "heat",
                "cold",
                name="purpose",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "by",
            sa.Enum("operator", "system", name="by", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "to_do",
                "ringing",
                "done",
                "missed",
                "skipped",
                name="plannedstate",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("operator_id", sa.Uuid(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=True),
        sa.Column(
            "result",
            sa.Enum("well", "follow_up", "refused", name="result", native_enum=False, length=40),
            nullable=True,
        ),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("alarm_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["operator_id"],
            ["staff.id"],
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["people.id"],
        ),
        sa.ForeignKeyConstraint(
            ["plan_id"],
            ["call_plans.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("plan_id", "day"),
    )
    op.create_index(op.f("ix_planned_calls_call_id"), "planned_calls", ["call_id"], unique=False)
    op.create_index("ix_planned_calls_day", "planned_calls", ["day", "due_at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_planned_calls_day", table_name="planned_calls")
    op.drop_index(op.f("ix_planned_calls_call_id"), table_name="planned_calls")
    op.drop_table("planned_calls")
    op.drop_index("ix_call_plans_person", table_name="call_plans")
    op.drop_table("call_plans")
