"""Cases: notes and documents for a circle of readers, referrals with their facts."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0020"
down_revision: str | None = "0019"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("requests", sa.Column("compartment", sa.Text(), nullable=True))
    op.create_table(
        "case_notes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("office_id", sa.Uuid(), nullable=True),
        sa.Column(
            "circle",
            sa.Enum(
                "everyone", "role", "office", "author", name="circle", native_enum=False, length=40
            ),
            nullable=False,
        ),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("compartment", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(circle = 'role') = (role IS NOT NULL)", name="case_notes_role_of_circle"
        ),
        sa.CheckConstraint(
            "circle <> 'office' OR office_id IS NOT NULL", name="case_notes_office_of_circle"
        ),
        sa.ForeignKeyConstraint(["author_id"], ["staff.id"]),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.ForeignKeyConstraint(["office_id"], ["offices.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_case_notes_case_id"), "case_notes", ["case_id"], unique=False)
    op.create_table(
        "attachments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("ending", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "unchecked",
                "waiting",
                "clean",
                "refused",
                name="attachmentstate",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("office_id", sa.Uuid(), nullable=True),
        sa.Column(
            "circle",
            sa.Enum(
                "everyone", "role", "office", "author", name="circle", native_enum=False, length=40
            ),
            nullable=False,
        ),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("compartment", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(circle = 'role') = (role IS NOT NULL)", name="attachments_role_of_circle"
        ),
        sa.CheckConstraint(
            "circle <> 'office' OR office_id IS NOT NULL", name="attachments_office_of_circle"
        ),
        sa.ForeignKeyConstraint(["author_id"], ["staff.id"]),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.ForeignKeyConstraint(["office_id"], ["offices.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_attachments_case_id"), "attachments", ["case_id"], unique=False)
    op.create_table(
        "attachment_contents",
        sa.Column("attachment_id", sa.Uuid(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["attachment_id"], ["attachments.id"]),
        sa.PrimaryKeyConstraint("attachment_id"),
    )
    op.create_table(
        "referrals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("from_office_id", sa.Uuid(), nullable=True),
        sa.Column("to_office_id", sa.Uuid(), nullable=True),
        sa.Column("to_body_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "sent",
                "seen",
                "accepted",
                "refused",
                "concluded",
                "withdrawn",
                name="referralstate",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("expected_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("overdue_since", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(to_office_id IS NULL) <> (to_body_id IS NULL)", name="referral_has_one_addressee"
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.ForeignKeyConstraint(["from_office_id"], ["offices.id"]),
        sa.ForeignKeyConstraint(["to_body_id"], ["bodies.id"]),
        sa.ForeignKeyConstraint(["to_office_id"], ["offices.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_referrals_case_id"), "referrals", ["case_id"], unique=False)
    op.create_index(op.f("ix_referrals_to_office_id"), "referrals", ["to_office_id"], unique=False)
    op.create_table(
        "referral_facts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column(
            "fact",
            sa.Enum(
                "sent",
                "seen",
                "accepted",
                "refused",
                "concluded",
                "withdrawn",
                name="referralstate",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("told_by", sa.LargeBinary(), nullable=True),
        sa.Column("words", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["referral_id"], ["referrals.id"]),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("referral_id", "fact"),
    )


def downgrade() -> None:
    op.drop_table("referral_facts")
    op.drop_table("referrals")
    op.drop_table("attachment_contents")
    op.drop_table("attachments")
    op.drop_table("case_notes")
    op.drop_column("requests", "compartment")
