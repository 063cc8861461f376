"""The voice of home units: their lines, their keys, what was pressed, the farewell."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "voice_profiles",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("listen", sa.Text(), nullable=False),
        sa.Column("talk", sa.Text(), nullable=False),
        sa.Column("duplex", sa.Text(), nullable=False),
        sa.Column("softer", sa.Text(), nullable=False),
        sa.Column("louder", sa.Text(), nullable=False),
        sa.Column("door", sa.Text(), nullable=False),
        sa.Column("clear_down", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "call_tones",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("digits", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "wanted",
                "sending",
                "sent",
                "failed",
                "uncertain",
                name="tonesstate",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("wanted_by", sa.Uuid(), nullable=False),
        sa.Column("wanted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["call_id"],
            ["calls.id"],
        ),
        sa.ForeignKeyConstraint(
            ["wanted_by"],
            ["staff.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_call_tones_call_id", "call_tones", ["call_id"], unique=False)
    op.create_table(
        "unit_lines",
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("profile_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["device_id"],
            ["devices.id"],
        ),
        sa.ForeignKeyConstraint(
            ["profile_id"],
            ["voice_profiles.id"],
        ),
        sa.PrimaryKeyConstraint("device_id"),
    )
    op.create_index("ix_unit_lines_number", "unit_lines", ["number"], unique=False)
    op.add_column("calls", sa.Column("last_tones", sa.Text(), server_default="", nullable=False))
    op.add_column("calls", sa.Column("farewell_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("calls", sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("calls", sa.Column("for_operator", sa.Uuid(), nullable=True))
    op.create_foreign_key("calls_for_operator_fkey", "calls", "staff", ["for_operator"], ["id"])


def downgrade() -> None:
    op.drop_constraint("calls_for_operator_fkey", "calls", type_="foreignkey")
    op.drop_column("calls", "for_operator")
    op.drop_column("calls", "cleared_at")
    op.drop_column("calls", "farewell_at")
    op.drop_column("calls", "last_tones")
    op.drop_index("ix_unit_lines_number", table_name="unit_lines")
    op.drop_table("unit_lines")
    op.drop_index("ix_call_tones_call_id", table_name="call_tones")
    op.drop_table("call_tones")
    op.drop_table("voice_profiles")
