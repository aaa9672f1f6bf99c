"""Reads the pages of entries for the events that they announce (schema.org, JSON-LD).

A page is read once, when its entry is new or was edited; one that announced an event is read again
in the event's last two weeks, once a day, so that a cancellation there stops the reminder.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from herald.model.feed import EntryEvent, EventSource, FeedProblem, ParsedEntry, ParsedFeed
from herald.model.ids import FeedId
from herald.model.page import PageEvent, PageFacts
from herald.model.polling import Feed, Identity, Validators
from herald.ports import Clock
from herald.sources.feeds.fetching.fetch import ACCEPT_PAGE, Fetched, FetchFailed, FetchResult
from herald.sources.feeds.identity.canonical import canonical_link, normal_title
from herald.sources.feeds.identity.carried import is_same_day
from herald.sources.feeds.identity.identify import identities
from herald.sources.feeds.markup.head import Head
from herald.sources.feeds.parsing.eventfeeds import looks_like_events
from herald.sources.feeds.parsing.parse import Document
from herald.sources.feeds.parsing.workers import ParseFailed

MOST_PAGES = 20
"""Pages of one feed that are read at one poll, the newest first; the rest stay unread."""
LAST_DAYS = timedelta(days=14)
"""Before an event its page is read again."""
_EVERY = timedelta(hours=23)
"""Between two readings of a page: a day, less what a daily poll may come early."""
_YOUNG = timedelta(days=180)
"""An entry that is older announces nothing to come."""
_LONGEST = 120.0
"""Seconds for all pages of one poll: others wait for this poll to end."""
_FAILURES_IN_A_ROW = 3
"""A server that fails so often is left in peace."""
_PAGES = ("text/html", "application/xhtml+xml")


class FetchesPages(Protocol):
    """What reading pages wants of ``fetch.Fetcher``."""

    async def fetch(
        self, url: str, validators: Validators | None = None, *, accept: str = ACCEPT_PAGE
    ) -> FetchResult:
        """Ask for *url*; never raises for the network."""
        ...


class UnderstandsPages(Protocol):
    """What reading pages wants of ``workers.Parser``."""

    async def read_page(self, document: Document) -> PageFacts | ParseFailed:
        """Read a page within bounds; never raises for what it contains."""
        ...


@dataclass(slots=True)
class _Reading:
    """The pages of one poll, as far as they were read."""

    facts: dict[str, PageFacts]
    failures: int = 0
    in_a_row: int = 0
    why: str = ""


class Pages:
    """Adds to a feed's entries the events that their own pages announce."""

    def __init__(
        self, fetcher: FetchesPages, parser: UnderstandsPages, *, clock: Clock, zone: str = ""
    ) -> None:
        """Join the parts; *zone* is that of times which name none."""
        self._fetcher = fetcher
        self._parser = parser
        self._clock = clock
        self._zone = zone
        self._read_at: dict[tuple[FeedId, str], datetime] = {}
        """When pages were read; a process that starts anew may read one once more that day."""

    async def with_events(
        self, feed: Feed, parsed: ParsedFeed, known: Mapping[str, str]
    ) -> ParsedFeed:
        """Return *parsed* with the events of the pages of new, edited and nearly due entries.

        *known* has the fingerprints of the feed's stored entries by key. A page that cannot be
        read changes nothing, and is told as one warning.
        """
        now = self._clock.now()
        if not wants_pages(feed, parsed, now=now):
            return parsed
        self._forget(now)
        named = await asyncio.to_thread(identities, parsed.entries)
        wanted = [one for one in named if self._is_wanted(feed, one, known, now=now)]
        chosen = sorted(wanted, key=lambda one: _urgency(one.content, now), reverse=True)
        reading = await self._read_all(feed, chosen)
        if not reading.facts and not reading.failures:
            return parsed
        entries = tuple(
            _completed(one, reading.facts.get(one.link), self._zone, now=now) for one in named
        )
        return replace(parsed, entries=entries, problems=(*parsed.problems, *_told(reading)))

    def _is_wanted(
        self, feed: Feed, named: Identity, known: Mapping[str, str], *, now: datetime
    ) -> bool:
        if not named.link or is_front_page(named.link):
            return False
        event = named.content.event
        last = self._read_at.get((feed.id, named.link))
        if event is not None and event.source is EventSource.PAGE:
            return now <= event.begins_at <= now + LAST_DAYS and last is None
        if known.get(named.key) == named.fingerprint:
            return False
        return may_be_ahead(named.content, now=now)

    async def _read_all(self, feed: Feed, chosen: Sequence[Identity]) -> _Reading:
        reading = _Reading(facts={})
        until = self._clock.monotonic() + _LONGEST
        asked: set[str] = set()
        for one in chosen:
            if len(asked) >= MOST_PAGES or self._clock.monotonic() > until:
                break
            if reading.in_a_row >= _FAILURES_IN_A_ROW:
                break
            if one.link in asked:
                continue
            asked.add(one.link)
            await self._read(feed, one, reading)
        return reading

    async def _read(self, feed: Feed, named: Identity, reading: _Reading) -> None:
        found = await self._facts(named.content.link)
        if isinstance(found, PageFacts):
            reading.facts[named.link] = found
            reading.in_a_row = 0
            self._read_at[feed.id, named.link] = self._clock.now()
            return
        reading.failures += 1
        reading.in_a_row += _FAILURES_IN_A_ROW if found.retry_at else 1
        reading.why = reading.why or found.why

    async def _facts(self, link: str) -> PageFacts | FetchFailed:
        fetched = await self._fetcher.fetch(link, accept=ACCEPT_PAGE)
        if isinstance(fetched, FetchFailed):
            return fetched
        if not isinstance(fetched, Fetched):
            return FetchFailed(why="the server sent no page")
        kind = fetched.content_type.partition(";")[0].strip().lower()
        if kind and kind not in _PAGES:
            return PageFacts(url=fetched.final_url)
        document = Document(
            body=fetched.body,
            content_type=fetched.content_type,
            url=fetched.final_url,
            now=self._clock.now(),
            zone=self._zone,
        )
        facts = await self._parser.read_page(document)
        return FetchFailed(why=facts.why) if isinstance(facts, ParseFailed) else facts

    def _forget(self, now: datetime) -> None:
        self._read_at = {page: at for page, at in self._read_at.items() if now - at < _EVERY}


def wants_pages(feed: Feed, parsed: ParsedFeed, *, now: datetime) -> bool:
    """Tell whether the pages of a feed's entries are read: as configured, or if it tells events."""
    match feed.wanted.event_pages:
        case "always":
            return True
        case "never":
            return False
    if feed.wanted.pubdate == "event_start":
        return True
    sources = {entry.event.source for entry in parsed.entries if entry.event}
    if not sources.isdisjoint({EventSource.PUBDATE, EventSource.PAGE}):
        return True
    return bool(looks_like_events(parsed, Head(own_url=feed.address), now))


def is_front_page(link: str) -> bool:
    """Tell whether a canonical link is a site's first page: it is about everything, or nothing."""
    return link.endswith("/") and link.count("/") == 3


def may_be_ahead(entry: ParsedEntry, *, now: datetime) -> bool:
    """Tell whether an entry without facts of its own may announce something to come."""
    if entry.event is not None:
        return entry.event.source is EventSource.PUBDATE and entry.event.begins_at >= now
    told = entry.updated_at or entry.published_at
    return told is None or told > now - _YOUNG


def event_for(
    entry: ParsedEntry, link: str, facts: PageFacts, *, now: datetime
) -> PageEvent | None:
    """Choose the event of a page that an entry is about: by address, by title, else the only one.

    Of several, one after another on one page, the next one. An event that says it belongs to
    another page is a neighbour in the margin.
    """
    here = {link, canonical_link(facts.url)} - {""}
    title = normal_title(entry.title)
    at_home = [one for one in facts.events if canonical_link(one.url) in here]
    alike = [one for one in facts.events if title and normal_title(one.title) == title]
    both = [one for one in at_home if one in alike]
    alone = [one for one in facts.events if len(facts.events) == 1 and not one.url]
    for found in (both, at_home, alike, alone):
        if found:
            ahead = [one for one in found if _end(one.event) >= now]
            return min(ahead, key=lambda one: one.event.begins_at) if ahead else found[-1]
    return None


def _completed(
    named: Identity, facts: PageFacts | None, zone: str, *, now: datetime
) -> ParsedEntry:
    """Return an entry with the event of its page, where that has one and does not contradict."""
    entry = named.content
    if facts is None:
        return entry
    known = entry.event
    fitting = tuple(one for one in facts.events if yields_to(known, one.event, zone))
    facts = replace(facts, events=fitting)
    found = event_for(entry, named.link, facts, now=now)
    if found is None:
        return entry
    event = found.event
    if known is not None:
        event = replace(event, uid=known.uid, place=event.place or known.place)
    return replace(entry, event=event)


def yields_to(known: EntryEvent | None, found: EntryEvent, zone: str) -> bool:
    """Tell whether what a page says takes the place of what is known of an entry's event.

    A bare date yields to a page that agrees on the day; what the feed itself says never does.
    """
    match known:
        case None | EntryEvent(source=EventSource.PAGE):
            return True
        case EntryEvent(source=EventSource.PUBDATE):
            return is_same_day(found, known, zone)
        case _:
            return False


def _end(event: EntryEvent) -> datetime:
    return event.finishes_at or event.begins_at


def _urgency(entry: ParsedEntry, now: datetime) -> tuple[bool, float]:
    """Order pages: first those of events that are near, then the newest entries."""
    if entry.event is not None:
        return True, -abs((entry.event.begins_at - now).total_seconds())
    told = entry.published_at or entry.updated_at or datetime.min.replace(tzinfo=UTC)
    return False, (told - datetime.min.replace(tzinfo=UTC)).total_seconds()


def _told(reading: _Reading) -> tuple[FeedProblem, ...]:
    if not reading.failures:
        return ()
    tried = reading.failures + len(reading.facts)
    message = (
        f"{reading.failures} of {tried} pages of entries could not be read for the events that"
        f" they announce: {reading.why}"
    )
    return (FeedProblem(severity="warning", message=message),)
