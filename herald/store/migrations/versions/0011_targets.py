"""What lets a post answer, correct or follow another one, which must be sent before it."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what a delivery waits for and the thread that it stands in, and how to find either."""
    for name in ("target", "thread"):
        op.add_column("delivery", sa.Column(name, sa.Text(), server_default="", nullable=False))
    op.drop_index("ix_delivery_due", "delivery")
    due = ["state", "channel", "next_at", "key", "campaign", "target"]
    op.create_index("ix_delivery_due", "delivery", due)
    where = sa.text("target <> ''")
    op.create_index(
        "ix_delivery_target", "delivery", ["target"], sqlite_where=where, postgresql_where=where
    )
