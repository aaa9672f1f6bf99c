"""Joining lists on the web: requests, what proves consent, and how often was asked."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables; every list stays closed until its file opens it."""
    op.create_table(
        "sign_up",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("address_hash", sa.String(64), nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("list", "address", "language", "came_from")
        ),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("mail", sa.Text(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.Text(), server_default="", nullable=False),
    )
    op.create_index("ix_sign_up_address_hash_list", "sign_up", ["address_hash", "list"])
    op.create_index("ix_sign_up_mail_next_at", "sign_up", ["mail", "next_at"])
    op.create_index("ix_sign_up_asked_at", "sign_up", ["asked_at"])
    op.create_table(
        "consent",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("subscription", sa.String(32), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("list", "language", "came_from")),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("confirmed_at", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("message_id", sa.Text(), server_default="", nullable=False),
    )
    op.create_index("ix_consent_subscription", "consent", ["subscription"])
    op.create_table(
        "consent_text",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("text", sa.Text(), nullable=False),
    )
    op.create_table(
        "ask_count",
        sa.Column("of", sa.String(64), primary_key=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_ask_count_ends_at", "ask_count", ["ends_at"])
