"""Calendars and bookings."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "calendars",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["service_id"], ["services.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("feed"),
    )
    op.create_index(op.f("ix_calendars_service_id"), "calendars", ["service_id"], unique=False)
    op.create_table(
        "slots",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("calendar_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("offered", sa.Boolean(), nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name="slot_ends_after_it_begins"),
        sa.CheckConstraint(
            "taken >= 0 AND taken <= capacity", name="never_more_than_there_is_room"
        ),
        sa.ForeignKeyConstraint(["calendar_id"], ["calendars.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("calendar_id", "starts_at"),
    )
    op.create_index(op.f("ix_slots_starts_at"), "slots", ["starts_at"], unique=False)
    op.create_table(
        "bookings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slot_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "booked",
                "waiting",
                "cancelled",
                "kept",
                "no_show",
                name="bookingstate",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("remind_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'cancelled') = (reason IS NOT NULL)", name="why_cancelled"),
        sa.ForeignKeyConstraint(["made_by"], ["staff.id"]),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"]),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"]),
        sa.ForeignKeyConstraint(["slot_id"], ["slots.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_bookings_once",
        "bookings",
        ["slot_id", "person_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('booked', 'waiting')"),
    )
    op.create_index(op.f("ix_bookings_person_id"), "bookings", ["person_id"], unique=False)
    op.create_index(
        "ix_bookings_remind",
        "bookings",
        ["remind_since"],
        unique=False,
        postgresql_where=sa.text("remind_since IS NOT NULL"),
    )
    op.create_index(op.f("ix_bookings_request_id"), "bookings", ["request_id"], unique=False)
    op.create_index(op.f("ix_bookings_slot_id"), "bookings", ["slot_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_bookings_slot_id"), table_name="bookings")
    op.drop_index(op.f("ix_bookings_request_id"), table_name="bookings")
    op.drop_index(
        "ix_bookings_remind",
        table_name="bookings",
        postgresql_where=sa.text("remind_since IS NOT NULL"),
    )
    op.drop_index(op.f("ix_bookings_person_id"), table_name="bookings")
    op.drop_index(
        "ix_bookings_once",
        table_name="bookings",
        postgresql_where=sa.text("state IN ('booked', 'waiting')"),
    )
    op.drop_table("bookings")
    op.drop_index(op.f("ix_slots_starts_at"), table_name="slots")
    op.drop_table("slots")
    op.drop_index(op.f("ix_calendars_service_id"), table_name="calendars")
    op.drop_table("calendars")
