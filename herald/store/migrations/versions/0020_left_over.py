"""What an issue had no room for, which the next one tells."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a column that is empty for every issue there is."""
    with op.batch_alter_table("issue") as table:
        table.add_column(sa.Column("left_over", sa.Text(), server_default="", nullable=False))
