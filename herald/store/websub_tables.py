"""The table of subscriptions to feeds' hubs, on the metadata that every room shares."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, text

from herald.store.tables import Moment, metadata, text_column

hub_subscription = Table(
    "hub_subscription",
    metadata,
    Column("token", String(86), primary_key=True),
    Column("secret", Text, nullable=False),
    Column("feed", String(32), ForeignKey("feed.id"), nullable=False, index=True),
    Column("hub", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("callback", Text, nullable=False),
    Column("ask_at", Moment, nullable=False, index=True),
    Column("expects_until", Moment),
    Column("errors", Integer, nullable=False),
    Column("lease_ends_at", Moment),
    Column("leaving", Boolean, nullable=False),
    Column("denied", Boolean, nullable=False),
    text_column("trouble"),
    Column("refused_at", Moment),
    Column("is_owed", Boolean, nullable=False),
    # Two processes that see a feed's hub at the same moment: one of them subscribes.
    Index(
        "uq_hub_subscription_feed_wanted",
        "feed",
        unique=True,
        sqlite_where=text("leaving = 0"),
        postgresql_where=text("NOT leaving"),
    ),
)
"""One row per callback; ``herald.model.websub.HubSubscription`` says what each column means."""
