"""Polls feeds: claims what is due, asks, saves; one feed's fault never stops the others."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import assert_never
from urllib.parse import urlsplit

from herald.errors import HeraldError
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
    WantedFeed,
)
from herald.ports import Clock, FeedStore
from herald.sources.feeds.asking import Answer, Asker, FetchesFeeds, ReadsPages, UnderstandsFeeds
from herald.sources.feeds.fetching.fetch import FetchFailed
from herald.sources.feeds.identity.identify import decide

LEASE = timedelta(minutes=10)
"""A poll that lasted so long has died with its process; another one takes the feed."""
AT_ONCE = 128
"""Feeds in hand: more than the fetcher asks at one time, as some are read and saved meanwhile."""
EACH_HOST = 4
"""Feeds of one server claimed together: it is asked one at a time, so more would only hold hands
that other servers' feeds could use, and their leases might lapse while they wait."""
LONGEST_PASS = timedelta(hours=1)
"""Then a pass claims no more, so that whoever counts its polls hears of them; the next goes on."""

_BROKE = "feed poll broke"
_STUMBLED = FetchFailed(why="Herald itself stumbled; see its log")

log = logging.getLogger(__name__)


class Poller:
    """Keeps the stored feeds in step with the partners' sites."""

    def __init__(  # noqa: PLR0913 - the parts that polling joins
        self,
        store: FeedStore,
        fetcher: FetchesFeeds,
        parser: UnderstandsFeeds,
        *,
        clock: Clock,
        random: Callable[[], float],
        owner: str = "herald",
        tell: Callable[[Polled], None] = lambda polled: None,
        pages: ReadsPages | None = None,
        zone: str = "",
    ) -> None:
        """Join the parts; *random* gives numbers from 0 to 1, *tell* hears of every polled feed.

        *zone* is the network's: times of feeds that name none count in it.
        """
        self.zone = zone
        self._store = store
        self._asker = Asker(
            fetcher, parser, store, clock=clock, random=random, pages=pages, zone=zone
        )
        self._clock = clock
        self._owner = owner
        self._tell = tell

    async def sync(self, wanted: Sequence[WantedFeed]) -> None:
        """Make the stored feeds those that the configuration names."""
        await self._store.sync_feeds(wanted, now=self._clock.now())

    async def poll_due(self, now: datetime, stop: asyncio.Event) -> tuple[Polled, ...]:
        """Poll every feed that is due; *stop* ends it soon, and what was not answered stays due.

        Hands that become free take the next feeds at once: none waits for another's slow server.
        Raises only what the store raises when it cannot be used.
        """
        hands = _Hands(self)
        hands.is_stopped = stop.is_set()
        ringing = asyncio.create_task(hands.stop_at(stop), name="poll stop")
        try:
            while not hands.is_stopped:
                hands.check()
                if hands.want_more and self._clock.now() - now < LONGEST_PASS:
                    hands.begin_to_look()
                    hands.take(await self._claim(hands))
                elif hands.is_busy:
                    await hands.wait()
                else:
                    break
        finally:
            ringing.cancel()
            await self._put_down(hands)
        return tuple(hands.polled)

    async def poll(self, feeds: Sequence[FeedId], *, force: bool = True) -> tuple[Polled, ...]:
        """Poll these feeds now, whether they are due or not.

        With *force* the server is asked for the whole document, and it is read again.
        """
        hands = _Hands(self, force=force)
        taken = await self._store.take_feeds(
            feeds, owner=self._owner, now=self._clock.now(), lease=LEASE
        )
        waiting = list(reversed(taken))
        try:
            while waiting or hands.is_busy:
                hands.take([waiting.pop() for _ in range(min(hands.free, len(waiting)))])
                await hands.wait()
                hands.check()
        finally:
            await self._put_down(hands, waiting)
        return tuple(hands.polled)

    async def _claim(self, hands: _Hands) -> Sequence[Feed]:
        return await self._store.claim_feeds(
            owner=self._owner,
            now=self._clock.now(),
            most=hands.free,
            lease=LEASE,
            each_host=EACH_HOST,
            not_hosts=hands.full_hosts,
        )

    async def _put_down(self, hands: _Hands, waiting: Sequence[Feed] = ()) -> None:
        """Let what is being saved finish, drop the rest, and give it back."""
        dropped = [*await hands.put_down(), *waiting]
        if not dropped:
            return
        try:
            await self._store.give_back([feed.id for feed in dropped], owner=self._owner)
        except HeraldError:
            log.warning("feeds could not be given back; their leases will end", exc_info=True)

    async def ask(self, feed: Feed, *, force: bool) -> Answer:
        """Ask one feed; a bug over it is a failure of that feed."""
        try:
            return await self._asker.ask(feed, force=force)
        except HeraldError:
            raise
        except Exception:
            log.exception(_BROKE, extra={"feed": feed.wanted.url})
            return self._asker.failed(feed, _STUMBLED)

    async def save(self, feed: Feed, answer: Answer) -> Polled:
        """Save what a feed answered, and tell of it."""
        try:
            polled = await self._save(feed, answer)
        except HeraldError:
            raise
        except Exception:
            log.exception(_BROKE, extra={"feed": feed.wanted.url})
            polled = await self._save(feed, self._asker.failed(feed, _STUMBLED))
        level = logging.DEBUG if polled.unchanged else logging.INFO
        if log.isEnabledFor(level):
            told = {"new": polled.new, "edited": polled.edited, "trouble": polled.trouble}
            log.log(level, "feed polled", extra={"feed": polled.url, **told})
        self._tell(polled)
        return polled

    async def _save(self, feed: Feed, answer: Answer) -> Polled:
        poll = answer.poll
        match poll:
            case Understood():
                return _told(feed, poll, await self._save_understood(feed, poll, answer))
            case Failed():
                await self._store.save_failed(feed.id, poll, now=answer.at)
                trouble = poll.why
            case Unchanged():
                await self._store.save_unchanged(feed.id, poll, now=answer.at)
                trouble = ""
            case _:
                assert_never(poll)
        return Polled(
            feed=feed.id,
            url=feed.wanted.url,
            partners=feed.wanted.partners,
            unchanged=isinstance(poll, Unchanged),
            trouble=trouble,
            gone=isinstance(poll, Failed) and poll.gone,
            next_check_at=poll.next_check_at,
            problems=() if trouble else feed.problems,
        )

    async def _save_understood(self, feed: Feed, poll: Understood, answer: Answer) -> Decision:
        parsed, named, at = answer.parsed, answer.named, answer.at
        if parsed is None:
            raise ValueError("a document was understood, and there is none")
        return await self._store.save_understood(
            feed.id,
            poll,
            named,
            lambda known: decide(feed, parsed, named, known, now=at),
            now=at,
        )


class _Hands:
    """The feeds that are in hand: asked or saved, so many at once."""

    def __init__(self, poller: Poller, *, force: bool = False) -> None:
        self._poller = poller
        self._force = force
        self._tasks: dict[asyncio.Task[None], Feed] = {}
        self._saving: set[FeedId] = set()
        self._changed = asyncio.Event()
        self._trouble: BaseException | None = None
        self._found_none = False
        self.hosts: Counter[str] = Counter()
        self.full_hosts: frozenset[str] = frozenset()
        self.polled: list[Polled] = []
        self.is_stopped = False

    @property
    def free(self) -> int:
        return AT_ONCE - len(self._tasks)

    @property
    def is_busy(self) -> bool:
        return bool(self._tasks)

    @property
    def want_more(self) -> bool:
        """Tell whether to look for feeds: half of the hands are free, and there may be some."""
        return self.free >= AT_ONCE // 2 and not self._found_none

    def begin_to_look(self) -> None:
        """Name the servers that are busy; one that is free again meanwhile is looked at anew."""
        self._found_none = True
        self.full_hosts = frozenset(
            host for host, count in self.hosts.items() if count > EACH_HOST // 2
        )

    def take(self, feeds: Sequence[Feed]) -> None:
        self._found_none = self._found_none and not feeds
        for feed in feeds:
            task = asyncio.create_task(self._poll(feed), name=f"poll {feed.id}")
            self._tasks[task] = feed
            self.hosts[_host(feed)] += 1
            task.add_done_callback(self._ended)

    async def wait(self) -> None:
        """Wait until a feed is done, or a stop is asked for."""
        await self._changed.wait()
        self._changed.clear()

    def check(self) -> None:
        """Raise what made a feed's poll end before it was saved."""
        if self._trouble is not None:
            raise self._trouble

    async def stop_at(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self.is_stopped = True
        self._changed.set()

    async def put_down(self) -> list[Feed]:
        """End what is not being saved; return what is left undone."""
        left = dict(self._tasks)
        for task, feed in left.items():
            if feed.id not in self._saving:
                task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        return [
            feed for task, feed in left.items() if task.cancelled() or task.exception() is not None
        ]

    async def _poll(self, feed: Feed) -> None:
        answer = await self._poller.ask(feed, force=self._force)
        self._saving.add(feed.id)
        try:
            self.polled.append(await self._poller.save(feed, answer))
        finally:
            self._saving.discard(feed.id)

    def _ended(self, task: asyncio.Task[None]) -> None:
        feed = self._tasks.pop(task)
        host = _host(feed)
        self.hosts[host] -= 1
        if not self.hosts[host]:
            del self.hosts[host]
        if host in self.full_hosts and self.hosts[host] <= EACH_HOST // 2:
            self._found_none = False
        if not task.cancelled() and self._trouble is None:
            self._trouble = task.exception()
        self._changed.set()


def _host(feed: Feed) -> str:
    return urlsplit(feed.wanted.url).netloc.rpartition("@")[2].lower()


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
