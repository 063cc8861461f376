"""People told apart: the pairs that are never proposed as one person again."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "not_same",
        sa.Column("one_id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("one_id < other_id", name="one_before_other"),
        sa.ForeignKeyConstraint(["one_id"], ["people.id"]),
        sa.ForeignKeyConstraint(["other_id"], ["people.id"]),
        sa.PrimaryKeyConstraint("one_id", "other_id"),
    )
    op.create_index(op.f("ix_not_same_other_id"), "not_same", ["other_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_not_same_other_id"), table_name="not_same")
    op.drop_table("not_same")
