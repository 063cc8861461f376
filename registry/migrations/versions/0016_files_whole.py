"""The person's file whole: safe contacts, dated addresses, alerts for some, those near."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

NOTHING = sa.text("''")


def upgrade() -> None:
    op.create_table(
        "safe_contacts",
        sa.Column("phone_id", sa.Uuid(), nullable=False),
        sa.Column("no_call_back", sa.Boolean(), nullable=False),
        sa.Column("no_voicemail", sa.Boolean(), nullable=False),
        sa.Column("neutral_sender", sa.Boolean(), nullable=False),
        sa.Column("safe_from", sa.Time(), nullable=True),
        sa.Column("safe_until", sa.Time(), nullable=True),
        sa.Column("code_word", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["phone_id"], ["phones.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("phone_id"),
    )
    op.add_column("addresses", sa.Column("valid_from", sa.Date(), nullable=True))
    op.add_column("addresses", sa.Column("valid_to", sa.Date(), nullable=True))
    op.add_column(
        "addresses", sa.Column("habits", sa.Text(), server_default=NOTHING, nullable=False)
    )
    op.add_column("alerts", sa.Column("reason", sa.Text(), server_default=NOTHING, nullable=False))
    op.add_column(
        "alerts",
        sa.Column("audience", sa.String(40), server_default=sa.text("'everyone'"), nullable=False),
    )
    op.add_column("alerts", sa.Column("until", sa.Date(), nullable=True))
    for mark in ("caregiver", "formal"):
        op.add_column(
            "near_people",
            sa.Column(mark, sa.Boolean(), server_default=sa.false(), nullable=False),
        )
    op.add_column("near_people", sa.Column("other_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        "near_people_other_id_fkey",
        "near_people",
        "people",
        ["other_id"],
        ["id"],
        postgresql_not_valid=True,
    )
    op.create_index(op.f("ix_near_people_other_id"), "near_people", ["other_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_near_people_other_id"), table_name="near_people")
    op.drop_constraint("near_people_other_id_fkey", "near_people", type_="foreignkey")
    for table, names in (
        ("near_people", ("other_id", "formal", "caregiver")),
        ("alerts", ("until", "audience", "reason")),
        ("addresses", ("habits", "valid_to", "valid_from")),
    ):
        for name in names:
            op.drop_column(table, name)
    op.drop_table("safe_contacts")
