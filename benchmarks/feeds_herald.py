"""Herald's side of the feeds benchmark: fetcher, parser processes, identity and store, joined."""

from __future__ import annotations

import asyncio
import random
import resource
import time
from datetime import datetime, timedelta
from pathlib import Path

from benchmarks.feeds_report import Pass
from benchmarks.measuring import watching_the_loop
from herald.clock import SystemClock
from herald.daemon import rest_from_collecting
from herald.model.ids import Language, PartnerId
from herald.model.polling import WantedFeed
from herald.sources.feeds.fetching.fetch import Fetcher
from herald.sources.feeds.identity.identify import feed_id
from herald.sources.feeds.parsing.workers import Parser
from herald.sources.feeds.poll import Poller
from herald.store.engine import open_store
from herald.store.feeds import StoredFeeds


class LaterClock(SystemClock):
    """The machine's clock, set forward by hand: the next check of every feed is due."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        """Return the moment, so far ahead."""
        return super().now() + self.ahead


class Side:
    """Herald on a fresh store with all feeds configured; use it as an async context manager."""

    def __init__(self, folder: Path, urls: tuple[str, ...]) -> None:
        self._folder = folder
        self._urls = urls
        self._clock = LaterClock()

    async def __aenter__(self) -> Side:
        """Open store, client and parsers; the parsers are started by their first document."""
        self._store = await open_store("sqlite:///bench.db", self._folder)
        self._fetcher = await Fetcher(
            contact="https://example.org/contact", clock=self._clock, allow_private=True
        ).__aenter__()
        self._parser = await Parser().__aenter__()
        self._poller = Poller(
            StoredFeeds(self._store),
            self._fetcher,
            self._parser,
            clock=self._clock,
            random=random.Random(1).random,
        )
        wanted = [
            WantedFeed(
                id=feed_id(url),
                url=url,
                partners=(PartnerId(f"museum-{number}"),),
                partner_language=Language("it"),
            )
            for number, url in enumerate(self._urls)
        ]
        await self._poller.sync(wanted)
        rest_from_collecting()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Give everything back."""
        await self._parser.close()
        await self._fetcher.close()
        await self._store.close()

    async def poll(self, name: str, *, hours: float = 48) -> Pass:
        """Poll every feed once, *hours* after the last time."""
        self._clock.ahead += timedelta(hours=hours)
        begun = time.perf_counter()
        async with watching_the_loop() as stall:
            polled = await self._poller.poll_due(self._clock.now(), asyncio.Event())
        took = time.perf_counter() - begun
        trouble = [each.trouble for each in polled if each.trouble]
        assert not trouble, trouble[:3]
        assert len(polled) == len(self._urls), f"{len(polled)} of {len(self._urls)} were polled"
        return Pass(
            name=name,
            feeds=len(polled),
            seconds=took,
            new=sum(each.new + each.seeded for each in polled),
            lags=tuple(stall.seen),
            memory=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        )
