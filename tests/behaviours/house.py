"""The joined house: a partner's site, fetching, workers, store, planning and outbox, all real."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from herald.app import App, open_app
from herald.clock import SetClock
from herald.model.delivery import Delivery
from herald.model.feed import Entry, ParsedEntry, ParsedFeed
from herald.model.page import PageFacts
from herald.model.polling import Feed, NamedFeed, Polled
from herald.sources.feeds.fetching.fetch import Fetcher, Limits
from herald.sources.feeds.parsing.parse import Document
from herald.sources.feeds.parsing.workers import ParseFailed, Parser
from herald.sources.feeds.poll import Poller
from herald.sources.feeds.wanted import wanted_feeds
from herald.sources.feeds.webpages.pages import Pages
from tests.behaviours.site import Site, a_site
from tests.sources.folder import write

NOW = datetime(2027, 5, 10, 12, 0, tzinfo=UTC)
"""A Monday: six days follow in which no feed is read anew because a new week began."""
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
QUICK = Limits(connect=20, read=20, total=30, spacing=timedelta(0))
"""Real seconds, for servers that answer at once."""

CHANNELS = {
    "fedi": {"network": "journal", "like": "mastodon"},
    "trial": {"network": "journal"},
}
VOICES = {
    "campaign": "voices",
    "languages": ["it", "en"],
    "channels": ["fedi", "trial"],
    "amplify": [{"from": ["*"], "approve": "auto"}],
}


@dataclass(frozen=True)
class Ground:
    """What many houses stand on, as it takes long to make."""

    parser: Parser
    folder: Path
    """A network's folder with an empty store."""


@dataclass
class CountedParser:
    """Real workers, and how many documents they were given."""

    parser: Parser
    documents: int = 0

    async def understand(self, document: Document) -> NamedFeed | ParseFailed:
        """Have *document* read."""
        self.documents += 1
        return await self.parser.understand(document)

    async def parse(self, document: Document) -> ParsedFeed | ParseFailed:
        """Have *document* read as a feed, for discovery."""
        return await self.parser.parse(document)

    async def read_page(self, document: Document) -> PageFacts | ParseFailed:
        """Have *document* read as a page."""
        return await self.parser.read_page(document)


@dataclass
class House:
    """Herald on a folder of its own, and a site that it follows."""

    root: Path
    site: Site
    clock: SetClock
    app: App
    fetcher: Fetcher
    parser: CountedParser
    poller: Poller
    jitter: Callable[[], float]
    told: list[Polled] = field(default_factory=list)
    """What came of each poll, as it came."""
    partners: dict[str, Any] = field(default_factory=dict)

    async def follow(
        self, *paths: str, partner: str = "argenta", site: Site | None = None, **words: str
    ) -> None:
        """Make the files name these feeds of *partner*, with *words* beside each."""
        where = site or self.site
        urls = [path if "://" in path else where.url(path) for path in paths or ("/feed",)]
        self.partners[partner] = {
            "name": partner.title(),
            "country": "IT",
            "languages": ["it"],
            "feeds": [{"url": url, **words} for url in urls],
        }
        write(self.root, "config/partners.yaml", json.dumps(self.partners))
        await self.sync()

    async def sync(self) -> None:
        """Bring the stored feeds in line with the files."""
        loaded = await self.app.load()
        assert not loaded.problems, loaded.problems
        await self.poller.sync(wanted_feeds(loaded.configuration.partners.values()))

    async def polls(self) -> tuple[Polled, ...]:
        """Poll what is due."""
        return await self.poller.poll_due(self.clock.now(), asyncio.Event())

    async def after(self, pause: timedelta) -> tuple[Polled, ...]:
        """Poll what is due *pause* later."""
        self.clock.advance(pause)
        return await self.polls()

    async def poll_one(self) -> Polled:
        """Poll the only feed when it is due, and not before; return what came of it."""
        self.clock.jump(max(self.clock.now(), (await self.feed()).next_check_at))
        (polled,) = await self.polls()
        return polled

    async def pause(self) -> timedelta:
        """Return how long the only feed is left alone from now."""
        return (await self.feed()).next_check_at - self.clock.now()

    async def feeds(self) -> dict[str, Feed]:
        """Return the stored feeds by path."""
        found = await self.app.feeds.health(now=self.clock.now())
        return {"/" + one.feed.wanted.url.split("/", 3)[-1]: one.feed for one in found}

    async def feed(self) -> Feed:
        """Return the only feed."""
        (only,) = (await self.feeds()).values()
        return only

    async def said(self) -> str:
        """Return what the only feed's web master could improve, a line each."""
        return "\n".join(problem.message for problem in (await self.feed()).problems)

    async def entries(self) -> tuple[Entry, ...]:
        """Return everything that is known."""
        return await self.app.feeds.entries(datetime(2000, 1, 1, tzinfo=UTC))

    async def only(self) -> ParsedEntry:
        """Return what the only entry says."""
        (entry,) = await self.entries()
        return entry.content

    async def news(self) -> list[str]:
        """Return the titles of what may be passed on without a person's look."""
        return [
            entry.content.title
            for entry in await self.entries()
            if not entry.seeded and not entry.review
        ]

    async def doubted(self) -> dict[str, str]:
        """Return by title why a person should look."""
        return {one.content.title: one.review for one in await self.entries() if one.review}

    async def outbox(self, channel: str = "trial") -> tuple[Delivery, ...]:
        """Plan, and return what the outbox then holds for a channel."""
        await self.app.replan()
        return await self.app.store.list_deliveries(channel=channel)

    async def planned(self, channel: str = "trial") -> list[str]:
        """Plan, and return the first line of each post that waits, in its order."""
        rows = await self.outbox(channel)
        return [row.payload.text.split("\n")[0] for row in rows if row.state == "pending"]

    async def sends(self) -> None:
        """Send what is due."""
        await self.app.worker.drain()

    def database(self) -> sqlite3.Connection:
        """Return a connection of one's own to the store."""
        (path,) = self.root.rglob("*.db")
        return sqlite3.connect(path, isolation_level=None)

    def use(self, fetcher: Fetcher) -> None:
        """Fetch with another client from now on; whoever brings it closes it."""
        self.fetcher = fetcher
        self.poller = _poller(self.app, fetcher, self.parser, self.clock, self.jitter, self.told)

    def use_public(self, *addresses: str) -> None:
        """Let only these addresses be public from now on."""

        def allows(address: str) -> bool:
            return address in addresses

        self.use(Fetcher(contact="", clock=self.clock, allows=allows, limits=QUICK))


async def prepared(folder: Path) -> None:
    """Write a network's configuration into *folder*, and make its store."""
    told = {"timezone": "Europe/Rome", "feeds": {"allow_private": "true"}}
    write(folder, "config/herald.yaml", json.dumps(told))
    write(folder, "config/channels.yaml", json.dumps(CHANNELS))
    write(folder, "campaigns/voices.yaml", json.dumps(VOICES))
    async with open_app(folder, SetClock(NOW)):
        pass


@asynccontextmanager
async def a_house(
    root: Path,
    ground: Ground,
    *,
    clock: SetClock | None = None,
    limits: Limits = QUICK,
    jitter: Callable[[], float] = lambda: 0.0,
    site: Site | None = None,
    **fetching: Any,
) -> AsyncIterator[House]:
    """Open Herald on *root*, which is made where it is not there yet, with a site to follow."""
    clock = clock or SetClock(NOW)
    if not (root / "config").exists():
        shutil.copytree(ground.folder, root, dirs_exist_ok=True)
    reach = {"allow_private": True, "contact": "https://network.example/herald", **fetching}
    counted = CountedParser(ground.parser)
    async with (
        a_site() as own,
        Fetcher(clock=clock, limits=limits, **reach) as fetcher,
        open_app(root, clock, channels=True) as app,
    ):
        await app.begin()
        told: list[Polled] = []
        yield House(
            root=root,
            site=site or own,
            clock=clock,
            app=app,
            fetcher=fetcher,
            parser=counted,
            poller=_poller(app, fetcher, counted, clock, jitter, told),
            told=told,
            jitter=jitter,
        )


def _poller(
    app: App,
    fetcher: Fetcher,
    parser: CountedParser,
    clock: SetClock,
    jitter: Callable[[], float],
    told: list[Polled],
) -> Poller:
    zone = "Europe/Rome"
    return Poller(
        app.feeds,
        fetcher,
        parser,
        clock=clock,
        random=jitter,
        tell=told.append,
        pages=Pages(fetcher, parser, clock=clock, zone=zone),
        zone=zone,
    )
