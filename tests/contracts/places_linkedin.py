"""A channel on a LinkedIn page, seen from outside."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from herald.clock import SetClock
from herald.model.configuration import ChannelConfig
from herald.model.delivery import Claim, Outcome
from herald.ports import Channel
from tests.contracts.places import Held, Place
from tests.servers import linkedin
from tests.servers.linkedin import LinkedInServer, Post
from tests.servers.mastodon import Fault


def held(post: Post) -> Held:
    """Read a post: its text and the descriptions of its pictures; it has no language."""
    media = [post.content["media"]] if "media" in post.content else []
    images = post.content.get("multiImage", {}).get("images", media)
    return Held(post.text, None, tuple(one["altText"] for one in images))


class LinkedInPlace(Place):
    """A server that speaks LinkedIn's Posts API."""

    keeps_language = False

    def __init__(
        self, server: LinkedInServer, config: ChannelConfig, folder: Path, clock: SetClock
    ) -> None:
        self.secrets = {"access_token": linkedin.TOKEN}
        super().__init__(config, folder, clock)
        self.server = server

    def held(self) -> list[Held]:
        return [held(post) for post in self.server.posts]

    def gone(self) -> Channel:
        nobody = {**self.config.settings, "server": "https://no.such.server.invalid"}
        return self._opened(replace(self.config, settings=nobody), self.folder)

    async def send_and_lose(self, claim: Claim) -> Outcome:
        self.server.faults.append(Fault.LOST_REPLY)
        return await self.channel.send(claim)


@asynccontextmanager
async def a_linkedin(
    config: ChannelConfig, folder: Path, clock: SetClock
) -> AsyncIterator[LinkedInPlace]:
    """Open a channel on a page."""
    async with linkedin.serving(clock) as server:
        settings = {"organization": linkedin.ORGANIZATION, "server": server.address}
        yield LinkedInPlace(server, replace(config, settings=settings), folder, clock)
