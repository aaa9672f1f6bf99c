"""Polls feeds: fetch, parse, decide, save, one feed after the other's fault notwithstanding."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol, assert_never

from herald.errors import HeraldError
from herald.model.feed import ParsedFeed
from herald.model.ids import FeedId
from herald.model.polling import (
    Decision,
    Failed,
    Feed,
    Polled,
    Remember,
    Revise,
    Unchanged,
    Understood,
    Validators,
    WantedFeed,
)
from herald.ports import Clock, FeedStore
from herald.sources.feeds.fetch import Fetched, FetchFailed, FetchResult, NotModified
from herald.sources.feeds.freshness import next_check, next_try, rhythm
from herald.sources.feeds.identify import decide, identities
from herald.sources.feeds.parse import Document, has_failed
from herald.sources.feeds.workers import ParseFailed

LEASE = timedelta(minutes=10)
"""A poll that lasted so long has died with its process; another one takes the feed."""
AT_ONCE = 32
"""Feeds that are claimed together: as many as the fetcher asks at one time."""

log = logging.getLogger(__name__)


class FetchesFeeds(Protocol):
    """What polling asks of ``fetch.Fetcher``."""

    async def fetch(self, url: str, validators: Validators | None = None) -> FetchResult:
        """Ask for *url*, conditionally where there are validators; never raises for the network."""
        ...


class ParsesFeeds(Protocol):
    """What polling asks of ``workers.Parser``."""

    async def parse(self, document: Document) -> ParsedFeed | ParseFailed:
        """Read a document within bounds; never raises for what it contains."""
        ...


class Poller:
    """Keeps the stored feeds in step with the partners' sites."""

    def __init__(
        self,
        store: FeedStore,
        fetcher: FetchesFeeds,
        parser: ParsesFeeds,
        *,
        clock: Clock,
        random: Callable[[], float],
        owner: str = "herald",
        tell: Callable[[Polled], None] = lambda polled: None,
    ) -> None:
        """Join the parts; *random* gives numbers from 0 to 1, *tell* hears of every polled feed."""
        self._store = store
        self._fetcher = fetcher
        self._parser = parser
        self._clock = clock
        self._random = random
        self._owner = owner
        self._tell = tell

    async def sync(self, wanted: Sequence[WantedFeed]) -> None:
        """Make the stored feeds those that the configuration names."""
        await self._store.sync_feeds(wanted, now=self._clock.now())

    async def poll_due(self, now: datetime, stop: asyncio.Event) -> tuple[Polled, ...]:
        """Poll every feed that is due at *now*; claim no more once *stop* is set.

        Raises only what the store raises when it cannot be used.
        """
        told: list[Polled] = []
        while not stop.is_set():
            feeds = await self._store.claim_feeds(
                owner=self._owner, now=now, most=AT_ONCE, lease=LEASE
            )
            if not feeds:
                break
            told.extend(await self._poll_all(feeds, force=False))
        return tuple(told)

    async def poll(self, feeds: Sequence[FeedId], *, force: bool = True) -> tuple[Polled, ...]:
        """Poll these feeds now, whether they are due or not.

        With *force* the server is asked for the whole document, and it is read again.
        """
        taken = await self._store.take_feeds(
            feeds, owner=self._owner, now=self._clock.now(), lease=LEASE
        )
        return await self._poll_all(taken, force=force)

    async def _poll_all(self, feeds: Sequence[Feed], *, force: bool) -> tuple[Polled, ...]:
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(self._poll_one(feed, force=force), name=f"poll {feed.id}")
                    for feed in feeds
                ]
        except* HeraldError as group_of_one_cause:
            raise group_of_one_cause.exceptions[0] from None
        return tuple(task.result() for task in tasks)

    async def _poll_one(self, feed: Feed, *, force: bool) -> Polled:
        try:
            polled = await self._fetch_and_save(feed, force=force)
        except HeraldError:
            raise
        except Exception:
            log.exception("feed poll broke", extra={"feed": feed.wanted.url})
            polled = await self._failed(
                feed, FetchFailed(why="Herald itself stumbled; see its log")
            )
        log.info(
            "feed polled",
            extra={
                "feed": polled.url,
                "new": polled.new,
                "edited": polled.edited,
                "trouble": polled.trouble,
            },
        )
        self._tell(polled)
        return polled

    async def _fetch_and_save(self, feed: Feed, *, force: bool) -> Polled:
        whole = force or not _was_read_this_week(feed, now=self._clock.now())
        result = await self._fetcher.fetch(
            feed.wanted.url, Validators() if whole else feed.validators
        )
        match result:
            case FetchFailed():
                return await self._failed(feed, result)
            case NotModified():
                return await self._unchanged(feed, result)
            case Fetched():
                if not force and _mark(result.body, now=self._clock.now()) == feed.body_hash:
                    return await self._unchanged(feed, result)
                return await self._read(feed, result)
            case _:
                assert_never(result)

    async def _read(self, feed: Feed, fetched: Fetched) -> Polled:
        document = Document(
            body=fetched.body,
            content_type=fetched.content_type,
            url=fetched.final_url,
            now=self._clock.now(),
        )
        parsed = await self._parser.parse(document)
        if isinstance(parsed, ParseFailed):
            return await self._failed(feed, FetchFailed(why=parsed.why))
        if has_failed(parsed):
            why = next(one.message for one in parsed.problems if one.severity == "error")
            return await self._failed(feed, FetchFailed(why=why))
        return await self._understood(feed, fetched, parsed)

    async def _understood(self, feed: Feed, fetched: Fetched, parsed: ParsedFeed) -> Polled:
        now = self._clock.now()
        interval = _rhythm(parsed, now=now)
        poll = Understood(
            title=parsed.title,
            validators=fetched.validators,
            body_hash=_mark(fetched.body, now=now),
            interval=interval,
            next_check_at=next_check(
                now=now, interval=interval, fresh=fetched.fresh, jitter=self._random()
            ),
            problems=parsed.problems,
        )
        named = identities(parsed.entries)
        decision = await self._store.save_understood(
            feed.id,
            poll,
            named,
            lambda known: decide(feed, parsed, named, known, now=now),
            now=now,
        )
        return _told(feed, poll, decision)

    async def _unchanged(self, feed: Feed, result: NotModified | Fetched) -> Polled:
        now = self._clock.now()
        poll = Unchanged(
            validators=result.validators,
            next_check_at=next_check(
                now=now, interval=feed.interval, fresh=result.fresh, jitter=self._random()
            ),
        )
        await self._store.save_unchanged(feed.id, poll, now=now)
        return Polled(
            feed=feed.id,
            url=feed.wanted.url,
            partners=feed.wanted.partners,
            unchanged=True,
            next_check_at=poll.next_check_at,
            problems=feed.problems,
        )

    async def _failed(self, feed: Feed, failure: FetchFailed) -> Polled:
        now = self._clock.now()
        poll = Failed(
            why=failure.why,
            gone=failure.gone,
            next_check_at=next_try(
                now=now,
                errors=feed.errors + 1,
                not_before=failure.retry_at,
                jitter=self._random(),
            ),
        )
        await self._store.save_failed(feed.id, poll, now=now)
        return Polled(
            feed=feed.id,
            url=feed.wanted.url,
            partners=feed.wanted.partners,
            trouble=failure.why,
            next_check_at=poll.next_check_at,
        )


def _told(feed: Feed, poll: Understood, decision: Decision) -> Polled:
    remembered = [intent for intent in decision.intents if isinstance(intent, Remember)]
    seeded = sum(intent.seeded for intent in remembered)
    return Polled(
        feed=feed.id,
        url=feed.wanted.url,
        partners=feed.wanted.partners,
        new=len(remembered) - seeded,
        seeded=seeded,
        edited=sum(isinstance(intent, Revise) for intent in decision.intents),
        next_check_at=poll.next_check_at,
        problems=(*decision.problems, *poll.problems),
    )


def _rhythm(parsed: ParsedFeed, *, now: datetime) -> timedelta:
    published = (entry.published_at for entry in parsed.entries)
    return rhythm(
        (moment for moment in published if moment is not None),
        has_events_to_come=any(
            entry.event is not None and entry.event.begins_at > now for entry in parsed.entries
        ),
        now=now,
    )


def _mark(body: bytes, *, now: datetime) -> str:
    """Return the hash of a body after the week in which it is read.

    A new week asks for the whole document and reads it again: a 304 hides changed settings of a
    WordPress site, and recurring events move into sight as time passes.
    """
    return f"{_week(now)}:{hashlib.sha256(body).hexdigest()}"


def _was_read_this_week(feed: Feed, *, now: datetime) -> bool:
    return feed.body_hash.startswith(f"{_week(now)}:")


def _week(now: datetime) -> str:
    year, week, _ = now.isocalendar()
    return f"{year}-{week:02}"
