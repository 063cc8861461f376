"""Stock and technicians: models of units, what each unit is, whose homes it saw, jobs."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0024"
down_revision: str | None = "0023"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "device_models",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("protocol", sa.Text(), nullable=False),
        sa.Column("heartbeat_s", sa.Integer(), nullable=False),
        sa.Column("test_every_s", sa.Integer(), nullable=False),
        sa.Column("voice_profile_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["voice_profile_id"], ["voice_profiles.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "stock_items",
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("model_id", sa.Uuid(), nullable=True),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("sim", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "in_stock",
                "installed",
                "in_repair",
                "retired",
                name="stockstate",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"]),
        sa.ForeignKeyConstraint(["model_id"], ["device_models.id"]),
        sa.PrimaryKeyConstraint("device_id"),
        sa.UniqueConstraint("code"),
    )
    op.create_table(
        "placements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("put_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"]),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"]),
        sa.ForeignKeyConstraint(["put_by"], ["staff.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_placements_device", "placements", ["device_id"])
    op.create_index("ix_placements_person", "placements", ["person_id"])
    _jobs()


def _jobs() -> None:
    op.create_table(
        "tech_jobs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "installation",
                "maintenance",
                "fault",
                "removal",
                name="jobkind",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "wanted",
                "taken",
                "testing",
                "done",
                "cancelled",
                name="jobstate",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("device_id", sa.Uuid(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("fault_id", sa.Uuid(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("wanted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("wanted_by", sa.Uuid(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("technician_id", sa.Uuid(), nullable=True),
        sa.Column("test_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("test_signal_id", sa.Uuid(), nullable=True),
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"]),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"]),
        sa.ForeignKeyConstraint(["fault_id"], ["faults.id"]),
        sa.ForeignKeyConstraint(["wanted_by"], ["staff.id"]),
        sa.ForeignKeyConstraint(["technician_id"], ["staff.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    open_jobs = sa.text("ended_at IS NULL")
    op.create_index("ix_tech_jobs_open", "tech_jobs", ["due_at"], postgresql_where=open_jobs)
    op.create_index("ix_tech_jobs_device", "tech_jobs", ["device_id"])
    op.create_index(
        "ux_tech_jobs_fault", "tech_jobs", ["fault_id"], unique=True, postgresql_where=open_jobs
    )


def downgrade() -> None:
    for table in ("tech_jobs", "placements", "stock_items", "device_models"):
        op.drop_table(table)
