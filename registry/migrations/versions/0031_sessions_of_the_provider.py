"""What the body's own log-in calls a session that came from there."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0031"
down_revision: str | None = "0030"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("sessions", sa.Column("provider_session", sa.Text(), nullable=True))
    op.create_index(
        op.f("ix_sessions_provider_session"), "sessions", ["provider_session"], unique=False
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_sessions_provider_session"), table_name="sessions")
    op.drop_column("sessions", "provider_session")
