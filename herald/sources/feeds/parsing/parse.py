"""Parses a document into a feed's values: finds its format, reads it, says what is wrong with it.

Pure but slow, and its input hostile: run it in a worker (``workers``), never on the event loop.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from herald.model.feed import FeedProblem, ParsedEntry, ParsedFeed
from herald.sources.feeds.advice.advice import advise
from herald.sources.feeds.calendars.ical import read_ical
from herald.sources.feeds.calendars.icalfile import unfold
from herald.sources.feeds.markup.head import Head
from herald.sources.feeds.markup.xmlfeed import read_xml
from herald.sources.feeds.parsing.bridge import is_error_item
from herald.sources.feeds.parsing.eventfeeds import looks_like_events
from herald.sources.feeds.parsing.jsonfeed import read_json
from herald.sources.feeds.words.charset import decode
from herald.sources.feeds.words.limits import MOST_BYTES, MOST_ENTRIES
from herald.sources.feeds.words.plain import first_words, short
from herald.sources.feeds.words.reading import Reading

_SNIFFED = 2_000
_WEB_PAGE = ("<!doctype html", "<html", "<head", "<body")
_PASSWORD = ('type="password"', "type='password'")
_BLANK = "\ufeff \t\r\n\0"
_GZIP = b"\x1f\x8b\x08"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What is to be parsed."""

    body: bytes
    content_type: str = ""
    url: str = ""
    """Where it came from: links resolve against it."""
    now: datetime
    """Recurring events are spread from here."""
    pubdate: str = "auto"
    """What its dates mean: published, event_start, or auto (published, and a word of doubt)."""
    zone: str = ""
    """The network's zone, an IANA name: times that name none count in it; "" is UTC."""


def parse(document: Document) -> ParsedFeed:
    """Parse a document of any format; never raises for what it contains."""
    body, packing_fault = _unpacked(document.body)
    if body[:_SNIFFED].lstrip().upper().startswith(b"BEGIN:VCALENDAR"):
        body = unfold(body)  # first: a fold may part the bytes of one character
    text, encoding_fault = decode(body, document.content_type)
    feed, head = _read(text, document)
    kept = tuple(entry for entry in feed.entries if not is_error_item(entry))
    problems = [
        *(_warning(fault) for fault in (packing_fault, encoding_fault) if fault),
        *feed.problems,
        *_cut(len(feed.entries)),
        *_bridged(len(feed.entries) - len(kept), len(kept)),
    ]
    ordered = replace(feed, entries=_oldest_first(kept[:MOST_ENTRIES]))
    if document.pubdate == "auto" and (doubt := looks_like_events(ordered, head, document.now)):
        problems.append(_warning(doubt))
    # They quote the document: what could act on a terminal must not stand in them either.
    problems = [replace(each, message=short(each.message)) for each in problems]
    told = replace(ordered, problems=tuple(problems))
    advised = told if has_failed(told) else replace(told, problems=(*problems, *advise(told)))
    return replace(advised, entries=tuple(_titled(entry) for entry in advised.entries))


def has_failed(feed: ParsedFeed) -> bool:
    """Tell whether nothing could be read: an empty feed is none of that."""
    return not feed.entries and any(problem.severity == "error" for problem in feed.problems)


def _read(text: str, document: Document) -> tuple[ParsedFeed, Head]:
    reading = Reading(url=document.url, zone_name=document.zone, pubdate=document.pubdate)
    start = text[:_SNIFFED].lstrip(_BLANK)
    if not start and not text.strip(_BLANK):
        return _error("the document is empty"), Head()
    if start[:1] in {"{", "["}:
        return read_json(text.lstrip(_BLANK), reading), Head()
    if start[:15].upper() == "BEGIN:VCALENDAR":
        return (
            read_ical(text.lstrip(_BLANK), document.url, now=document.now, zone=document.zone),
            Head(),
        )
    feed, head = read_xml(text, reading)
    if has_failed(feed) and start[:200].lower().startswith(_WEB_PAGE):
        return _error(_said_of_page(text)), Head()
    return feed, head


def _said_of_page(text: str) -> str:
    if any(mark in text.lower() for mark in _PASSWORD):
        return (
            "this is a page that asks for a password, not a feed (the feed must be open to"
            " everybody)"
        )
    return "this is a web page, not a feed (look on it for a link named RSS, Atom or calendar)"


def _unpacked(body: bytes) -> tuple[bytes, str]:
    """Unpack what a server packed without saying so; as much as a document may have."""
    if not body.startswith(_GZIP):
        return body, ""
    try:
        unpacked = zlib.decompressobj(wbits=31).decompress(body, MOST_BYTES)
    except zlib.error:
        return body, ""
    return unpacked, (
        "the server packs the feed (gzip) and does not say so"
        " (it should send Content-Encoding: gzip)"
    )


def _titled(entry: ParsedEntry) -> ParsedEntry:
    """Give an entry without a title the first words of its text: that it has none is told."""
    return entry if entry.title else replace(entry, title=first_words(entry.summary))


def _oldest_first(entries: tuple[ParsedEntry, ...]) -> tuple[ParsedEntry, ...]:
    """Order by date; where none has one, feeds write the newest first; events are in order."""
    if all(entry.event is not None for entry in entries):
        return entries
    turned = entries[::-1]
    if not any(entry.published_at or entry.updated_at for entry in turned):
        return turned
    latest = datetime.max.replace(tzinfo=UTC)
    return tuple(sorted(turned, key=lambda entry: entry.published_at or entry.updated_at or latest))


def _cut(count: int) -> Iterator[FeedProblem]:
    if count > MOST_ENTRIES:
        yield _warning(f"the feed has more than {MOST_ENTRIES:,} entries; the rest was not read")


def _bridged(dropped: int, left: int) -> Iterator[FeedProblem]:
    if dropped:
        yield FeedProblem(
            severity="warning" if left else "error",
            message="the service that makes this feed reports an error instead of news",
        )


def _warning(message: str) -> FeedProblem:
    return FeedProblem(severity="warning", message=message)


def _error(message: str) -> ParsedFeed:
    return ParsedFeed(format="", problems=(FeedProblem(severity="error", message=message),))
