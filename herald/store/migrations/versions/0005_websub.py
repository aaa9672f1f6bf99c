"""Subscriptions to the hubs that feeds name."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "hub_subscription",
        sa.Column("token", sa.String(length=86), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("feed", sa.String(length=32), nullable=False),
        sa.Column("hub", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("callback", sa.Text(), nullable=False),
        sa.Column("ask_at", sa.BigInteger(), nullable=False),
        sa.Column("expects_until", sa.BigInteger(), nullable=True),
        sa.Column("errors", sa.Integer(), nullable=False),
        sa.Column("lease_ends_at", sa.BigInteger(), nullable=True),
        sa.Column("leaving", sa.Boolean(), nullable=False),
        sa.Column("denied", sa.Boolean(), nullable=False),
        sa.Column("trouble", sa.Text(), server_default="", nullable=False),
        sa.Column("refused_at", sa.BigInteger(), nullable=True),
        sa.Column("is_owed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["feed"], ["feed.id"], name=op.f("fk_hub_subscription_feed")),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_hub_subscription")),
    )
    op.create_index(op.f("ix_hub_subscription_ask_at"), "hub_subscription", ["ask_at"])
    op.create_index(op.f("ix_hub_subscription_feed"), "hub_subscription", ["feed"])
    op.create_index(
        "uq_hub_subscription_feed_wanted",
        "hub_subscription",
        ["feed"],
        unique=True,
        sqlite_where=sa.text("leaving = 0"),
        postgresql_where=sa.text("NOT leaving"),
    )
