"""Where a database lives: what tells it from a copy on PostgreSQL, and where it was moved to."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    op.add_column("instance", sa.Column("home", sa.Text(), server_default="", nullable=False))
    op.add_column("instance", sa.Column("moved_to", sa.Text(), server_default="", nullable=False))
