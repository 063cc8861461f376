"""Supervision: absences, outages, expected tests, and what a page of doors asks of the signals."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Name, table, columns, condition, method.
INDEXES: tuple[tuple[str, str, list[str], str | None, str], ...] = (
    ("ix_devices_test", "devices", ["test_due_at"], "test_due_at IS NOT NULL", "btree"),
    ("ix_devices_carrier", "devices", ["carrier"], "carrier <> ''", "btree"),
    ("ix_devices_area", "devices", ["area"], "area <> ''", "btree"),
    ("ix_faults_cause", "faults", ["cause", "began_at"], "ended_at IS NULL", "btree"),
    ("ix_signals_protocol", "signals", ["protocol", "id"], None, "btree"),
    ("ix_signals_arrived", "signals", ["arrived_at"], None, "brin"),
    ("ix_signals_refused", "signals", ["arrived_at"], "verdict <> 'good'", "btree"),
    ("ix_signals_unknown", "signals", ["id"], "device_id IS NULL", "btree"),
    ("ix_signals_tests", "signals", ["account", "id"], "kind = 'test'", "btree"),
    ("ix_absences_person", "absences", ["person_id", "begins_at"], None, "btree"),
)


def upgrade() -> None:
    for name, kind, default in (
        ("area", sa.Text(), ""),
        ("carrier", sa.Text(), ""),
        ("test_every_s", sa.Integer(), "0"),
    ):
        op.add_column("devices", sa.Column(name, kind, server_default=default, nullable=False))
    op.add_column("devices", sa.Column("test_due_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "absences",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("begins_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("declared_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "outages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cause", sa.String(length=40), nullable=False),
        sa.Column("by", sa.String(length=40), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("devices", sa.Integer(), nullable=False),
        sa.Column("most", sa.Integer(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_outages_open",
        "outages",
        ["cause", "by", "name"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    for name, table, columns, where, method in INDEXES:
        op.create_index(
            name,
            table,
            columns,
            unique=False,
            postgresql_where=sa.text(where) if where else None,
            postgresql_using=method,
        )


def downgrade() -> None:
    for name, table, _, _, _ in reversed(INDEXES):
        op.drop_index(name, table_name=table)
    op.drop_table("outages")
    op.drop_table("absences")
    for name in ("test_due_at", "test_every_s", "carrier", "area"):
        op.drop_column("devices", name)
