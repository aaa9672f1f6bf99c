"""Says what a partner's web server could do better, from one visit to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

from herald.model.advice import Advice, Visit, Weight

_SLOW = timedelta(seconds=5)
"""Longer than most readers wait for a page."""
_LARGE = 1024 * 1024
"""Bytes; nine of ten feeds are half of that or less."""


def nicer_answers(visit: Visit) -> Iterator[Advice]:
    """Return what a visit showed of the server: its address, its speed, its manners."""
    if visit.moved_to and visit.moved_to != visit.asked:
        yield Advice(
            weight=Weight.SHOULD,
            message=f"the feed has moved for good to {visit.moved_to}",
            how="Give that address to the network, and use it on your own pages.",
        )
    elif visit.answered != visit.asked:
        yield Advice(
            weight=Weight.SHOULD,
            message=f"the address leads on to another one: {visit.answered}",
            how="If the feed has moved for good, give the network the new address.",
        )
    if urlsplit(visit.answered).scheme == "http":
        yield Advice(
            weight=Weight.SHOULD,
            message="the feed comes over http, so that anybody on the way could change it",
            how="Ask your web host for https; with most of them it is free and one click.",
        )
    if visit.took > _SLOW:
        yield Advice(
            weight=Weight.COULD,
            message=f"the server took {visit.took.total_seconds():.0f} seconds to answer",
            how="A page cache helps. On WordPress: a caching plug-in.",
        )
    if visit.size > _LARGE:
        yield Advice(
            weight=Weight.COULD,
            message=f"the feed is large: {visit.size / _LARGE:.1f} MB",
            how="Publish fewer entries at a time. On WordPress: Settings, Reading.",
        )
    if not visit.can_be_asked_for_changes:
        yield Advice(
            weight=Weight.COULD,
            message="the server cannot be asked whether anything has changed, so the whole feed is"
            " sent each time",
            how="Let the server send ETag or Last-Modified with the feed; your web host knows how.",
        )
