"""Files handed to an archive before they are erased."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0039"
down_revision: str | None = "0038"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "disposal_transfers",
        sa.Column("disposal_id", sa.Uuid(), sa.ForeignKey("disposals.id"), primary_key=True),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("files", sa.Integer(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_by", sa.Uuid(), sa.ForeignKey("staff.id"), nullable=True),
        sa.Column("receiver", sa.Text(), nullable=False),
        sa.Column("receipt", sa.Text(), nullable=False),
        sa.Column("handed_over_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("handed_over_by", sa.Uuid(), sa.ForeignKey("staff.id"), nullable=True),
    )


def downgrade() -> None:
    op.drop_table("disposal_transfers")
