"""What feeds ask for and were told: cadence, moves, hubs, pages, reviews, UIDs, shared words."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def upgrade() -> None:
    """Add the columns; tell of the entries that are there when they were published."""
    for name in ("host", "event_pages", "cadence", "move", "adopted", "hub"):
        op.add_column("feed", sa.Column(name, sa.Text(), server_default="", nullable=False))
    for name in ("seed", "entries"):
        op.add_column("feed", sa.Column(name, sa.Integer(), server_default="0", nullable=False))
    op.add_column("feed", sa.Column("every_seconds", sa.Integer(), nullable=True))
    op.add_column("entry", sa.Column("review", sa.Text(), server_default="", nullable=False))
    op.add_column("entry", sa.Column("published_at", sa.BigInteger(), nullable=True))
    op.add_column("entry", sa.Column("uid_hash", sa.String(length=64), nullable=True))
    for name in ("link_hash", "title_hash"):
        op.add_column("feed_key", sa.Column(name, sa.String(length=64), nullable=True))
        op.create_index(
            op.f(f"ix_feed_key_feed_{name}"),
            "feed_key",
            ["feed", name],
            unique=False,
            sqlite_where=sa.text(f"{name} IS NOT NULL"),
            postgresql_where=sa.text(f"{name} IS NOT NULL"),
        )
    _name_hosts()
    _date_entries()
    # Nobody asks by these alone, and each entry paid for them.
    op.drop_index(op.f("ix_entry_feed"), table_name="entry")
    op.drop_index(op.f("ix_feed_key_entry"), table_name="feed_key")
    op.create_index(
        op.f("ix_entry_feed_published_at"), "entry", ["feed", "published_at"], unique=False
    )
    op.create_index(
        op.f("ix_entry_uid_hash"),
        "entry",
        ["uid_hash"],
        unique=False,
        sqlite_where=sa.text("uid_hash IS NOT NULL"),
        postgresql_where=sa.text("uid_hash IS NOT NULL"),
    )


def _name_hosts() -> None:
    feed = sa.table("feed", sa.column("id", sa.String()), sa.column("url"), sa.column("host"))
    connection = op.get_bind()
    for row in connection.execute(sa.select(feed.c.id, feed.c.url)).all():
        host = urlsplit(row.url).netloc.rpartition("@")[2].lower()
        connection.execute(sa.update(feed).where(feed.c.id == row.id).values(host=host))


def _date_entries() -> None:
    entry = sa.table(
        "entry",
        sa.column("id", sa.String()),
        sa.column("content", sa.Text()),
        sa.column("published_at", sa.BigInteger()),
        sa.column("uid_hash", sa.Text()),
    )
    connection = op.get_bind()
    dated = [
        {"of": row.id, "moment": _published(row.content), "uid": _uid_hash(row.content)}
        for row in connection.execute(sa.select(entry.c.id, entry.c.content))
    ]
    if dated:
        connection.execute(
            sa.update(entry)
            .where(entry.c.id == sa.bindparam("of"))
            .values(published_at=sa.bindparam("moment"), uid_hash=sa.bindparam("uid")),
            dated,
        )


def _published(content: str) -> int | None:
    """Return the microseconds since 1970 at which an entry was published, if it told that."""
    text = json.loads(content).get("published_at")
    if not text:
        return None
    return (datetime.fromisoformat(text) - _EPOCH) // timedelta(microseconds=1)


def _uid_hash(content: str) -> str | None:
    """Return the hash by which an event's UID is looked up, if it has one."""
    uid = (json.loads(content).get("event") or {}).get("uid", "")
    return hashlib.sha256(uid.encode("utf-8", errors="replace")).hexdigest() if uid else None
