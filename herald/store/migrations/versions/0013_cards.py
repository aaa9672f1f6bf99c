"""What linked pages show of themselves, so that a page is asked once for many posts."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; pages are read when a link to them is posted."""
    op.create_table(
        "link_card",
        sa.Column("link", sa.Text(), primary_key=True),
        *(
            sa.Column(name, sa.Text(), server_default="", nullable=False)
            for name in ("title", "description", "sha256", "media_type", "alt", "trouble")
        ),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_link_card_made_at", "link_card", ["made_at"])
