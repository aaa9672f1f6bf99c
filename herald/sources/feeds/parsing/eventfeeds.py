"""Doubts whether a feed's dates are those of publication: calendars put their events' there."""

from __future__ import annotations

from datetime import datetime, timedelta

from herald.model.feed import ParsedFeed
from herald.sources.feeds.markup.head import Head

_AHEAD = timedelta(hours=24)
"""Clocks that go wrong do so by less; news is not dated later than tomorrow."""
_WRITE = "write pubdate: event_start beside its url in partners.yaml"
_TRIBE = ("post_type=tribe_events", "/events/feed")
"""How The Events Calendar names its events' ids and its feed."""


def looks_like_events(feed: ParsedFeed, head: Head, now: datetime) -> str:
    """Say why the dates of *feed* look like those of events, or ""."""
    dated = [entry for entry in feed.entries if entry.published_at and entry.event is None]
    if not dated:
        return ""
    ahead = sum(
        entry.published_at is not None and entry.published_at - now > _AHEAD for entry in dated
    )
    if 2 * ahead >= len(feed.entries):
        return (
            f"{ahead} of {len(feed.entries)} entries are dated more than a day ahead: they look"
            f" like events ({_WRITE})"
        )
    if maker := _maker(feed, head):
        return f"{maker} dates its entries by when events begin: they look like events ({_WRITE})"
    return ""


def _maker(feed: ParsedFeed, head: Head) -> str:
    """Return the calendar that made a feed, where its dates are known to be its events'."""
    if "localist" in head.generator.lower():
        return "Localist"
    addresses = (head.own_url, *(entry.guid for entry in feed.entries[:10]))
    if any(_TRIBE[0] in each or each.rstrip("/").endswith(_TRIBE[1]) for each in addresses):
        return "The Events Calendar"
    return ""
