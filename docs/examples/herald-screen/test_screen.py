"""A screen keeps what every channel promises: Herald's own contract, run on it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from herald.clock import SetClock
from herald.model.delivery import Claim, Outcome
from herald.model.ids import ChannelId
from herald.ports import Channel
from tests.contracts.places import Held, Place
from tests.contracts.test_channels import *  # noqa: F403 - its tests are found here
from tests.makers import NOON, a_channel

OPENS_IT = "a-screen-s-token"


@dataclass
class Screen:
    """A screen on this computer, as its makers document it."""

    address: str = ""
    posts: dict[str, dict[str, Any]] = field(default_factory=dict)
    loses_the_next_answer: bool = False

    async def put(self, request: web.Request) -> web.Response:
        """Show a post; one that is there stays as it is."""
        if request.headers.get("Authorization") != f"Bearer {OPENS_IT}":
            return web.json_response({"error": "wrong token"}, status=401)
        self.posts.setdefault(request.match_info["key"], await request.json())
        if self.loses_the_next_answer:
            self.loses_the_next_answer = False
            return web.Response(status=504)
        return web.json_response({}, status=201)

    async def get(self, request: web.Request) -> web.Response:
        """Tell whether a post is there."""
        post = self.posts.get(request.match_info["key"])
        if post is None:
            return web.json_response({"error": "no such post"}, status=404)
        return web.json_response(post)


@asynccontextmanager
async def showing() -> AsyncIterator[Screen]:
    """Serve a screen on a free port of this computer."""
    screen = Screen()
    app = web.Application(client_max_size=8_000_000)
    app.router.add_put("/posts/{key}", screen.put)
    app.router.add_get("/posts/{key}", screen.get)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    screen.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield screen
    finally:
        await runner.cleanup()


class ScreenPlace(Place):
    """A screen with a channel on it, seen from outside."""

    repeats_are_safe = True
    secrets = {"access_token": OPENS_IT}  # noqa: RUF012 - read, never changed
    screen: Screen

    def held(self) -> list[Held]:
        """Return what the screen shows, oldest first."""
        return [
            Held(one["text"], one["language"], tuple(each["alt"] for each in one["pictures"]))
            for one in self.screen.posts.values()
        ]

    def gone(self) -> Channel:
        """Open the channel where there is no screen."""
        nobody = replace(self.config, settings={"server": "https://no.such.server.invalid"})
        return self._opened(nobody, self.folder)

    async def send_and_lose(self, claim: Claim) -> Outcome:
        """Send, and lose the answer."""
        self.screen.loses_the_next_answer = True
        return await self.channel.send(claim)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[ScreenPlace]:
    """Give each test of the contract a screen of its own."""
    async with showing() as screen:
        settings = {"server": screen.address}
        config = a_channel(id=ChannelId("here"), network="screen", settings=settings)
        there = ScreenPlace(config, tmp_path, SetClock(NOON))
        there.screen = screen
        yield there
        await there.channel.close()
