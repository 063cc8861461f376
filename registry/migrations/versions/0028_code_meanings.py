"""What unknown codes mean, as a supervisor has said."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0028"
down_revision: str | None = "0027"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "code_meanings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("protocol", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "personal",
                "fall",
                "inactivity",
                "smoke",
                "gas",
                "water",
                "temperature",
                "wandering",
                "medication",
                "intrusion",
                "unknown",
                "unreadable",
                "mains",
                "unit_battery",
                "pendant_battery",
                "radio",
                "link",
                "sensor",
                "tamper",
                "system",
                "clock",
                "silent",
                "key",
                "test_missed",
                "line_errors",
                "presence",
                "update",
                "test",
                "cancel",
                "heartbeat",
                name="kind",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("said_by", sa.Uuid(), nullable=True),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["said_by"], ["staff.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("protocol", "code"),
    )


def downgrade() -> None:
    op.drop_table("code_meanings")
