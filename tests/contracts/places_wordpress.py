"""A channel on a WordPress site, seen from outside."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from html import unescape
from pathlib import Path

from herald.clock import SetClock
from herald.model.configuration import ChannelConfig
from herald.model.delivery import Claim, Outcome
from herald.ports import Channel
from tests.contracts.places import Held, Place
from tests.servers import wordpress
from tests.servers.mastodon import Fault
from tests.servers.wordpress import WordPressServer
from tests.servers.wordpress_real import RealWordPress


def read_page(content: str) -> Held:
    """Read a post's HTML: its text, its language, the descriptions of its pictures."""
    paragraphs = re.findall(r"<p[^>]*>(.*?)</p>", content, re.DOTALL)
    plain = (re.sub(r"<[^>]+>", "", each.replace("<br>", "\n")) for each in paragraphs)
    language = re.search(r'<p lang="([^"]+)"', content)
    alts = tuple(map(unescape, re.findall(r'<img[^>]* alt="([^"]*)"', content)))
    return Held("\n\n".join(map(unescape, plain)), language and language[1], alts)


class WordPressPlace(Place):
    """A site that speaks WordPress' API."""

    def __init__(
        self, server: WordPressServer, config: ChannelConfig, folder: Path, clock: SetClock
    ) -> None:
        self.secrets = {"app_password": wordpress.PASSWORD}
        super().__init__(config, folder, clock)
        self.server = server

    def held(self) -> list[Held]:
        return [read_page(post.content) for post in self.server.posts]

    def gone(self) -> Channel:
        return self._opened(_elsewhere(self.config), self.folder)

    async def send_and_lose(self, claim: Claim) -> Outcome:
        self.server.faults.append(Fault.LOST_REPLY)
        return await self.channel.send(claim)


class RealWordPressPlace(Place):
    """WordPress itself."""

    def __init__(
        self, site: RealWordPress, config: ChannelConfig, folder: Path, clock: SetClock
    ) -> None:
        self.secrets = {"app_password": site.password}
        super().__init__(config, folder, clock)
        self.site = site

    def held(self) -> list[Held]:
        return [read_page(post["content"]["raw"]) for post in self.site.posts()]

    def gone(self) -> Channel:
        return self._opened(_elsewhere(self.config), self.folder)


def _elsewhere(config: ChannelConfig) -> ChannelConfig:
    return replace(config, settings={**config.settings, "site": "https://no.such.site.invalid"})


@asynccontextmanager
async def a_wordpress(
    config: ChannelConfig, folder: Path, clock: SetClock, site: RealWordPress | None = None
) -> AsyncIterator[Place]:
    """Open a channel on a site; on WordPress itself where *site* is given, emptied before."""
    if site is not None:
        site.empty()
        settings = {"site": site.address, "user": site.user}
        yield RealWordPressPlace(site, replace(config, settings=settings), folder, clock)
        return
    async with wordpress.serving(clock) as server:
        settings = {"site": server.address, "user": wordpress.USER}
        yield WordPressPlace(server, replace(config, settings=settings), folder, clock)
