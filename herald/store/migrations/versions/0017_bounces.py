"""Mail that came back: what each said, so that it counts once, and for a while."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; what came back before was read by nobody."""
    op.create_table(
        "bounce",
        sa.Column("subscription", sa.String(32), primary_key=True),
        sa.Column("fingerprint", sa.String(64), primary_key=True),
        *(
            sa.Column(name, sa.Text(), server_default="", nullable=False)
            for name in ("issue", "kind", "status", "diagnostic")
        ),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_bounce_issue_kind", "bounce", ["issue", "kind"])
    op.create_index("ix_bounce_at", "bounce", ["at"])
