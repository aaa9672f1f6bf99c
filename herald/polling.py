"""Partners' feeds as this process asks them: one fetcher, parsers in processes, feeds' hubs.

They are made at their first use, for most commands need none of them.
"""

from __future__ import annotations

import asyncio
import random
import secrets
from contextlib import AsyncExitStack

from herald.model.configuration import Configuration
from herald.model.polling import Polled
from herald.ports import Clock
from herald.settings import Settings
from herald.sources.feeds.fetching.fetch import Fetcher
from herald.sources.feeds.hubs import Hubs
from herald.sources.feeds.parsing.workers import Parser
from herald.sources.feeds.poll import Poller
from herald.sources.feeds.wanted import wanted_feeds
from herald.sources.feeds.webpages.pages import Pages
from herald.sources.feeds.websub import callback_root
from herald.store.feeds import StoredFeeds
from herald.store.websub import StoredHubs
from herald.turn import Turn


class Polling:
    """What this process does about feeds."""

    def __init__(
        self,
        feeds: StoredFeeds,
        hubs: StoredHubs,
        settings: Settings,
        *,
        turn: Turn,
        clock: Clock,
        owner: str,
    ) -> None:
        self.feeds = feeds
        self.hubs = _hubs(hubs, settings, clock)
        self.news = 0
        """Entries that are new or changed; whoever plans them sets it back."""
        self._settings = settings
        self._turn = turn
        self._clock = clock
        self._owner = owner
        self._opened = AsyncExitStack()
        self._fetcher: Fetcher | None = None
        self._parser: Parser | None = None
        self._poller: Poller | None = None

    async def poll(self, configuration: Configuration, stop: asyncio.Event) -> int:
        """Ask the feeds that are due; return how many entries are new or changed."""
        poller = await self.open_poller(configuration)
        polled = await poller.poll_due(self._clock.now(), stop)
        return sum(each.new + each.edited for each in polled)

    async def open_poller(self, configuration: Configuration) -> Poller:
        """Return what polls feeds; which there are follows the partners' files of who plans."""
        zone = configuration.zone
        if self._poller is None or self._poller.zone != zone:
            self._poller = await self._make_poller(zone)
        if await self._turn.make_sure():
            await self._poller.sync(wanted_feeds(configuration.partners.values()))
        return self._poller

    async def readers(self) -> tuple[Fetcher, Parser]:
        """Return what asks for web pages and what reads them."""
        return await self._open_fetcher(), await self._open_parser()

    async def renew_hubs(self) -> None:
        """Ask feeds' hubs to tell Herald of changes, to go on telling, or to stop."""
        await self.hubs.renew(await self._open_fetcher())

    async def close(self) -> None:
        """Give back connections and processes."""
        await self._opened.aclose()

    async def _make_poller(self, zone: str) -> Poller:
        fetcher, parser = await self.readers()
        return Poller(
            self.feeds,
            fetcher,
            parser,
            clock=self._clock,
            random=random.random,
            owner=self._owner,
            tell=self._hear_of,
            pages=Pages(fetcher, parser, clock=self._clock, zone=zone),
            zone=zone,
        )

    async def _open_parser(self) -> Parser:
        if self._parser is None:
            self._parser = await self._opened.enter_async_context(Parser())
        return self._parser

    async def _open_fetcher(self) -> Fetcher:
        if self._fetcher is None:
            self._fetcher = await self._opened.enter_async_context(
                Fetcher(
                    contact=self._settings.contact,
                    clock=self._clock,
                    allow_private=self._settings.feeds.allow_private,
                )
            )
        return self._fetcher

    def _hear_of(self, polled: Polled) -> None:
        self.news += polled.new + polled.edited


def _hubs(store: StoredHubs, settings: Settings, clock: Clock) -> Hubs:
    """Return what subscribes to feeds' hubs: only where these can reach Herald over https."""
    public_url, is_trial = settings.web.public_url or "", settings.feeds.allow_private
    return Hubs(
        store,
        root=callback_root(public_url, allow_http=is_trial),
        clock=clock,
        random=random.random,
        new_word=lambda: secrets.token_urlsafe(32),
    )
