"""What happened at somebody's account is found without reading the whole journal."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0042"
down_revision: str | None = "0041"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_index(
        "ix_journal_whose",
        "journal",
        [sa.literal_column("(facts ->> 'staff_id')").label("whose"), "id"],
        postgresql_where=sa.text("(facts ->> 'staff_id') IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_journal_whose", table_name="journal")
