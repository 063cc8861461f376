"""Subscribers: the way in, and when contacts can be called."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "subscribers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("way_in", sa.LargeBinary(), nullable=True),
        sa.Column("doctor", sa.Text(), nullable=False),
        sa.Column("doctor_phone", sa.Text(), nullable=False),
        sa.Column("health", sa.Text(), nullable=False),
        sa.Column("services", sa.Text(), nullable=False),
        sa.Column("consent_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["people.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("person_id"),
    )
    op.create_table(
        "contact_reach",
        sa.Column("near_id", sa.Uuid(), nullable=False),
        sa.Column("days", sa.Text(), nullable=False),
        sa.Column("starts", sa.Time(), nullable=False),
        sa.Column("ends", sa.Time(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("by_system", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["near_id"], ["near_people.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("near_id"),
    )


def downgrade() -> None:
    op.drop_table("contact_reach")
    op.drop_table("subscribers")
