"""Feeds of partners' own accounts, whose posts are boosted."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; every feed so far is a website's."""
    op.add_column("feed", sa.Column("posts_of", sa.Text(), server_default="", nullable=False))
