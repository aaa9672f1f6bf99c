"""Parses a document and names its entries: all that a worker does with a feed.

Hashing every text of a document costs as much as keeping it; the workers have the time.
"""

from __future__ import annotations

from herald.model.polling import NamedFeed
from herald.sources.feeds.identity.identify import identities
from herald.sources.feeds.parsing.parse import Document, parse


def understand(document: Document) -> NamedFeed:
    """Parse a document of any format and name its entries; never raises for what it contains."""
    feed = parse(document)
    return NamedFeed(feed=feed, named=identities(feed.entries))
