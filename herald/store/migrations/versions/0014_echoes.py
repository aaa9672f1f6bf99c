"""What became of posts that were sent: counts, and what people wrote, for a month."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables; networks are asked from now on."""
    op.create_table(
        "reaction",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("counted_at", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Integer()) for name in ("boosts", "likes", "replies")),
    )
    op.create_table(
        "reply",
        sa.Column("channel", sa.Text(), primary_key=True),
        sa.Column("id", sa.Text(), primary_key=True),
        *(
            sa.Column(name, sa.Text(), server_default="", nullable=False)
            for name in ("author", "text", "url", "answers")
        ),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("heard_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_reply_heard_at", "reply", ["heard_at"])
    op.create_table(
        "reply_look",
        sa.Column("channel", sa.Text(), primary_key=True),
        sa.Column("looked_at", sa.BigInteger(), nullable=False),
    )
