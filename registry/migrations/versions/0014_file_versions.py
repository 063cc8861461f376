"""People: the version of a file, the unknown and what to call them, languages and barriers."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

NOTHING = sa.text("''")


def upgrade() -> None:
    texts = postgresql.ARRAY(sa.Text())
    for column in (
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("known_as", sa.Text(), server_default=NOTHING, nullable=False),
        sa.Column("declared_age", sa.Integer(), nullable=True),
        sa.Column("declared_age_on", sa.Date(), nullable=True),
        sa.Column("other_languages", texts, server_default="{}", nullable=False),
        sa.Column("interpreter", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("barriers", texts, server_default="{}", nullable=False),
    ):
        op.add_column("people", column)


def downgrade() -> None:
    for name in (
        "barriers",
        "interpreter",
        "other_languages",
        "declared_age_on",
        "declared_age",
        "known_as",
        "version",
    ):
        op.drop_column("people", name)
