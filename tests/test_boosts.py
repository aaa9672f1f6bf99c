"""A partner's post, from its account's feed to the one boost on the network's own account."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from herald.app import App, open_app
from herald.clock import SetClock
from herald.model.delivery import Delivery, DeliveryState
from herald.sources.config.account_feeds import unread_accounts
from tests.behaviours.site import Site, a_site
from tests.servers.mastodon import MASTODON, TOKEN, Fault, MastodonServer, serving
from tests.sources.folder import write

NOW = datetime(2027, 5, 10, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ITEM = """<item><guid isPermaLink="true">{link}</guid><link>{link}</link>
<pubDate>Mon, 10 May 2027 11:00:00 +0000</pubDate>
<description>&lt;p&gt;{text}&lt;/p&gt;</description></item>"""
FEED = """<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>Argenta</title>
<link>{base}/@argenta</link><description>Public posts</description>{items}</channel></rss>"""
RULE = "campaign: {name}\nlanguages: [it]\nchannels: [fedi]\namplify:\n"
BOOSTING = '  - {from: ["*"], boost: true, approve: auto}\n'
POSTING = '  - {from: ["*"], approve: auto}\n'


@dataclass
class World:
    """A network's folder, its account's server, and the site where a partner posts."""

    root: Path
    site: Site
    server: MastodonServer
    clock: SetClock
    posts: list[tuple[str, str]] = field(default_factory=list)

    def says(self, text: str) -> str:
        """Let the partner post *text*; return its address."""
        link = f"{self.site.base}/@argenta/{len(self.posts) + 1}"
        self.server.another(text, author="argenta@partner", others_url=link)
        self.posts.append((link, text))
        self.show()
        return link

    def show(self) -> None:
        """Let the account's feed show what was posted."""
        items = "".join(ITEM.format(link=link, text=text) for link, text in self.posts)
        self.site.serve("/@argenta.rss", FEED.format(base=self.site.base, items=items))

    @asynccontextmanager
    async def herald(self) -> AsyncIterator[App]:
        """Start Herald, as after a crash."""
        async with open_app(self.root, self.clock, channels=True, alone=True) as app:
            yield app

    async def passes(self, app: App, times: int = 1) -> tuple[Delivery, ...]:
        """Let Herald poll, plan and send, an hour later each time."""
        for _ in range(times):
            self.clock.advance(HOUR)
            await app.run_once(asyncio.Event())
        return await app.store.list_deliveries()


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    clock = SetClock(NOW)
    async with a_site() as site, serving(MASTODON, clock) as server:
        write(tmp_path, "config/herald.yaml", "feeds: {allow_private: true}\n")
        write(
            tmp_path,
            "config/channels.yaml",
            f'fedi: {{network: mastodon, server: "{server.address}"}}\n',
        )
        write(
            tmp_path,
            "config/partners.yaml",
            "argenta:\n  name: Argenta\n  languages: [it]\n"
            f'  feeds: [{{url: "{site.base}/@argenta.rss", posts_of: mastodon, every: 30m}}]\n',
        )
        write(tmp_path, ".env", f"HERALD_CHANNELS__FEDI__ACCESS_TOKEN={TOKEN}\n")
        write(tmp_path, "campaigns/voices.yaml", RULE.format(name="voices") + POSTING + BOOSTING)
        found = World(tmp_path, site, server, clock)
        found.says("Prima.")
        yield found


async def test_a_post_is_boosted_once_and_never_posted(world: World) -> None:
    async with world.herald() as app:
        assert await world.passes(app) == ()  # what was there at first is no news
        link = world.says("Oggi la mostra.")
        rows = await world.passes(app, 4)
    async with world.herald() as app:
        rows = await world.passes(app, 2)
    assert [(row.action, row.state, row.url) for row in rows] == [("boost", "sent", link)]
    assert len(world.server.boosts) == 1
    assert world.server.statuses == []


@pytest.mark.parametrize(
    "fault", [Fault.LOST_REPLY, Fault.ERROR_AFTER, Fault.GATEWAY_TIMEOUT_AFTER]
)
async def test_a_boost_whose_answer_was_lost_is_found_and_not_made_again(
    world: World, fault: Fault
) -> None:
    async with world.herald() as app:
        await world.passes(app)
        world.says("Oggi la mostra.")
        world.server.faults.append(fault)
        await world.passes(app)
    async with world.herald() as app:  # it died in between
        [row] = await world.passes(app, 2)
    assert row.state is DeliveryState.SENT
    assert len(world.server.boosts) == 1


async def test_two_campaigns_boost_a_post_once(world: World) -> None:
    write(world.root, "campaigns/more.yaml", RULE.format(name="more") + BOOSTING)
    async with world.herald() as app:
        await world.passes(app)
        world.says("Oggi la mostra.")
        rows = await world.passes(app, 3)
    assert [row.campaign for row in rows] == ["more"]
    assert len(world.server.boosts) == 1


async def test_a_post_that_was_taken_back_is_left_alone_and_alarms_nobody(world: World) -> None:
    async with world.herald() as app:
        await world.passes(app)
        world.says("Oggi la mostra.")
        world.server.others.clear()
        [row] = await world.passes(app)
        assert row.state is DeliveryState.FAILED
        assert "does not find" in row.error
        health = await app.condition.health()
        assert health.outbox.failed_lately == 0
        assert await app.store.list_deliveries() == (row,)
    assert world.server.boosts == []


async def test_a_check_tells_of_an_account_whose_posts_were_never_to_be_read(world: World) -> None:
    world.site.serve("/@argenta.rss", status=404)
    async with world.herald() as app:
        await world.passes(app)
        partners = (await app.load()).configuration.partners
        [told] = unread_accounts(await app.feeds.health(now=world.clock.now()), partners)
        assert told.code == "unread-account"
        assert "posts_of: mastodon" in told.hint
        world.show()
        await world.passes(app)
        assert not [*unread_accounts(await app.feeds.health(now=world.clock.now()), partners)]
