"""Pictures that networks fetch by their address, which only those are."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; what is published is made again whenever a network is to fetch it."""
    op.create_table(
        "published_media",
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("published_at", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        # Last: whoever looks for what is old need not read the pictures.
        sa.Column("content", sa.LargeBinary(), nullable=False),
    )
