"""``herald feeds check --html``: a page for a partner's web master, who does not know Herald.

The partner's pictures are not shown but described and linked: opening the page asks no server for
anything, and the description is what the page is about.
"""

from __future__ import annotations

from itertools import groupby

from herald.model.advice import Advice, Looked
from herald.reporting.feedwords import (
    WEIGHTS,
    entry_view,
    sentence,
    shown_entries,
    those_left,
    what_it_is,
    when,
)
from herald.reporting.pages import render_page
from herald.reporting.posttext import plain


def render_feed_html(looked: Looked, *, zone: str = "UTC", everything: bool = False) -> str:
    """Render what was found as one HTML page, with moments in the time of *zone*."""
    feed = looked.feed
    shown = shown_entries(feed, now=looked.at, everything=everything)
    advice = [one for one in looked.advice if not one.is_fault]
    return render_page(
        "feed.html",
        title=plain(feed.title) or plain(looked.source),
        source=plain(looked.source),
        language=feed.language or "",
        summary=what_it_is(feed, now=looked.at),
        at=f"{when(looked.at, zone)} ({zone} time)",
        failed=looked.has_failed and not feed.entries,
        faults=[_advice(one) for one in looked.advice if one.is_fault],
        parts=[
            (weight.value, WEIGHTS[weight], [_advice(one) for one in of_weight])
            for weight, of_weight in groupby(advice, key=lambda one: one.weight)
        ],
        entries=[
            entry_view(one, feed_language=feed.language, zone=zone, now=looked.at) for one in shown
        ],
        has_pictures=any(one.image for one in shown),
        left=those_left(feed, shown),
    )


def _advice(one: Advice) -> tuple[str, str]:
    return sentence(one.message), one.how
