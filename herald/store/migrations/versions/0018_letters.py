"""Letters that keep to limits and to each reader's clock, and what the mail server called them."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default="", nullable=False)


def upgrade() -> None:
    """Add what is empty for every letter sent before."""
    with op.batch_alter_table("subscriber") as table:
        table.add_column(_text("zone"))
    with op.batch_alter_table("issue") as table:
        table.add_column(
            sa.Column("local_time", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        table.add_column(_text("when_uncertain"))
    with op.batch_alter_table("recipient") as table:
        table.add_column(_text("domain"))
        table.add_column(_text("queue_id"))
    op.create_table(
        "mail_pace",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("tat", sa.BigInteger(), nullable=False),
    )
