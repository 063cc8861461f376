"""Targets of one's own contract, each with the clock it is measured by."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0026"
down_revision: str | None = "0025"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "contract_targets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "by",
            sa.Enum(
                "signal_to_operator",
                "signal_to_voice",
                "call_to_voice",
                "decision_to_arrival",
                "fault_to_repair",
                name="clock",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("within_s", sa.Integer(), nullable=False),
        sa.Column("percent", sa.Float(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("written_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("within_s > 0", name="target_within"),
        sa.CheckConstraint("percent > 0 AND percent <= 100", name="target_percent"),
        sa.ForeignKeyConstraint(["written_by"], ["staff.id"]),
        sa.PrimaryKeyConstraint("id"),
    )


def downgrade() -> None:
    op.drop_table("contract_targets")
