"""Asks one feed: fetches it, reads it, and says what shall be saved of it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol, assert_never

from herald.model.feed import EntryEvent, FeedProblem, HubLink, ParsedFeed
from herald.model.ids import FeedId
from herald.model.polling import (
    Failed,
    Feed,
    Identity,
    NamedFeed,
    Unchanged,
    Understood,
    Validators,
)
from herald.ports import Clock
from herald.sources.feeds.fetching.fetch import Fetched, FetchFailed, FetchResult, NotModified
from herald.sources.feeds.fetching.freshness import next_check, next_try, rhythm
from herald.sources.feeds.fetching.moving import is_given_up, moved
from herald.sources.feeds.identity.canonical import fingerprint
from herald.sources.feeds.identity.identify import identities
from herald.sources.feeds.identity.posts import posts_of
from herald.sources.feeds.parsing.parse import Document, has_failed
from herald.sources.feeds.parsing.workers import ParseFailed

_HEAVY_ENTRIES = 250
_HEAVY_BYTES = 1024 * 1024
"""What is larger is named or hashed in a thread: the event loop has deliveries to send."""


class FetchesFeeds(Protocol):
    """What asking wants of ``fetch.Fetcher``."""

    async def fetch(self, url: str, validators: Validators | None = None) -> FetchResult:
        """Ask for *url*, conditionally where there are validators; never raises for the network."""
        ...


class UnderstandsFeeds(Protocol):
    """What asking wants of ``workers.Parser``."""

    async def understand(self, document: Document) -> NamedFeed | ParseFailed:
        """Read a document within bounds; never raises for what it contains."""
        ...


class ReadsPages(Protocol):
    """What asking wants of whoever reads entries' own pages."""

    async def with_events(
        self, feed: Feed, parsed: ParsedFeed, known: Mapping[str, str]
    ) -> ParsedFeed:
        """Return *parsed* with the events that the pages of new or changed entries announce.

        *known* has the fingerprints of the feed's stored entries by key. The entries stay in
        their order, and none is added or left out.
        """
        ...


class RemembersPages(Protocol):
    """What asking wants of the store: two methods of ``herald.ports.FeedStore``."""

    async def known_fingerprints(self, polled: FeedId, keys: Collection[str]) -> dict[str, str]:
        """Return the fingerprints of the entries that these keys name."""
        ...

    async def page_events(self, polled: FeedId, keys: Collection[str]) -> dict[str, EntryEvent]:
        """Return the events that were found on these entries' pages."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a feed answered, and what shall be saved of it."""

    poll: Understood | Unchanged | Failed
    parsed: ParsedFeed | None = None
    """None unless a document was understood."""
    named: tuple[Identity, ...] = ()
    at: datetime


class Asker:
    """Asks feeds; it writes nothing, and may be interrupted anywhere."""

    def __init__(
        self,
        fetcher: FetchesFeeds,
        parser: UnderstandsFeeds,
        store: RemembersPages,
        *,
        clock: Clock,
        random: Callable[[], float],
        pages: ReadsPages | None = None,
        zone: str = "",
    ) -> None:
        """Join the parts; *random* gives numbers from 0 to 1, *zone* is the network's."""
        self._fetcher = fetcher
        self._parser = parser
        self._store = store
        self._clock = clock
        self._random = random
        self._pages = pages
        self._zone = zone
        self._naming = asyncio.Lock()

    async def ask(self, feed: Feed, *, force: bool) -> Answer:
        """Ask *feed*; with *force* for the whole document, which is then read in any case."""
        whole = force or not _was_read_this_week(feed, now=self._clock.now())
        result = await self._fetcher.fetch(feed.address, Validators() if whole else feed.validators)
        match result:
            case FetchFailed():
                return self.failed(feed, result)
            case NotModified():
                return self._unchanged(feed, result)
            case Fetched():
                mark = await self._mark(result.body)
                if not force and mark == feed.body_hash:
                    return self._unchanged(feed, result)
                return await self._read(feed, result, mark)
            case _:
                assert_never(result)

    def failed(self, feed: Feed, failure: FetchFailed) -> Answer:
        """Return what a failure comes to; an adopted address that keeps failing is given up."""
        now = self._clock.now()
        errors = feed.errors + 1
        given_up = is_given_up(feed, errors=errors, gone=failure.gone)
        poll = Failed(
            why=_explained(feed, failure.why),
            gone=failure.gone and not given_up,
            next_check_at=next_try(
                now=now, errors=errors, not_before=failure.retry_at, jitter=self._random()
            ),
            adopted="" if given_up else feed.adopted,
        )
        return Answer(poll=poll, at=now)

    def _unchanged(self, feed: Feed, result: NotModified | Fetched) -> Answer:
        now = self._clock.now()
        move, adopted = moved(feed, result.moved_to, now=now)
        told = result.validators
        if isinstance(result, NotModified) and told == Validators():
            told = feed.validators
        poll = Unchanged(
            validators=result.validators,
            next_check_at=next_check(
                now=now,
                interval=feed.interval,
                fresh=result.fresh,
                cadence=feed.cadence,
                has_validators=told != Validators(),
                every=feed.wanted.every,
                jitter=self._random(),
            ),
            move=move,
            adopted=adopted,
        )
        return Answer(poll=poll, at=now)

    async def _read(self, feed: Feed, fetched: Fetched, mark: str) -> Answer:
        document = Document(
            body=fetched.body,
            content_type=fetched.content_type,
            url=fetched.final_url,
            now=self._clock.now(),
            pubdate=feed.wanted.pubdate,
            zone=self._zone,
        )
        understood = await self._parser.understand(document)
        if isinstance(understood, ParseFailed):
            return self.failed(feed, FetchFailed(why=understood.why))
        parsed, named = understood.feed, understood.named
        if has_failed(parsed):
            why = next(one.message for one in parsed.problems if one.severity == "error")
            return self.failed(feed, FetchFailed(why=why))
        if feed.wanted.posts_of:
            parsed, named = posts_of(feed.wanted, parsed, address=fetched.final_url)
        elif self._pages is not None and feed.wanted.event_pages != "never":
            found = await self._with_events(self._pages, feed, parsed, named)
            if found is not parsed:
                parsed, named = found, await self._named(found)
        return self._understood(feed, fetched, parsed, named, mark)

    async def _with_events(
        self, pages: ReadsPages, feed: Feed, parsed: ParsedFeed, named: Sequence[Identity]
    ) -> ParsedFeed:
        """Read the pages of what is new or changed; what a page said once holds until it is read.

        A page that cannot be reached must not look like an event that was taken back.
        """
        known = await self._store.known_fingerprints(feed.id, {one.key for one in named})
        bare = {one.key for one in named if one.content.event is None and one.key in known}
        events = await self._store.page_events(feed.id, bare) if bare else {}
        same = _with_known_events(parsed, named, events, known)
        found = await pages.with_events(feed, same, known)
        return _with_known_events(found, named, events)

    def _understood(
        self,
        feed: Feed,
        fetched: Fetched,
        parsed: ParsedFeed,
        named: tuple[Identity, ...],
        mark: str,
    ) -> Answer:
        now = self._clock.now()
        move, adopted = moved(feed, fetched.moved_to, now=now)
        has_validators = fetched.validators != Validators()
        interval = _rhythm(parsed, has_validators=has_validators, now=now)
        # Under the same ETag the server may hold the rest of what broke off.
        asks_anew = adopted != feed.adopted or parsed.breaks_off
        poll = Understood(
            title=parsed.title,
            validators=Validators() if asks_anew else fetched.validators,
            body_hash="" if parsed.breaks_off else mark,
            interval=interval,
            next_check_at=next_check(
                now=now,
                interval=interval,
                fresh=fetched.fresh,
                cadence=parsed.cadence,
                has_validators=has_validators,
                every=feed.wanted.every,
                jitter=self._random(),
            ),
            entries=len(parsed.entries),
            cadence=parsed.cadence,
            hub=_hub(fetched, parsed),
            move=move,
            adopted=adopted,
            problems=(*_compared(feed, parsed, adopted), *parsed.problems),
        )
        return Answer(poll=poll, parsed=parsed, named=named, at=now)

    async def _named(self, parsed: ParsedFeed) -> tuple[Identity, ...]:
        """Name a document's entries, one document after the other.

        Many that are understood at the same moment would else keep everything else waiting.
        """
        async with self._naming:
            if len(parsed.entries) > _HEAVY_ENTRIES:
                return await asyncio.to_thread(identities, parsed.entries)
            await asyncio.sleep(0)
            return identities(parsed.entries)

    async def _mark(self, body: bytes) -> str:
        """Return the hash of a body after the week in which it is read.

        A new week asks for the whole document and reads it again: a 304 hides changed settings of
        a WordPress site, and recurring events move into sight as time passes.
        """
        digest = (
            await asyncio.to_thread(hashlib.sha256, body)
            if len(body) > _HEAVY_BYTES
            else hashlib.sha256(body)
        )
        return f"{_week(self._clock.now())}:{digest.hexdigest()}"


def _explained(feed: Feed, why: str) -> str:
    """Return *why* with what to do where an account's feed was never found where it should be."""
    network = feed.wanted.posts_of
    if not network or feed.last_success_at is not None:
        return why
    return (
        f"{why}; if its server gives the account's posts elsewhere, write that address in"
        f" partners.yaml: feeds: [{{url: ..., posts_of: {network}}}]"
    )


def _with_known_events(
    parsed: ParsedFeed,
    named: Sequence[Identity],
    events: Mapping[str, EntryEvent],
    known: Mapping[str, str] | None = None,
) -> ParsedFeed:
    """Give entries the events that their pages told before, where they have none.

    With *known* only those that are otherwise as they were: the others' pages are read again.
    """
    if not events:
        return parsed
    entries = []
    for entry, identity in zip(parsed.entries, named, strict=True):
        event = events.get(identity.key)
        if event is None or entry.event is not None:
            entries.append(entry)
            continue
        complete = replace(entry, event=event)
        is_same = known is None or known.get(identity.key) == fingerprint(complete)
        entries.append(complete if is_same else entry)
    return replace(parsed, entries=tuple(entries))


def _compared(feed: Feed, parsed: ParsedFeed, adopted: str) -> tuple[FeedProblem, ...]:
    """Return what only comparing a document with the one before it can tell."""
    told = []
    if adopted:
        told.append(
            f"this feed has moved for good to {adopted}: write this address in partners.yaml"
        )
    if feed.entries and not parsed.entries:
        had = "1 entry" if feed.entries == 1 else f"{feed.entries} entries"
        told.append(f"the feed is empty, and had {had} before; nothing of that is taken back")
    return tuple(FeedProblem(severity="warning", message=message) for message in told)


def _hub(fetched: Fetched, parsed: ParsedFeed) -> HubLink | None:
    """Return the hub of the headers, which come first by W3C WebSub, else the document's."""
    hub = fetched.hub or parsed.hub
    if hub is None or hub.topic:
        return hub
    topic = parsed.hub.topic if parsed.hub is not None else ""
    return replace(hub, topic=topic or fetched.final_url)


def _rhythm(parsed: ParsedFeed, *, has_validators: bool, now: datetime) -> timedelta:
    published = (entry.published_at for entry in parsed.entries)
    return rhythm(
        (moment for moment in published if moment is not None),
        has_events_to_come=any(
            entry.event is not None and entry.event.begins_at > now for entry in parsed.entries
        ),
        has_validators=has_validators,
        now=now,
    )


def _was_read_this_week(feed: Feed, *, now: datetime) -> bool:
    return feed.body_hash.startswith(f"{_week(now)}:")


def _week(now: datetime) -> str:
    year, week, _ = now.isocalendar()
    return f"{year}-{week:02}"
