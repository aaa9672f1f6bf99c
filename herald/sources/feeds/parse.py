"""Parses a document into a feed's values: finds its format, reads it, says what is wrong with it.

Pure but slow, and its input hostile: run it in a worker (``workers``), never on the event loop.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from herald.model.feed import FeedProblem, ParsedEntry, ParsedFeed
from herald.sources.feeds.advice import advise
from herald.sources.feeds.bridge import is_error_item
from herald.sources.feeds.charset import decode
from herald.sources.feeds.ical import read_ical
from herald.sources.feeds.jsonfeed import read_json
from herald.sources.feeds.limits import MOST_ENTRIES
from herald.sources.feeds.xmlfeed import read_xml

_SNIFFED = 2_000
_WEB_PAGE = ("<!doctype html", "<html")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What is to be parsed."""

    body: bytes
    content_type: str = ""
    url: str = ""
    """Where it came from: links resolve against it."""
    now: datetime
    """Recurring events are spread from here."""


def parse(document: Document) -> ParsedFeed:
    """Parse a document of any format; never raises for what it contains."""
    text, encoding_fault = decode(document.body, document.content_type)
    feed = _read(text, document)
    kept = tuple(entry for entry in feed.entries if not is_error_item(entry))
    problems = [
        *([FeedProblem(severity="warning", message=encoding_fault)] if encoding_fault else []),
        *feed.problems,
        *_cut(len(feed.entries)),
        *_bridged(len(feed.entries) - len(kept), len(kept)),
    ]
    ordered = replace(feed, entries=_oldest_first(kept[:MOST_ENTRIES]))
    told = replace(ordered, problems=tuple(problems))
    return told if has_failed(told) else replace(told, problems=(*problems, *advise(told)))


def has_failed(feed: ParsedFeed) -> bool:
    """Tell whether nothing could be read: an empty feed is none of that."""
    return not feed.entries and any(problem.severity == "error" for problem in feed.problems)


def _read(text: str, document: Document) -> ParsedFeed:
    start = text[:_SNIFFED].lstrip("\ufeff \t\r\n\0")
    if not start:
        return _error("the document is empty")
    if start[:1] in "{[":
        return read_json(text.lstrip("\ufeff \t\r\n\0"), document.url)
    if start[:15].upper() == "BEGIN:VCALENDAR":
        return read_ical(text.lstrip("\ufeff \t\r\n\0"), document.url, now=document.now)
    feed = read_xml(text, document.url)
    if has_failed(feed) and start[:200].lower().startswith(_WEB_PAGE):
        return _error(
            "this is a web page, not a feed (look on it for a link named RSS, Atom or calendar)"
        )
    return feed


def _oldest_first(entries: tuple[ParsedEntry, ...]) -> tuple[ParsedEntry, ...]:
    """Order by date; where none has one, feeds write the newest first; events are in order."""
    if all(entry.event is not None for entry in entries):
        return entries
    turned = entries[::-1]
    if not any(entry.published_at or entry.updated_at for entry in turned):
        return turned
    latest = datetime.max.replace(tzinfo=UTC)
    return tuple(sorted(turned, key=lambda entry: entry.published_at or entry.updated_at or latest))


def _cut(count: int) -> tuple[FeedProblem, ...]:
    if count <= MOST_ENTRIES:
        return ()
    return (
        FeedProblem(
            severity="warning",
            message=f"the feed has more than {MOST_ENTRIES:,} entries; the rest was not read",
        ),
    )


def _bridged(dropped: int, left: int) -> tuple[FeedProblem, ...]:
    if not dropped:
        return ()
    return (
        FeedProblem(
            severity="warning" if left else "error",
            message="the service that makes this feed reports an error instead of news",
        ),
    )


def _error(message: str) -> ParsedFeed:
    return ParsedFeed(format="", problems=(FeedProblem(severity="error", message=message),))
