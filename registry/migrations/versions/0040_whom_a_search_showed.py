"""Whom a search or a list showed is found without reading the whole journal."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0040"
down_revision: str | None = "0039"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_index(
        "ix_journal_shown",
        "journal",
        [sa.literal_column("(facts -> 'shown')").label("shown")],
        postgresql_using="gin",
        postgresql_ops={"shown": "jsonb_path_ops"},
        postgresql_with={"fastupdate": "off"},
        postgresql_where=sa.text("(facts -> 'shown') IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_journal_shown", table_name="journal")
