"""Whose an office is, and what its people have learnt."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0041"
down_revision: str | None = "0040"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column(
        "offices",
        sa.Column(
            "holder",
            sa.Enum(
                "body",
                "contractor",
                "partner",
                name="holder",
                native_enum=False,
                length=40,
            ),
            server_default="body",
            nullable=False,
        ),
    )
    op.create_table(
        "qualifications",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("staff_id", sa.Uuid(), sa.ForeignKey("staff.id"), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), sa.ForeignKey("staff.id"), nullable=True),
        sa.CheckConstraint("until >= since", name="qualification_ends_after_it_begins"),
    )
    op.create_index("ix_qualifications_staff_id", "qualifications", ["staff_id"])


def downgrade() -> None:
    op.drop_table("qualifications")
    op.drop_column("offices", "holder")
