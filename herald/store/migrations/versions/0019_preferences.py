"""Readers who change their preferences by themselves, and people who were asked once."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; nobody who waits was asked yet."""
    op.create_table(
        "preference_link",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("address_hash", sa.String(64), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("mail", sa.Text(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("works_until", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_preference_link_address_hash", "preference_link", ["address_hash"])
    op.create_index("ix_preference_link_mail_next_at", "preference_link", ["mail", "next_at"])
    op.create_index("ix_preference_link_works_until", "preference_link", ["works_until"])
    with op.batch_alter_table("subscription") as table:
        table.add_column(sa.Column("asked_at", sa.BigInteger(), nullable=True))
