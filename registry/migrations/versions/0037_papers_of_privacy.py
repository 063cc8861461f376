"""What papers of privacy say: transfers, keeping, classes of files, words blacked out."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0037"
down_revision: str | None = "0036"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    for name in ("transfers", "keeping"):
        op.add_column("purposes", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    op.add_column("retention_rules", sa.Column("area", sa.String(40), nullable=True))
    nothing = sa.text("''::bytea")
    op.add_column(
        "subject_exports",
        sa.Column("blacked_out", sa.LargeBinary(), nullable=False, server_default=nothing),
    )


def downgrade() -> None:
    op.drop_column("subject_exports", "blacked_out")
    op.drop_column("retention_rules", "area")
    for name in ("keeping", "transfers"):
        op.drop_column("purposes", name)
