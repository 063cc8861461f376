"""Campaigns: many people called once for one reason; planned calls belong to a plan or to one."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

PURPOSE = sa.Enum(
    "company",
    "check",
    "medication",
    "heat",
    "cold",
    "outage",
    name="purpose",
    native_enum=False,
    length=40,
)


def upgrade() -> None:
    op.create_table(
        "campaigns",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("purpose", PURPOSE, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column(
            "by",
            sa.Enum("operator", "system", name="by", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("outage_id", sa.Uuid(), nullable=True),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("began_by", sa.Uuid(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["began_by"], ["staff.id"]),
        sa.ForeignKeyConstraint(["outage_id"], ["outages.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ux_campaigns_outage",
        "campaigns",
        ["outage_id"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    # Nothing of this version reads a planned call without a plan before it writes one.
    op.execute(
        "-- squawk-ignore ban-drop-not-null\n"
        "ALTER TABLE planned_calls ALTER COLUMN plan_id DROP NOT NULL"
    )
    with op.batch_alter_table("planned_calls") as table:
        table.add_column(sa.Column("campaign_id", sa.Uuid(), nullable=True))
        table.add_column(sa.Column("weight", sa.Integer(), server_default="0", nullable=False))
        table.add_column(sa.Column("again_minutes", sa.Integer(), nullable=True))
        table.create_foreign_key(
            "planned_calls_campaign_id_fkey", "campaigns", ["campaign_id"], ["id"]
        )
        table.create_unique_constraint(
            "planned_calls_campaign_id_person_id_key", ["campaign_id", "person_id"]
        )
        table.create_check_constraint(
            "planned_call_of_one", "num_nonnulls(plan_id, campaign_id) = 1"
        )
    op.create_index("ix_alarms_raised", "alarms", ["raised_at"])


def downgrade() -> None:
    op.drop_index("ix_alarms_raised", table_name="alarms")
    op.execute("DELETE FROM planned_calls WHERE campaign_id IS NOT NULL")
    with op.batch_alter_table("planned_calls") as table:
        table.drop_constraint("planned_call_of_one", type_="check")
        table.drop_constraint("planned_calls_campaign_id_person_id_key", type_="unique")
        table.drop_constraint("planned_calls_campaign_id_fkey", type_="foreignkey")
        table.alter_column("plan_id", existing_type=sa.Uuid(), nullable=False)
        table.drop_column("again_minutes")
        table.drop_column("weight")
        table.drop_column("campaign_id")
    op.drop_index("ux_campaigns_outage", table_name="campaigns")
    op.drop_table("campaigns")
