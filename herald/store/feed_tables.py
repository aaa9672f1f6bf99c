"""The tables of partner feeds, on the metadata that every room shares."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, text

from herald.store.tables import Moment, metadata, text_column

feed = Table(
    "feed",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("url", Text, nullable=False),
    text_column("host"),
    Column("partners", Text, nullable=False),
    text_column("licence"),
    text_column("pubdate"),
    text_column("event_pages"),
    Column("seed", Integer, nullable=False, default=0, server_default="0"),
    Column("every_seconds", Integer),
    text_column("language"),
    text_column("partner_language"),
    text_column("posts_of"),
    # A feed that left partners.yaml keeps its row and its seen keys: should it come back, what it
    # said before is not news.
    Column("configured", Boolean, nullable=False),
    text_column("title"),
    text_column("etag"),
    text_column("last_modified"),
    text_column("body_hash"),
    Column("interval_seconds", Integer, nullable=False),
    Column("next_check_at", Moment, nullable=False),
    Column("checked_at", Moment),
    Column("last_success_at", Moment),
    Column("errors", Integer, nullable=False),
    text_column("trouble"),
    Column("trouble_since", Moment),
    Column("gone", Boolean, nullable=False),
    text_column("problems"),
    text_column("cadence"),
    Column("entries", Integer, nullable=False, default=0, server_default="0"),
    text_column("move"),
    text_column("adopted"),
    text_column("hub"),
    text_column("owner"),
    Column("lease_ends_at", Moment),
    Index(None, "configured", "next_check_at"),  # what is due
)
"""One row per URL; ``herald.model.polling.Feed`` says what each column means."""

entry = Table(
    "entry",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("feed", String(32), ForeignKey("feed.id"), nullable=False),
    Column("language", Text, nullable=False),
    text_column("licence"),
    Column("content", Text, nullable=False),
    Column("fingerprint", String(64), nullable=False),
    text_column("link"),
    # Hashes, because PostgreSQL indexes no text longer than 2,700 bytes.
    Column("link_hash", String(64), nullable=False, index=True),
    text_column("title"),
    Column("title_hash", String(64), nullable=False, index=True),
    # Of its event's UID; most entries have none, and are left out of the index.
    Column("uid_hash", String(64)),
    Column("first_seen_at", Moment, nullable=False, index=True),
    Column("published_at", Moment),
    Column("event_at", Moment, index=True),
    Column("edits", Integer, nullable=False),
    Column("seeded", Boolean, nullable=False),
    text_column("review"),
    Column("withdrawn", Boolean, nullable=False),
    Index(None, "feed", "published_at"),  # a feed's newest
    Index(
        None,
        "uid_hash",
        sqlite_where=text("uid_hash IS NOT NULL"),
        postgresql_where=text("uid_hash IS NOT NULL"),
    ),
)
"""One row per piece of news; ``herald.model.feed.Entry`` says what each column means."""

feed_key = Table(
    "feed_key",
    metadata,
    Column("feed", String(32), ForeignKey("feed.id"), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("entry", String(32), ForeignKey("entry.id"), nullable=False),
    Column("seen_at", Moment, nullable=False),
    # The words in which it told another feed's entry: that one keeps its own feed's.
    Column("link_hash", String(64)),
    Column("title_hash", String(64)),
    # Most keys are for a feed's own entries, have none, and pay for no index.
    *(
        Index(
            None,
            "feed",
            name,
            sqlite_where=text(f"{name} IS NOT NULL"),
            postgresql_where=text(f"{name} IS NOT NULL"),
        )
        for name in ("link_hash", "title_hash")
    ),
)
"""Every key that a feed ever used for an entry, so that what left it does not come back as new."""

entry_credit = Table(
    "entry_credit",
    metadata,
    Column("entry", String(32), ForeignKey("entry.id"), primary_key=True),
    Column("feed", String(32), ForeignKey("feed.id"), primary_key=True),
    Column("position", Integer, nullable=False),
)
"""The feeds in which a piece of news stood, the first first; their partners share the credit."""
