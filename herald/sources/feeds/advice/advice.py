"""Says what a partner's web master could improve, in words that do not need Herald to be known.

``advise`` is what a feed's document alone tells and what is remembered of every poll;
``improvements`` is all that can be said to somebody who wants to know, for ``herald feeds check``.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from herald.model.advice import Advice, Visit, Weight
from herald.model.feed import FeedProblem, ParsedFeed
from herald.sources.feeds.advice.advice_entries import missing_facts, nicer_entries, odd_ids
from herald.sources.feeds.advice.advice_server import nicer_answers
from herald.sources.feeds.advice.remedies import remedy_for

_CALENDAR = "ical"
"""Calendars have no usual place for their language; the partner's own is taken."""
_ORDER = tuple(Weight)
_NO_NAMES = frozenset(
    {
        *("just another wordpress site", "my site", "my blog", "wordpress", "rss", "feed", "blog"),
        *("un nuovo sito targato wordpress", "otro sitio realizado con wordpress", "untitled"),
    }
)
"""Names that systems give to a site that nobody has named."""
_FOR_THE_NETWORK = " (write pubdate"
"""Begins what only the network can do; the remedy says it in a web master's words."""


def advise(feed: ParsedFeed) -> tuple[FeedProblem, ...]:
    """Return what an understood feed lacks that readers would miss."""
    return tuple(
        FeedProblem(severity="warning", message=one.message) for one in _shortcomings(feed)
    )


def advise_at(feed: ParsedFeed, now: datetime) -> tuple[FeedProblem, ...]:
    """Return what is odd about an understood feed as it stands *now*: ids of this very moment."""
    return tuple(FeedProblem(severity="warning", message=one.message) for one in odd_ids(feed, now))


def improvements(feed: ParsedFeed, *, now: datetime, visit: Visit | None) -> tuple[Advice, ...]:
    """Return everything to improve, the most important first: faults, what lacks, niceties."""
    told = [*_shortcomings(feed), *odd_ids(feed, now)]
    known = {one.message for one in told}
    found = [
        *(_fault(problem) for problem in feed.problems if problem.message not in known),
        *told,
        *(nicer_answers(visit) if visit else ()),
        *(_nicer(feed) if feed.entries else ()),
    ]
    return tuple(sorted(found, key=lambda one: _ORDER.index(one.weight)))


def _fault(problem: FeedProblem) -> Advice:
    message, _, _ = problem.message.partition(_FOR_THE_NETWORK)
    weight = Weight.MUST if problem.severity == "error" else Weight.SHOULD
    return Advice(weight=weight, message=message, how=remedy_for(problem.message), is_fault=True)


def _shortcomings(feed: ParsedFeed) -> Iterator[Advice]:
    if not feed.entries:
        if feed.format:
            yield Advice(
                weight=Weight.SHOULD,
                message="the feed has no entries (on WordPress, a category that does not exist"
                " looks like this)",
                how="Publish something, or check the address of the feed for a slip.",
            )
        return
    yield from missing_facts(feed)
    yield from _untold_language(feed)


def _untold_language(feed: ParsedFeed) -> Iterator[Advice]:
    is_untold = feed.language is None and any(entry.language is None for entry in feed.entries)
    if is_untold and feed.format != _CALENDAR:
        place = '"language"' if feed.format.startswith("json") else "<language> or xml:lang"
        yield Advice(
            weight=Weight.SHOULD,
            message=f"the feed does not say which language it is in (add {place})",
            how="On WordPress: Settings, General, Site Language. Elsewhere: ask whoever made the"
            " site.",
        )


def _nicer(feed: ParsedFeed) -> Iterator[Advice]:
    yield from nicer_entries(feed)
    yield from _about_itself(feed)
    if feed.format == _CALENDAR:
        yield Advice(
            weight=Weight.COULD,
            message="when an event is called off, say so in the calendar; do not delete it"
            " (a deleted event looks just like one that was never there)",
            how='Mark the event as cancelled, or write "Cancelled" as its status; in the file this'
            " is STATUS:CANCELLED.",
        )
    if not any(entry.licence for entry in feed.entries):
        yield Advice(
            weight=Weight.COULD,
            message="no licence is stated: others may then only link to you and quote you briefly",
            how="Say under which terms your texts and pictures may be used, for instance CC BY 4.0,"
            " in the feed or in a mail to the network.",
        )


def _about_itself(feed: ParsedFeed) -> Iterator[Advice]:
    name = feed.title.strip().casefold()
    if not name or name in _NO_NAMES:
        yield Advice(
            weight=Weight.COULD,
            message="the feed has no name of its own"
            + (f' (it calls itself "{feed.title}")' if name else ""),
            how="On WordPress: Settings, General, Site Title.",
        )
    if name.startswith(("comments on", "comments for", "commenti su", "comentarios en")):
        yield Advice(
            weight=Weight.SHOULD,
            message="this is a feed of comments, not of your news",
            how="Use the address without /comments/.",
        )
