"""When a feed's address is taken to have moved: permanent redirects that have proven themselves.

Sites send "moved permanently" by mistake, for an hour or while a certificate is renewed. A new
address is adopted only after many polls over days, never one that gives up encryption, and the
officer's file is left as it is.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from yarl import URL

from herald.model.polling import Feed, Move
from herald.sources.feeds.fetching.redirects import is_downgrade

POLLS = 10
"""In a row that all led to one address: NewsBlur's number."""
SPAN = timedelta(hours=72)
"""So long at least: ten checks by hand on one morning prove nothing."""
LOST = 5
"""Failures in a row after which an adopted address is given up."""


def moved(feed: Feed, moved_to: str, *, now: datetime) -> tuple[Move | None, str]:
    """Return what to remember after a poll that succeeded, and the address to ask from now on.

    *moved_to* is where ``feed.address`` led for good, empty where it answered itself. The
    address is empty while the configured one is asked. Where it is another one than
    ``feed.adopted``, drop the validators: they were given for the way that is left.
    """
    if not moved_to or moved_to == feed.address or is_downgrade(URL(feed.address), URL(moved_to)):
        return None, feed.adopted
    known = feed.move
    if known is None or known.to != moved_to:
        return Move(to=moved_to, since=now, polls=1), feed.adopted
    seen = replace(known, polls=known.polls + 1)
    if seen.polls < POLLS or now - seen.since < SPAN:
        return seen, feed.adopted
    return None, "" if moved_to == feed.wanted.url else moved_to


def is_given_up(feed: Feed, *, errors: int, gone: bool = False) -> bool:
    """Tell whether an adopted address failed so often that the configured one is asked again.

    *errors* counts in a row, the last one included. With *gone* the adopted address said that
    it will never be back: the configured one may, so that polling goes on there.
    """
    return bool(feed.adopted) and (gone or errors >= LOST)
