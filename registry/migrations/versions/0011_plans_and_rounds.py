"""Action plans, steps taken, rounds of calls, who is on call; calls of the system's own."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("calls", sa.Column("sentence", sa.Text(), server_default="", nullable=False))
    op.add_column("calls", sa.Column("reply", sa.Text(), server_default="", nullable=False))
    op.create_table(
        "on_call_duties",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("set_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("ends_at IS NULL OR ends_at > starts_at", name="duty_ends"),
        sa.ForeignKeyConstraint(
            ["set_by"],
            ["staff.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "plans",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("steps", postgresql.JSONB(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["people.id"],
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"],
            ["staff.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ux_plans_general",
        "plans",
        ["kind"],
        unique=True,
        postgresql_where=sa.text("person_id IS NULL AND retired_at IS NULL"),
    )
    op.create_index(
        "ux_plans_personal",
        "plans",
        ["person_id", "kind"],
        unique=True,
        postgresql_where=sa.text("person_id IS NOT NULL AND retired_at IS NULL"),
    )
    op.create_table(
        "alarm_steps",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("alarm_id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column(
            "what",
            sa.Enum(
                "talk_home",
                "call_contacts",
                "ask_team",
                "emergency",
                "call_again",
                "check",
                name="what",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "how",
            sa.Enum(
                "done",
                "reached",
                "not_reached",
                "accepted",
                "declined",
                "waiting",
                "due",
                "not_needed",
                name="how",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("near_id", sa.Uuid(), nullable=True),
        sa.Column("call_id", sa.Uuid(), nullable=True),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["alarm_id"],
            ["alarms.id"],
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"],
            ["staff.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("call_id"),
    )
    op.create_index(op.f("ix_alarm_steps_alarm_id"), "alarm_steps", ["alarm_id"], unique=False)
    op.create_table(
        "call_rounds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("alarm_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column(
            "whom",
            sa.Enum("contacts", "on_call", name="whom", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "calling",
                "accepted",
                "exhausted",
                "stopped",
                name="roundstate",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("began_by", sa.Uuid(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["alarm_id"],
            ["alarms.id"],
        ),
        sa.ForeignKeyConstraint(
            ["began_by"],
            ["staff.id"],
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["people.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_call_rounds_alarm", "call_rounds", ["alarm_id"], unique=False)
    op.create_index(
        "ux_call_rounds_contacts",
        "call_rounds",
        ["person_id"],
        unique=True,
        postgresql_where=sa.text("whom = 'contacts' AND state = 'calling'"),
    )
    op.create_index(
        "ux_call_rounds_on_call",
        "call_rounds",
        ["whom"],
        unique=True,
        postgresql_where=sa.text("whom = 'on_call' AND state = 'calling'"),
    )
    op.create_table(
        "call_tries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("who_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column(
            "went",
            sa.Enum(
                "accepted",
                "declined",
                "silent",
                "no_answer",
                "busy",
                "failed",
                "uncertain",
                "stopped",
                name="went",
                native_enum=False,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["call_id"],
            ["calls.id"],
        ),
        sa.ForeignKeyConstraint(
            ["round_id"],
            ["call_rounds.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("call_id"),
        sa.UniqueConstraint("round_id", "cycle", "who_id"),
    )


def downgrade() -> None:
    op.drop_table("call_tries")
    op.drop_index(
        "ux_call_rounds_on_call",
        table_name="call_rounds",
        postgresql_where=sa.text("whom = 'on_call' AND state = 'calling'"),
    )
    op.drop_index(
        "ux_call_rounds_contacts",
        table_name="call_rounds",
        postgresql_where=sa.text("whom = 'contacts' AND state = 'calling'"),
    )
    op.drop_index("ix_call_rounds_alarm", table_name="call_rounds")
    op.drop_table("call_rounds")
    op.drop_index(op.f("ix_alarm_steps_alarm_id"), table_name="alarm_steps")
    op.drop_table("alarm_steps")
    op.drop_index(
        "ux_plans_personal",
        table_name="plans",
        postgresql_where=sa.text("person_id IS NOT NULL AND retired_at IS NULL"),
    )
    op.drop_index(
        "ux_plans_general",
        table_name="plans",
        postgresql_where=sa.text("person_id IS NULL AND retired_at IS NULL"),
    )
    op.drop_table("plans")
    op.drop_table("on_call_duties")
    op.drop_column("calls", "reply")
    op.drop_column("calls", "sentence")
