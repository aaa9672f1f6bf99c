"""A Facebook Page, an Instagram account and a Threads profile, seen from outside."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from herald.clock import SetClock
from herald.model.configuration import ChannelConfig
from herald.model.delivery import Claim, Outcome
from herald.ports import Channel
from tests.contracts.places import Held, Illustrated, Place
from tests.servers import graph
from tests.servers.graph import GraphServer
from tests.servers.mastodon import Fault


class GraphPlace(Place):
    """A server that speaks one of Meta's interfaces."""

    keeps_language = False
    secrets: Mapping[str, str] = {"access_token": graph.TOKEN}

    def __init__(
        self, server: GraphServer, config: ChannelConfig, folder: Path, clock: SetClock
    ) -> None:
        # Its end is far, so that no token is renewed and a channel can be opened again with it.
        ends = (clock.now() + graph.LIFETIME).isoformat()
        self.secrets = {"access_token": graph.TOKEN, "access_token_ends": ends}
        super().__init__(config, folder, clock)
        self.server = server

    def held(self) -> list[Held]:
        return [Held(post.text, None, post.alts) for post in self.server.posts]

    def gone(self) -> Channel:
        nobody = {**self.config.settings, "server": "https://no.such.server.invalid"}
        return self._opened(replace(self.config, settings=nobody), self.folder)

    async def send_and_lose(self, claim: Claim) -> Outcome:
        self.server.faults.append(Fault.LOST_REPLY)
        return await self.channel.send(claim)


class StagedPlace(GraphPlace):
    """One whose posts get their address after they are published."""

    address_comes_later = True


class IllustratedPlace(StagedPlace):
    """One that takes no post without a picture."""

    def opened(self) -> Channel:
        return Illustrated(super().opened())

    def gone(self) -> Channel:
        return Illustrated(super().gone())


@asynccontextmanager
async def a_facebook(
    config: ChannelConfig, folder: Path, clock: SetClock
) -> AsyncIterator[GraphPlace]:
    """Open a Page."""
    async with graph.serving("facebook", clock) as server:
        settings = {"page": graph.PAGE, "server": server.address}
        yield GraphPlace(server, replace(config, settings=settings), folder, clock)


@asynccontextmanager
async def an_instagram(
    config: ChannelConfig, folder: Path, clock: SetClock
) -> AsyncIterator[GraphPlace]:
    """Open an Instagram account."""
    async with graph.serving("instagram", clock) as server:
        settings = {"account": graph.NAME, "server": server.address}
        yield IllustratedPlace(server, replace(config, settings=settings), folder, clock)


@asynccontextmanager
async def a_threads(
    config: ChannelConfig, folder: Path, clock: SetClock
) -> AsyncIterator[GraphPlace]:
    """Open a Threads profile."""
    async with graph.serving("threads", clock) as server:
        settings = {"account": graph.NAME, "server": server.address}
        yield StagedPlace(server, replace(config, settings=settings), folder, clock)
