"""Whose turn it is to read the files and plan, where several processes share a database."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, with its one row."""
    planner = op.create_table(
        "planner",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner", sa.Text(), server_default="", nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("lease_ends_at", sa.BigInteger(), nullable=True),
        sa.Column("news", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_planner")),
    )
    op.bulk_insert(planner, [{"id": 1, "owner": "", "token": 0}])
