"""Seals are only ever added, like the journal that they vouch for."""

from collections.abc import Sequence

from alembic import op

revision: str = "0021"
down_revision: str | None = "0020"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute(
        "CREATE TRIGGER journal_seals_append_only BEFORE UPDATE OR DELETE OR TRUNCATE "
        "ON journal_seals FOR EACH STATEMENT EXECUTE FUNCTION journal_is_append_only()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER journal_seals_append_only ON journal_seals")
