"""Partner feeds: feeds, entries, the keys that were seen, and who shares the credit."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "feed",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("partners", sa.Text(), nullable=False),
        sa.Column("licence", sa.Text(), server_default="", nullable=False),
        sa.Column("pubdate", sa.Text(), server_default="", nullable=False),
        sa.Column("language", sa.Text(), server_default="", nullable=False),
        sa.Column("partner_language", sa.Text(), server_default="", nullable=False),
        sa.Column("configured", sa.Boolean(), nullable=False),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("etag", sa.Text(), server_default="", nullable=False),
        sa.Column("last_modified", sa.Text(), server_default="", nullable=False),
        sa.Column("body_hash", sa.Text(), server_default="", nullable=False),
        sa.Column("interval_seconds", sa.Integer(), nullable=False),
        sa.Column("next_check_at", sa.BigInteger(), nullable=False),
        sa.Column("checked_at", sa.BigInteger(), nullable=True),
        sa.Column("last_success_at", sa.BigInteger(), nullable=True),
        sa.Column("errors", sa.Integer(), nullable=False),
        sa.Column("trouble", sa.Text(), server_default="", nullable=False),
        sa.Column("trouble_since", sa.BigInteger(), nullable=True),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.Column("problems", sa.Text(), server_default="", nullable=False),
        sa.Column("owner", sa.Text(), server_default="", nullable=False),
        sa.Column("lease_ends_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed")),
    )
    op.create_index(
        op.f("ix_feed_configured_next_check_at"),
        "feed",
        ["configured", "next_check_at"],
        unique=False,
    )
    op.create_table(
        "entry",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("feed", sa.String(length=32), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("licence", sa.Text(), server_default="", nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("link", sa.Text(), server_default="", nullable=False),
        sa.Column("link_hash", sa.String(length=64), nullable=False),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("title_hash", sa.String(length=64), nullable=False),
        sa.Column("first_seen_at", sa.BigInteger(), nullable=False),
        sa.Column("event_at", sa.BigInteger(), nullable=True),
        sa.Column("edits", sa.Integer(), nullable=False),
        sa.Column("seeded", sa.Boolean(), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["feed"], ["feed.id"], name=op.f("fk_entry_feed")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entry")),
    )
    op.create_index(op.f("ix_entry_event_at"), "entry", ["event_at"], unique=False)
    op.create_index(op.f("ix_entry_feed"), "entry", ["feed"], unique=False)
    op.create_index(op.f("ix_entry_first_seen_at"), "entry", ["first_seen_at"], unique=False)
    op.create_index(op.f("ix_entry_link_hash"), "entry", ["link_hash"], unique=False)
    op.create_index(op.f("ix_entry_title_hash"), "entry", ["title_hash"], unique=False)
    op.create_table(
        "entry_credit",
        sa.Column("entry", sa.String(length=32), nullable=False),
        sa.Column("feed", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["entry.id"], name=op.f("fk_entry_credit_entry")),
        sa.ForeignKeyConstraint(["feed"], ["feed.id"], name=op.f("fk_entry_credit_feed")),
        sa.PrimaryKeyConstraint("entry", "feed", name=op.f("pk_entry_credit")),
    )
    op.create_table(
        "feed_key",
        sa.Column("feed", sa.String(length=32), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("entry", sa.String(length=32), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["entry.id"], name=op.f("fk_feed_key_entry")),
        sa.ForeignKeyConstraint(["feed"], ["feed.id"], name=op.f("fk_feed_key_feed")),
        sa.PrimaryKeyConstraint("feed", "key", name=op.f("pk_feed_key")),
    )
    op.create_index(op.f("ix_feed_key_entry"), "feed_key", ["entry"], unique=False)
